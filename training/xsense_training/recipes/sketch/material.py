# SPDX-License-Identifier: Apache-2.0
"""What the sketch recipe stands on: rasters, splits and weights, embedded or of a public set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_training.data.image import WHITE, composite, load_image, load_rgba
from xsense_training.data.line_art import load_line_art
from xsense_training.data.line_art_split import ConceptSplit, split
from xsense_training.data.root import cache_folder, data_root, require
from xsense_training.data.weights import EFFICIENTNET_LITE0
from xsense_training.features.line_rasters import build_line_set, cut_out
from xsense_training.features.sketch_set import Image, SketchSet
from xsense_training.features.views import plain_view
from xsense_training.recipes.sketch.inputs import SIZE, image_input, sketch_input
from xsense_training.recipes.sketch.protocol import CATEGORY, INSTANCE
from xsense_training.recipes.sketch.public_sets import load_public, rasters


@dataclass(frozen=True)
class Material:
    """samples: rasters; extra (C,): concepts that only train; split_of: fold -> split.

    level: of relevance in validation, INSTANCE where there are pairs; drawing and picture: row of
    samples -> the original as RGB (H, W, 3), for methods with a preprocessing of their own
    (drawings of hand 0 only); weights: of EfficientNet-Lite0; root: data root.
    """

    samples: SketchSet
    extra: NDArray[np.bool_]
    split_of: Callable[[int], ConceptSplit]
    level: str
    drawing: Callable[[int], Image]
    picture: Callable[[int], Image]
    weights: Path
    root: Path


def prepare(root: Path | None, dataset: str = 'embedded', size: int = SIZE) -> Material:
    """Rasters (from the cache where they are known), splits and weights.

    Args:
        root: data root; None means $XSENSE_DATA or its default.
        dataset: 'embedded', or 'sketchy:/path', 'tu-berlin:/path', 'folders:/path'.
        size: side of the rasters in pixels.

    Raises:
        InputError: a data set or weights are missing; names the command that fetches them.
    """
    folder = data_root(root)
    weights = require(folder, EFFICIENTNET_LITE0, 'weights')
    if dataset == 'embedded':
        return _line_art(folder, weights, size)
    media, split_of = load_public(dataset)
    drawn, shown = media.of('sketch'), media.of('image')
    return Material(
        rasters(media, sketch_input(size), image_input(size)),
        np.zeros(len(media.classes), bool),
        split_of,
        CATEGORY,
        lambda row: load_image(drawn[row].path),
        lambda row: load_image(shown[row].path),
        weights,
        folder,
    )


def _line_art(folder: Path, weights: Path, size: int) -> Material:
    concepts = load_line_art(folder)
    cache = cache_folder(folder, 'line-rasters')
    samples = build_line_set(concepts, sketch_input(size), image_input(size), cache)

    def drawing(row: int) -> Image:
        return composite(load_rgba(concepts[samples.drawing_concept[row]].line), WHITE)

    def picture(row: int) -> Image:
        concept = concepts[samples.picture_concept[row]]
        return plain_view(cut_out(load_rgba(concept.pictures[samples.styles[samples.style[row]]])))

    return Material(
        samples,
        np.array([concept.fold < 0 for concept in concepts]),
        lambda fold: split(concepts, fold),
        INSTANCE,
        drawing,
        picture,
        weights,
        folder,
    )
