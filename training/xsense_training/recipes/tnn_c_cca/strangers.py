# SPDX-License-Identifier: Apache-2.0
"""Sounds and pictures of no class of the set: what the robot must not take for an instrument."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_training.data.concept import Concept
from xsense_training.data.concepts import load_concepts
from xsense_training.data.folds import FOLDS
from xsense_training.features.empty_scenes import empty_view
from xsense_training.features.frozen_trunk import FrozenTrunk

PICTURES = 120  # a fold, plain and in one scene
EMPTY = 60  # camera frames a fold without any thing
TAKES = 3  # of an instrument that no class holds, and views of each

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Strangers:
    """Features (S, F) of one modality and the fold (S,) of each: that of See, Hear, and Read."""

    features: Floats
    fold: Ints

    def of(self, folds: Collection[int]) -> Floats:
        """Those of some folds."""
        return np.asarray(self.features[np.isin(self.fold, list(folds))])


def strange_concepts(root: Path, classes: Sequence[str]) -> list[Concept]:
    """What no class of the set holds, other animals and instruments among them."""
    concepts = load_concepts(root, ('tuxpaint', 'emoji', 'gcompris', 'soundfont'))
    return [c for c in concepts if c.category not in classes]


def choose_pictures(concepts: Sequence[Concept]) -> tuple[list[Path], list[int]]:
    """Files and folds of PICTURES things a fold."""
    rng = np.random.default_rng(0)
    paths: list[Path] = []
    folds: list[int] = []
    for fold in range(FOLDS):
        pictured = [
            c.images[0]
            for c in concepts
            if c.images and c.fold == fold and c.source != 'soundfont'
        ]
        chosen = rng.choice(len(pictured), min(PICTURES, len(pictured)), replace=False)
        paths += [pictured[i] for i in sorted(chosen)]
        folds += [fold] * len(chosen)
    return paths, folds


def empty_scenes(trunk: FrozenTrunk) -> tuple[Floats, Ints]:
    """Features of EMPTY frames a fold without any thing."""
    rows, folds = [], []
    for fold in range(FOLDS):
        rng = np.random.default_rng([7, fold])
        for _ in range(EMPTY):
            rows.append(trunk.run(trunk.image_input(empty_view(rng))['image'])[0])
            folds.append(fold)
    return np.stack(rows), np.array(folds)
