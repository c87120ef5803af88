# SPDX-License-Identifier: Apache-2.0
"""Drawings and pictures of concepts as flat arrays: what the sketch recipe trains and tests on.

The line-art set and the public sets of sketches and photographs differ in what a concept is (one
thing in several hands and styles; a class with many drawings and photographs) and meet here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class SketchSet:
    """Rasters as the robot's preprocessing hands them over, before normalisation.

    names, tags, category: one per concept (C,); category is what counts as the same kind of thing.
    drawing (D, S, S) uint8, black on white, with drawing_concept (D,) and hand (D,): 0 for a real
    drawing, 1 and up for line art made from a picture of style hand - 1, which only trains.
    picture (P, V, S, S, 3) uint8, view 0 plain and the rest scenes, with picture_concept (P,) and
    style (P,).
    """

    dataset: str
    names: tuple[str, ...]
    tags: tuple[tuple[str, ...], ...]
    category: tuple[str, ...]
    drawing: Image
    drawing_concept: Ints
    hand: Ints
    picture: Image
    picture_concept: Ints
    style: Ints
    styles: tuple[str, ...]

    @property
    def size(self) -> int:
        """S, the side of every raster."""
        return int(self.drawing.shape[-1])

    def drawings_of(self, chosen: Bools, real: bool = True) -> Ints:
        """Rows of the drawings of the chosen concepts (C,); only real ones unless told."""
        rows = chosen[self.drawing_concept]
        return np.flatnonzero(rows & (self.hand == 0) if real else rows)

    def pictures_of(self, chosen: Bools, styles: tuple[int, ...] | None = None) -> Ints:
        """Rows of the pictures of the chosen concepts (C,), of some styles or all."""
        rows = chosen[self.picture_concept]
        return np.flatnonzero(rows if styles is None else rows & np.isin(self.style, styles))
