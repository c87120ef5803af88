# SPDX-License-Identifier: Apache-2.0
"""One retrieval question put to a system: queries of one modality, a gallery of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Side:
    """Rows of one modality: their place in its feature array (n,) and the concept they show (n,).

    A concept is the thing itself: rows of two modalities with equal concepts are a true pair.
    """

    modality: str
    rows: Ints
    concept: Ints


@dataclass(frozen=True)
class Direction:
    """One retrieval task. relevance is (queries, gallery)."""

    name: str
    query: Side
    gallery: Side
    relevance: NDArray[np.bool_]

    @property
    def pair(self) -> str:
        """'sound->image' and so on."""
        return f'{self.query.modality}->{self.gallery.modality}'


Embed = Callable[[Side], Floats]


def similarities(direction: Direction, embed: Mapping[str, Embed]) -> Floats:
    """(Q, N) cosines of one direction under the given towers."""
    query = embed[direction.query.modality](direction.query)
    gallery = embed[direction.gallery.modality](direction.gallery)
    return query @ gallery.T
