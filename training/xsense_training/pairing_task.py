# SPDX-License-Identifier: Apache-2.0
"""Training tasks of recipes that align two modalities by pairs of features of frozen trunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_ros.errors import InputError
from xsense_training.training_loop.gather_rows import gather_rows
from xsense_training.training_loop.processes import Part

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

    def draw(
        self, concepts: Ints, generator: np.random.Generator, rows: slice = slice(None)
    ) -> Tensor:
        """One random view of one random sample per concept: (B,) -> (B, F), or its `rows` only.

        The generator gives the same numbers whichever rows are taken.
        """
        taken = range(len(concepts))[rows]
        drawn = np.empty((len(taken), *self.features.shape[2:]), np.float32)
        for i, concept in enumerate(concepts):
            row = generator.choice(self.of_concept[int(concept)])
            view = generator.integers(self.features.shape[1])
            extra = self.extras.get(int(concept)) if self.extras else None
            chosen: Ints | None = None
            if extra is not None and len(extra) and generator.random() < 0.4:
                count = int(generator.integers(1, min(4, len(extra)) + 1))
                chosen = generator.choice(extra, count, replace=False)
            if i not in taken:
                continue
            found = self.features[row, view]
            if chosen is not None:
                found = (found + self.features[chosen, 0].sum(axis=0)) / (1 + len(chosen))
            drawn[i - taken.start] = found
        return torch.from_numpy(drawn)


def rows_by_concept(concept: Ints, chosen: NDArray[np.bool_] | None = None) -> dict[int, Ints]:
    """Concept -> its rows in an array of owners (N,), of the chosen rows only."""
    rows = np.arange(len(concept)) if chosen is None else np.flatnonzero(chosen)
    found: dict[int, list[int]] = {}
    for row in rows:
        found.setdefault(int(concept[row]), []).append(int(row))
    return {owner: np.array(own) for owner, own in found.items()}


class PairBatch(NamedTuple):
    """features: modality -> (B, F) float32; labels (B,) int64."""

    features: dict[str, Tensor]
    labels: Tensor


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

    Raises:
        InputError: no concepts, or one without a sample in a bank or without a label.
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
        _check_pairs(self.concepts, banks, labels)
        self.pair_loss, self.teacher = pair_loss, teacher
        self.labels, self.scores = labels, scores
        self.batch = min(batch, len(self.concepts))
        for modality in self.frozen:
            self.heads[modality].requires_grad_(False)

    def draw(self, generator: np.random.Generator) -> PairBatch:
        """One sample of each modality of random concepts, each concept once."""
        return self.draw_part(generator, Part())

    def draw_part(self, generator: np.random.Generator, part: Part) -> PairBatch:
        """The part's rows of the batch that `draw` gives."""
        chosen = generator.choice(self.concepts, self.batch, replace=False)
        rows = part.rows(len(chosen))
        features = {m: bank.draw(chosen, generator, rows) for m, bank in self.banks.items()}
        return PairBatch(features, torch.from_numpy(self.labels[chosen[rows]]))

    def loss(self, batch: PairBatch) -> tuple[Tensor, Mapping[str, float]]:
        """Pairing loss (and the extra losses) of a batch, over the rows of all processes."""
        vectors = {}
        for modality, x in batch.features.items():
            if modality in self.frozen:
                self.heads[modality].eval()
            vectors[modality] = gather_rows(self.heads[modality](x))
        first, second = self.banks
        labels = gather_rows(batch.labels)
        losses = {'pair': self.pair_loss(vectors[first], vectors[second], labels)}
        if self.teacher is not None:
            features = {m: gather_rows(x) for m, x in batch.features.items()}
            losses['teacher'] = self.teacher(features, vectors)
        total = torch.stack(list(losses.values())).sum()
        return total, {name: float(value.detach()) for name, value in losses.items()}

    def validate(self) -> Mapping[str, float]:
        """Scores of the current heads."""
        return self.scores()


def _check_pairs(concepts: Ints, banks: Mapping[str, FeatureBank], labels: Ints) -> None:
    """Name what is missing now, not in some batch an hour later."""
    if not len(concepts):
        raise InputError('concepts to train on', [], 'at least one', 'look at split and data set')
    for modality, bank in banks.items():
        rows = {int(c): bank.of_concept.get(int(c)) for c in concepts}
        empty = [c for c, own in rows.items() if own is None or not len(own)]
        if empty:
            raise InputError(
                f'concepts without a sample of {modality!r} ({len(empty)} of {len(rows)})',
                empty,
                'a sample of every modality for each concept (a missing pair, an empty class)',
                'add the samples, or leave these concepts out',
            )
    if max(concepts) >= len(labels):
        raise InputError(
            'labels', len(labels), f'one a concept, up to {max(concepts)}', 'give more labels'
        )
