# SPDX-License-Identifier: Apache-2.0
"""Samples of one modality as feature rows with their class and the thing they show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Samples:
    """What a baseline or a head is fitted on, and what it is judged on.

    modality: 'image', 'sound' and so on; features (N, F); label (N,): class; concept (N,): the
    thing itself, rows of two modalities with equal concepts are true pairs.
    """

    modality: str
    features: Floats
    label: Ints
    concept: Ints

    def __len__(self) -> int:
        return len(self.features)

    def take(self, rows: Ints | Bools) -> Samples:
        """The chosen rows, in that order."""
        return replace(
            self,
            features=self.features[rows],
            label=self.label[rows],
            concept=self.concept[rows],
        )


def concept_pairs(x: Samples, y: Samples) -> tuple[Ints, Ints]:
    """Row numbers (P,), (P,) of every pair of rows that show the same concept."""
    return _pairs(x.concept, y.concept)


def class_pairs(x: Samples, y: Samples) -> tuple[Ints, Ints]:
    """Row numbers (P,), (P,) of every pair of rows of the same class."""
    return _pairs(x.label, y.label)


def _pairs(x: Ints, y: Ints) -> tuple[Ints, Ints]:
    rows_x, rows_y = np.nonzero(x[:, None] == y[None, :])
    return rows_x, rows_y
