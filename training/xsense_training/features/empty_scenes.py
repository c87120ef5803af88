# SPDX-License-Identifier: Apache-2.0
"""Camera frames without any thing: what a robot sees most of the time."""

from __future__ import annotations

import cv2
import numpy as np

from xsense_training.features.views import FRAMES, Image, background, camera


def empty_view(rng: np.random.Generator) -> Image:
    """A random background as a camera frame, (H, W, 3); in two of three cases with structure.

    Structure is what rooms are full of and blurred noise lacks: edges, surfaces, grain.
    """
    height, width = FRAMES[rng.integers(len(FRAMES))]
    frame = background(height, width, rng)
    if rng.random() < 2 / 3:
        frame = _surfaces(frame, rng)
    if rng.random() < 0.5:
        frame = _grain(frame, rng)
    return camera(frame, rng)


def _surfaces(frame: Image, rng: np.random.Generator) -> Image:
    """One to six plain rectangles and bands, as walls, boards and windows are."""
    height, width = frame.shape[:2]
    made = frame.copy()
    for _ in range(int(rng.integers(1, 7))):
        size = (float(rng.uniform(0.1, 1.2)) * width, float(rng.uniform(0.05, 0.8)) * height)
        centre = (float(rng.uniform(0, width)), float(rng.uniform(0, height)))
        corners = cv2.boxPoints((centre, size, float(rng.normal(0, 4))))
        grey = rng.uniform(20, 235)
        colour = np.clip(grey + rng.uniform(-30, 30, 3), 0, 255)
        cv2.fillPoly(
            made, [np.asarray(corners, dtype=np.int32)], tuple(int(c) for c in colour), cv2.LINE_AA
        )
    return made


def _grain(frame: Image, rng: np.random.Generator) -> Image:
    """Fine noise that is longer in one direction than in the other."""
    height, width = frame.shape[:2]
    cells = (int(rng.integers(4, height // 2)), int(rng.integers(4, width // 2)))
    coarse = rng.normal(0, rng.uniform(3, 18), cells).astype(np.float32)
    noise = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.clip(frame + noise[..., None], 0, 255), dtype=np.uint8)
