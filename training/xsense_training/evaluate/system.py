# SPDX-License-Identifier: Apache-2.0
"""A system under test: heads per modality, one space or one per pair of modalities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xsense_training.baselines.closed_form import Affine
from xsense_training.evaluate.direction import Direction, Side, similarities
from xsense_training.evaluate.metrics import QueryResults, rank_queries
from xsense_training.models.heads import LinearHead

Floats = NDArray[np.floating]
Heads = Mapping[str, nn.Module]


class FeatureTable(Protocol):
    """Where a system finds the trunk features of a modality."""

    def of(self, modality: str) -> Floats:
        """(N, V, F) of one modality; view 0 is the sample as it is."""
        ...


@dataclass(frozen=True)
class Features:
    """Trunk features by modality, (N, V, F); view 0 is the sample as it is."""

    image: Floats
    text: Floats
    sound: Floats

    def of(self, modality: str) -> Floats:
        """(N, V, F) of one modality."""
        return {'image': self.image, 'text': self.text, 'sound': self.sound}[modality]


@dataclass(frozen=True)
class System:
    """heads: modality -> (B, F) to unit vectors, one space for all.

    own_pairs: pairs of modalities that this system answers in a space of their own instead (a CCA
    fitted on image-sound pairs, say); keys are 'image+sound', modalities in alphabetical order.
    """

    name: str
    heads: Heads
    own_pairs: Mapping[str, Heads] = field(default_factory=dict)

    def evaluate(
        self, features: FeatureTable, direction: Direction, view: int = 0
    ) -> QueryResults:
        """Ranks of one direction; queries are taken from the given view."""
        return rank_queries(self.similarity(features, direction, view), direction.relevance)

    def heads_of(self, query: str, gallery: str) -> Heads:
        """The heads that answer this pair of modalities."""
        return self.own_pairs.get('+'.join(sorted((query, gallery))), self.heads)

    def similarity(self, features: FeatureTable, direction: Direction, view: int = 0) -> Floats:
        """(Q, N) cosines of one direction."""
        heads = self.heads_of(direction.query.modality, direction.gallery.modality)

        def embed(side: Side) -> Floats:
            rows = features.of(side.modality)[side.rows]
            number = view if side is direction.query else 0
            return apply(heads[side.modality], rows[:, min(number, rows.shape[1] - 1)])

        sides = (direction.query.modality, direction.gallery.modality)
        return similarities(direction, dict.fromkeys(sides, embed))


def apply(head: nn.Module, features: Floats) -> Floats:
    """(N, F) -> (N, D) through a head in eval mode, on the device where its weights are."""
    head.eval()
    weights = next(chain(head.parameters(), head.buffers()), torch.empty(0))
    with torch.no_grad():
        rows = torch.from_numpy(np.ascontiguousarray(features, dtype=np.float32))
        return np.asarray(head(rows.to(weights.device)).cpu().numpy())


def linear(affine: Affine) -> LinearHead:
    """A closed-form map as a head."""
    return LinearHead(affine.weight, affine.bias)
