# SPDX-License-Identifier: Apache-2.0
"""Features that no stage of this recipe changes: the shared trunk's, HOG's, the mean colour.

Baselines stand on them, and so do the published variant's extractors. They are made from the
originals, each in its own best size, once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.progress import track

from xsense_ros.senses.sketch_input import SketchInput
from xsense_training.baselines.controls import mean_colours
from xsense_training.baselines.hog import hog_vector
from xsense_training.data.root import cache_folder
from xsense_training.data.samples import Samples
from xsense_training.features.frozen_trunk import FrozenTrunk
from xsense_training.features.line_rasters import VERSION
from xsense_training.features.sketch_set import Image, Ints
from xsense_training.models.efficientnet_lite0 import IMAGE_SIZE, MEAN, STD
from xsense_training.recipes.sketch.material import Material

Floats = NDArray[np.float32]
# Strokes as wide, relative to the drawing, as the towers get them.
_DRAWING = SketchInput(IMAGE_SIZE, IMAGE_SIZE / 40, round(IMAGE_SIZE * 0.04), MEAN, STD)


@dataclass(frozen=True)
class Features:
    """Rows of the drawings (D, F) and of the pictures (P, F) of a set; made line art has zeros."""

    sketch: Floats
    image: Floats

    def of(self, modality: str) -> Floats:
        """Rows of 'sketch' or 'image'."""
        return self.sketch if modality == 'sketch' else self.image


def frozen_features(material: Material) -> dict[str, Features]:
    """'trunk' (1280), 'hog' and 'colour' (3) of all originals, from the cache where known."""
    trunk = FrozenTrunk.load(material.root)

    def drawn(rgb: Image) -> Floats:
        return np.asarray(trunk.run(_DRAWING(rgb)['sketch'])[0])

    def shown(rgb: Image) -> Floats:
        return np.asarray(trunk.run(trunk.image_input(rgb)['image'])[0])

    def colour(rgb: Image) -> NDArray[np.floating]:
        return np.asarray(mean_colours([rgb])[0])

    makers: dict[str, tuple[Callable[[Image], NDArray[np.floating]], ...]] = {
        'trunk': (drawn, shown),
        'hog': (hog_vector, hog_vector),
        'colour': (colour, colour),
    }
    samples = material.samples
    described = json.dumps(
        [VERSION, trunk.digest, _DRAWING.parameters(), trunk.image_input.parameters()]
    ).encode()
    for array in (samples.drawing, samples.picture_concept, samples.style):
        described += hashlib.sha256(array.tobytes()).digest()
    name = hashlib.sha256(described).hexdigest()[:16]
    file = cache_folder(material.root, 'line-features') / f'{name}.npz'
    if not file.exists():
        found = {}
        real = np.flatnonzero(samples.hand == 0)
        sides = (
            ('sketch', material.drawing, real, len(samples.hand)),
            ('image', material.picture, np.arange(len(samples.style)), len(samples.style)),
        )
        for number, (modality, original, rows, count) in enumerate(sides):
            originals = track(rows, f'Features of {modality}', transient=True)
            lines = [
                {key: both[number](rgb) for key, both in makers.items()}
                for rgb in (original(int(row)) for row in originals)
            ]
            for key in makers:
                table = np.zeros((count, len(lines[0][key])), np.float32)
                table[rows] = [line[key] for line in lines]
                found[f'{key} {modality}'] = table
        partial = file.with_suffix('.partial')
        with partial.open('wb') as stream:
            np.savez(stream, allow_pickle=False, **found)
        partial.replace(file)
    with np.load(file) as stored:
        return {key: Features(stored[f'{key} sketch'], stored[f'{key} image']) for key in makers}


def as_samples(
    material: Material, features: Features, chosen: NDArray[np.bool_]
) -> tuple[Samples, Samples]:
    """Rows of the chosen concepts (C,) for a baseline: real drawings, and pictures."""
    samples = material.samples
    category = np.unique(np.array(samples.category), return_inverse=True)[1]

    def take(modality: str, rows: Ints, concept: Ints) -> Samples:
        own = concept[rows]
        return Samples(modality, features.of(modality)[rows], category[own], own)

    return (
        take('sketch', samples.drawings_of(chosen), samples.drawing_concept),
        take('image', samples.pictures_of(chosen), samples.picture_concept),
    )
