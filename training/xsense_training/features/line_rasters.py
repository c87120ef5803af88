# SPDX-License-Identifier: Apache-2.0
"""Every drawing and every picture of the line-art set as small rasters in memory, made once.

Sketches go through the robot's SketchInput and pictures through its ImageInput; what is kept is
the uint8 picture that the normalisation would have been applied to. A training step then only
picks rows, so loading never waits.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from rich.progress import track

from xsense_ros.errors import InputError
from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.sketch_input import SketchInput
from xsense_training.data.image import WHITE, composite, load_rgba
from xsense_training.data.line_art import STYLES, LineConcept
from xsense_training.data.line_art_outline import outline_svg, xdog
from xsense_training.data.render import draw_svg
from xsense_training.features import views
from xsense_training.features.sketch_set import Image, SketchSet

DATASET = 'openmoji-line'
VERSION = 3  # part of the cache key: raise it when a line below changes a raster
SCENES = 3
# Whose hand drew a line: the first is asked with in every test, the others only train.
HANDS = ('openmoji', 'twemoji-outline', 'noto-edges')
# hand - 1 is the style that a line was made from; none may train where that style must not.
_MADE_FROM = {'twemoji-outline': 'twemoji', 'noto-edges': 'noto'}
_EDGE_SIDE = 192
_FRAME = 12


def build_line_set(
    concepts: Sequence[LineConcept], sketch: SketchInput, image: ImageInput, cache: Path
) -> SketchSet:
    """The rasters of all concepts, from the cache where it holds exactly these.

    Args:
        concepts: in the order of the set's concepts.
        sketch: the robot's preprocessing of drawings.
        image: the robot's preprocessing of pictures, of the same size.
        cache: folder of the stored rasters.
    """
    described = json.dumps(
        [
            VERSION,
            views.VERSION,
            SCENES,
            sketch.parameters(),
            image.parameters(),
            [(c.id, c.line.name, [p.name for p in c.pictures.values()]) for c in concepts],
        ]
    )
    file = cache / f'{hashlib.sha256(described.encode()).hexdigest()[:16]}.npz'
    if not file.exists():
        rows = [
            _rasters(concept, sketch, image)
            for concept in track(concepts, 'Drawings and pictures', transient=True)
        ]
        drawing, drawn, picture, pictured = (np.stack(part) for part in zip(*rows, strict=True))
        drawing_concept, hand = np.nonzero(drawn)
        picture_concept, style = np.nonzero(pictured)
        partial = file.with_suffix('.partial')
        with partial.open('wb') as stream:  # renamed when whole: a kill leaves no half file
            np.savez(
                stream,
                allow_pickle=False,
                drawing=drawing[drawn],
                drawing_concept=drawing_concept,
                hand=hand,
                picture=picture[pictured],
                picture_concept=picture_concept,
                style=style,
            )
        partial.replace(file)
    with np.load(file) as stored:
        return SketchSet(
            dataset=DATASET,
            names=tuple(c.name for c in concepts),
            tags=tuple(c.tags for c in concepts),
            category=tuple(c.subgroup for c in concepts),
            styles=STYLES,
            **{name: stored[name] for name in stored.files},
        )


def sketch_raster(sketch: SketchInput, rgb: Image) -> Image:
    """(H, W, 3) -> (S, S) uint8: what SketchInput normalises, white paper and black ink."""
    return np.asarray(np.rint((1 - sketch.ink(rgb)) * 255), dtype=np.uint8)


def image_raster(image: ImageInput, rgb: Image) -> Image:
    """(H, W, 3) -> (S, S, 3) uint8: what ImageInput normalises."""
    parameters = image.parameters()
    mean, std = (np.array(parameters[key])[:, None, None] for key in ('mean', 'std'))
    plain = image(rgb)['image'][0] * std + mean
    return np.asarray(np.rint(plain * 255).clip(0, 255).transpose(1, 2, 0), dtype=np.uint8)


def cut_out(rgba: Image) -> Image:
    """The picture cropped to the box of what is not transparent."""
    box = cv2.boundingRect((rgba[..., 3] > 8).astype(np.uint8))
    left, top, width, height = box
    return rgba[top : top + height, left : left + width] if width and height else rgba


def _rasters(
    concept: LineConcept, sketch: SketchInput, image: ImageInput
) -> tuple[Image, NDArray[np.bool_], Image, NDArray[np.bool_]]:
    size = int(image.parameters()['size'])
    lines = np.full((len(HANDS), size, size), 255, np.uint8)
    pictures = np.full((len(STYLES), 1 + SCENES, size, size, 3), 255, np.uint8)
    has_line = np.zeros(len(HANDS), bool)
    has_picture = np.array([style in concept.pictures for style in STYLES])
    for number, hand in enumerate(HANDS):
        drawn = _drawing(concept, hand)
        if drawn is not None:
            try:
                lines[number], has_line[number] = sketch_raster(sketch, drawn), True
            except InputError:  # a blot or a blank page: such an outline says nothing
                continue
    for number, style in enumerate(STYLES):
        if not has_picture[number]:
            continue
        rgba = cut_out(load_rgba(concept.pictures[style]))
        seed = hashlib.sha256(f'{concept.id} {style}'.encode()).digest()
        rng = np.random.default_rng(int.from_bytes(seed[:8], 'big'))
        frames = [views.plain_view(rgba), *(views.scene_view(rgba, rng) for _ in range(SCENES))]
        pictures[number] = np.stack([image_raster(image, frame) for frame in frames])
    return lines, has_line, pictures, has_picture


def _drawing(concept: LineConcept, hand: str) -> Image | None:
    """The drawing of one hand as RGB on white, or None where there is nothing to draw from."""
    if hand == HANDS[0]:
        return composite(load_rgba(concept.line), WHITE)
    style = _MADE_FROM[hand]
    if hand.endswith('outline'):
        if style not in concept.svg:
            return None
        png = draw_svg(outline_svg(concept.svg[style].read_bytes()), 256)
        return _framed(composite(np.asarray(Pillow.open(io.BytesIO(png)).convert('RGBA')), WHITE))
    if style not in concept.pictures:
        return None
    rgb = composite(cut_out(load_rgba(concept.pictures[style])), WHITE)
    scale = _EDGE_SIDE / max(rgb.shape[:2])
    side = (max(1, round(rgb.shape[1] * scale)), max(1, round(rgb.shape[0] * scale)))
    grey = cv2.cvtColor(cv2.resize(rgb, side, interpolation=cv2.INTER_CUBIC), cv2.COLOR_RGB2GRAY)
    return np.repeat(xdog(_framed(np.asarray(grey, np.uint8)), sigma=1.5)[..., None], 3, axis=2)


def _framed(drawing: Image) -> Image:
    """A white frame: what touches the border of the page could be the page."""
    framed = cv2.copyMakeBorder(
        drawing, _FRAME, _FRAME, _FRAME, _FRAME, cv2.BORDER_CONSTANT, value=list(WHITE)
    )
    return np.asarray(framed, np.uint8)
