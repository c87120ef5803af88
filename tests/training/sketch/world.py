# SPDX-License-Identifier: Apache-2.0
"""A tiny set of drawn shapes: enough to run every stage of the sketch recipe in seconds."""

from __future__ import annotations

import cv2
import numpy as np

from xsense_training.data.line_art_split import ConceptSplit
from xsense_training.features.sketch_set import SketchSet

SIZE = 32
CONCEPTS, CATEGORIES, STYLES = 12, 4, ('flat', 'shaded')


def shape(number: int, size: int, filled: bool, colour: tuple[int, int, int]) -> np.ndarray:
    """A polygon of its own for every number, (size, size, 3)."""
    rng = np.random.default_rng(number)
    canvas = np.full((size, size, 3), 255, np.uint8)
    points = rng.integers(3, size - 3, (3 + number % 4, 1, 2)).astype(np.int32)
    if filled:
        cv2.fillPoly(canvas, [points], colour)
    else:
        cv2.polylines(canvas, [points], True, (0, 0, 0), 1)
    return canvas


def make_set(size: int = SIZE) -> SketchSet:
    """Concepts 0 to 11 in 4 categories; drawings of three hands, pictures in two styles."""
    drawings, drawing_concept, hands = [], [], []
    pictures, picture_concept, styles = [], [], []
    for concept in range(CONCEPTS):
        for hand in range(3):
            drawings.append(shape(concept, size, False, (0, 0, 0))[..., 0])
            drawing_concept.append(concept)
            hands.append(hand)
        for style, colour in enumerate(((200, 30, 30), (30, 90, 200))):
            view = shape(concept, size, True, colour)
            pictures.append(np.stack([view, view // 2 + 60]))
            picture_concept.append(concept)
            styles.append(style)
    return SketchSet(
        'shapes',
        tuple(f'shape {concept}' for concept in range(CONCEPTS)),
        ((),) * CONCEPTS,
        tuple(f'kind {concept % CATEGORIES}' for concept in range(CONCEPTS)),
        np.stack(drawings),
        np.array(drawing_concept),
        np.array(hands),
        np.stack(pictures),
        np.array(picture_concept),
        np.array(styles),
        STYLES,
    )


def make_split() -> ConceptSplit:
    """Kind 0 is tested on, kind 1 validates, kinds 2 and 3 train."""
    kind = np.arange(CONCEPTS) % CATEGORIES
    return ConceptSplit(kind >= 2, kind == 1, kind == 0)
