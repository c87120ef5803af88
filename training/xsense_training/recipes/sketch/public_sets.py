# SPDX-License-Identifier: Apache-2.0
"""Sketchy, TU-Berlin and any folders of sketches and photographs: a class is the concept.

Relevance is the class, as in the literature; the split is the data set's own class-disjoint one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from xsense_ros.errors import InputError
from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.sketch_input import SketchInput
from xsense_training.data.folder_pairs import folder_pairs_split, load_folder_pairs
from xsense_training.data.image import load_image
from xsense_training.data.line_art_split import ConceptSplit
from xsense_training.data.media import MediaSet
from xsense_training.data.sketchy import load_sketchy, sketchy_split
from xsense_training.data.splits import Split
from xsense_training.data.tu_berlin import load_tu_berlin, tu_berlin_split
from xsense_training.features.line_rasters import image_raster, sketch_raster
from xsense_training.features.sketch_set import SketchSet

MODALITIES = ('sketch', 'image')
_SETS: dict[str, tuple[Callable[[Path], MediaSet], Callable[[MediaSet, int], Split]]] = {
    'sketchy': (load_sketchy, lambda media, seed: sketchy_split(media, seed=seed)),
    'tu-berlin': (load_tu_berlin, lambda media, seed: tu_berlin_split(media, seed=seed)),
    'folders': (
        lambda root: load_folder_pairs(root, MODALITIES),
        lambda media, seed: folder_pairs_split(media, seed=seed),
    ),
}


def load_public(dataset: str) -> tuple[MediaSet, Callable[[int], ConceptSplit]]:
    """A public set, and its split by run: a run is a seed of what the split draws.

    Args:
        dataset: 'sketchy:/path', 'tu-berlin:/path' or 'folders:/path' (folders: sketch/CLASS/FILE
            and image/CLASS/FILE).

    Raises:
        InputError: an unknown set, or one that is not whole.
    """
    name, _, path = dataset.partition(':')
    if name not in _SETS or not path:
        expected = f"'embedded' or NAME:/path with NAME of {sorted(_SETS)}"
        raise InputError('dataset', dataset, expected, 'correct it')
    load, split = _SETS[name]
    media = load(Path(path).expanduser())
    return media, lambda run: _by_class(media, split(media, run))


def rasters(media: MediaSet, sketch: SketchInput, image: ImageInput) -> SketchSet:
    """All files of both modalities; photographs have one view."""
    number = {label: i for i, label in enumerate(media.classes)}
    drawn, shown = media.of('sketch'), media.of('image')
    return SketchSet(
        media.dataset,
        media.classes,
        ((),) * len(media.classes),
        media.classes,
        np.stack([sketch_raster(sketch, load_image(file.path)) for file in drawn]),
        np.array([number[file.label] for file in drawn]),
        np.zeros(len(drawn), np.int64),
        np.stack([image_raster(image, load_image(file.path))[None] for file in shown]),
        np.array([number[file.label] for file in shown]),
        np.zeros(len(shown), np.int64),
        ('photo',),
    )


def _by_class(media: MediaSet, split: Split) -> ConceptSplit:
    parts = []
    for part in ('train', 'val', 'test'):
        held = {media.class_of[name] for name in split.parts[part]}
        parts.append(np.array([label in held for label in media.classes]))
    return ConceptSplit(*parts)
