# SPDX-License-Identifier: Apache-2.0
"""Similarities of heads on a part of the data, and the one number that validation selects by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.metrics import mean_average_precision
from xsense_training.evaluate.system import apply
from xsense_training.recipes.tnn_c_cca.data import (
    MODALITIES,
    AudioVisualData,
    Bank,
    query_view_numbers,
)
from xsense_training.recipes.tnn_c_cca.split import Part, directions

Floats = NDArray[np.floating]
Heads = Mapping[str, nn.Module]


@dataclass(frozen=True)
class Embedded:
    """Vectors of all views of a part's rows by modality, (rows, V, D); place: row -> number."""

    vectors: Mapping[str, Floats]
    place: Mapping[str, Mapping[int, int]]

    @classmethod
    def of(cls, data: AudioVisualData, part: Part, heads: Heads) -> Embedded:
        """Through the heads; only the views that a query or an answer can have."""
        vectors, place = {}, {}
        for modality in MODALITIES:
            rows = part.of(modality)
            features = asked_views(data.of(modality))[rows]
            flat = apply(heads[modality], features.reshape(-1, features.shape[-1]))
            vectors[modality] = flat.reshape(*features.shape[:2], -1)
            place[modality] = {int(row): number for number, row in enumerate(rows)}
        return cls(vectors, place)

    def similarity(self, bank: Bank, direction: Direction) -> Floats:
        """(Q, N) cosines; `bank` holds the queries."""
        query, gallery = direction.query, direction.gallery
        views = np.resize(query_view_numbers(bank), len(query.rows))
        asked = self.vectors[query.modality][self._places(query.modality, query.rows), views]
        held = self.vectors[gallery.modality][self._places(gallery.modality, gallery.rows), 0]
        return np.asarray(asked @ held.T)

    def _places(self, modality: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        place = self.place[modality]
        return np.array([place[int(row)] for row in rows])


def asked_views(bank: Bank) -> Floats:
    """(N, V, F): the plain view and those that queries are taken from."""
    return bank.features[:, : max(query_view_numbers(bank)) + 1]


class Scorer:
    """Mean average precision, mean over groups and both directions, on a part of the data."""

    def __init__(self, data: AudioVisualData, part: Part) -> None:
        self.data, self.part = data, part
        self.tasks = [task for _, task in directions(data, part)]

    def similarities(self, heads: Heads) -> list[Floats]:
        """One (Q, N) array per direction."""
        embedded = Embedded.of(self.data, self.part, heads)
        return [
            embedded.similarity(self.data.of(task.query.modality), task) for task in self.tasks
        ]

    def of_similarities(self, similarities: Sequence[Floats]) -> float:
        """The score of given similarities."""
        return float(
            np.mean(
                [
                    mean_average_precision(s, task.relevance)
                    for s, task in zip(similarities, self.tasks, strict=True)
                ]
            )
        )

    def __call__(self, heads: Heads) -> float:
        """The score of heads."""
        return self.of_similarities(self.similarities(heads))
