# SPDX-License-Identifier: Apache-2.0
"""Training tasks of recipes that align two modalities by pairs of features of frozen trunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]
Scores = Callable[[], Mapping[str, float]]


@dataclass(frozen=True)
class FeatureBank:
    """Samples of one modality by concept.

    features (N, V, F): V interchangeable views of each sample; of_concept: concept -> rows (n,).
    mix: how many further rows of the concept may be averaged in, listed in `extras`.
    """

    features: Floats
    of_concept: Mapping[int, Ints]
    extras: Mapping[int, Ints] | None = None

    def draw(self, concepts: Ints, generator: np.random.Generator) -> Tensor:
        """One random view of one random sample per concept: (B,) -> (B, F)."""
        drawn = np.empty((len(concepts), self.features.shape[2]), np.float32)
        for i, concept in enumerate(concepts):
            row = generator.choice(self.of_concept[int(concept)])
            drawn[i] = self.features[row, generator.integers(self.features.shape[1])]
            extra = self.extras.get(int(concept)) if self.extras else None
            if extra is not None and len(extra) and generator.random() < 0.4:
                count = int(generator.integers(1, min(4, len(extra)) + 1))
                chosen = generator.choice(extra, count, replace=False)
                drawn[i] = (drawn[i] + self.features[chosen, 0].sum(axis=0)) / (1 + count)
        return torch.from_numpy(drawn)


def rows_by_concept(concept: Ints, chosen: NDArray[np.bool_] | None = None) -> dict[int, Ints]:
    """Concept -> its rows in an array of owners (N,), of the chosen rows only."""
    rows = np.arange(len(concept)) if chosen is None else np.flatnonzero(chosen)
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(int(concept[row]), []).append(int(row))
    return {owner: np.array(own) for owner, own in found.items()}


class PairingTask:
    """Heads of two modalities, aligned by a loss on the pairs of random concepts.

    Args:
        heads: module per modality, features (B, F) -> unit vectors (B, D).
        banks: the training samples of both modalities.
        concepts: concepts with samples in both banks.
        pair_loss: on (x, y, labels); a module, so that a temperature is trained along.
        labels: concept -> label; concepts with equal labels are never negatives of each other.
        scores: validation; must contain 'score'.
        teacher: a further loss from the features and vectors by modality.
        batch: concepts per step.
        frozen: modalities whose head is not trained.
    """

    def __init__(
        self,
        heads: Mapping[str, nn.Module],
        banks: Mapping[str, FeatureBank],
        concepts: Sequence[int] | Ints,
        pair_loss: nn.Module,
        labels: Ints,
        scores: Scores,
        teacher: nn.Module | None = None,
        batch: int = 512,
        frozen: Sequence[str] = (),
    ) -> None:
        self.modules = nn.ModuleDict({**heads, 'pair_loss': pair_loss})
        if teacher is not None:
            self.modules['teacher'] = teacher
        self.heads, self.banks, self.frozen = dict(heads), dict(banks), set(frozen)
        self.concepts = np.asarray(concepts)
        self.pair_loss, self.teacher = pair_loss, teacher
        self.labels, self.scores = labels, scores
        self.batch = min(batch, len(self.concepts))
        for modality in self.frozen:
            self.heads[modality].requires_grad_(False)

    def loss(self, generator: np.random.Generator) -> tuple[Tensor, Mapping[str, float]]:
        """Pairing loss (and the extra losses) of a random batch."""
        chosen = generator.choice(self.concepts, self.batch, replace=False)
        features = {m: bank.draw(chosen, generator) for m, bank in self.banks.items()}
        vectors = {}
        for modality, x in features.items():
            if modality in self.frozen:
                self.heads[modality].eval()
            vectors[modality] = self.heads[modality](x)
        first, second = self.banks
        losses = {
            'pair': self.pair_loss(
                vectors[first], vectors[second], torch.from_numpy(self.labels[chosen])
            )
        }
        if self.teacher is not None:
            losses['teacher'] = self.teacher(features, vectors)
        total = torch.stack(list(losses.values())).sum()
        return total, {name: float(value.detach()) for name, value in losses.items()}

    def validate(self) -> Mapping[str, float]:
        """Scores of the current heads."""
        return self.scores()
