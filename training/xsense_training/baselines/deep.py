# SPDX-License-Identifier: Apache-2.0
"""The frame of the two published networks: a perceptron per modality, trained on pairs of rows.

DSCMR and DAR of the ObjectFolder Benchmark (Gao et al. 2023) share it and differ in their losses.
The loop is the bench's trainer: validation picks the step that is kept, and it starts anew from
the seed, so that two runs give the same weights.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_training.baselines.closed_form import Standardiser
from xsense_training.baselines.fit import Fit, Heads, Score
from xsense_training.baselines.groups import no_pairs
from xsense_training.data.samples import Samples, class_pairs, concept_pairs
from xsense_training.models.heads import L2Normalise
from xsense_training.models.standardise import Standardise
from xsense_training.trainer import Task, TrainConfig, TrainResult, train

Ints = NDArray[np.int64]
PairLoss = Callable[[Tensor, Tensor, Tensor, Tensor], tuple[Tensor, Mapping[str, float]]]


@dataclass(frozen=True)
class DeepSettings:
    """How a published network is trained.

    epochs: over the pairs, as published, but never more than most_steps optimiser steps (the time
    limit: under a minute on one core at the published widths).
    """

    batch: int
    epochs: int
    learning_rate: float = 1e-4
    weight_decay: float = 1e-2
    most_steps: int = 200
    seed: int = 0


def perceptron(widths: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU and batch normalisation without scale and shift in between."""
    layers: list[nn.Module] = []
    for size, following in itertools.pairwise(widths[:-1]):
        layers += [
            nn.Linear(size, following),
            nn.ReLU(),
            nn.BatchNorm1d(following, affine=False),
        ]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def towers(x: Samples, y: Samples, widths: Sequence[int]) -> dict[str, nn.Sequential]:
    """Per modality a network on standardised features and, behind it, the unit sphere."""
    built = {}
    for samples in (x, y):
        scaler = Standardiser.fit(samples.features)
        body = nn.Sequential(
            Standardise(scaler.mean, scaler.scale),
            *perceptron([samples.features.shape[1], *widths]),
        )
        built[samples.modality] = nn.Sequential(body, L2Normalise())
    return built


def training_pairs(x: Samples, y: Samples) -> tuple[Ints, Ints]:
    """Rows of the same concept, all with all; of the same class where no concept is shared.

    Raises:
        InputError: no class is shared either.
    """
    pairs = concept_pairs(x, y)
    if not len(pairs[0]):
        pairs = class_pairs(x, y)
    if not len(pairs[0]):
        raise no_pairs()
    return pairs


class PairTask:
    """Batches of pairs through the bodies of both towers, into a loss of their outputs.

    Args:
        x: training rows; y likewise.
        y: training rows.
        heads: towers by modality, as `towers` builds them.
        loss: on (f_x, f_y, rows of x, rows of y), where f are outputs before the unit sphere.
        parts: further modules that are trained along (a shared classifier).
        score: validation.
        batch: pairs per step.
    """

    def __init__(
        self,
        x: Samples,
        y: Samples,
        heads: Mapping[str, nn.Sequential],
        loss: PairLoss,
        parts: Mapping[str, nn.Module],
        score: Score,
        batch: int,
    ) -> None:
        self.modules = nn.ModuleDict({**heads, **parts})
        self.body_x, self.body_y = heads[x.modality][0], heads[y.modality][0]
        self.x, self.y = as_tensor(x), as_tensor(y)
        self.pairs = training_pairs(x, y)
        self.heads, self.pair_loss, self.score, self.batch = heads, loss, score, batch

    def draw(self, generator: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Row numbers (B,), (B,) of random pairs."""
        chosen = generator.integers(len(self.pairs[0]), size=self.batch)
        return torch.from_numpy(self.pairs[0][chosen]), torch.from_numpy(self.pairs[1][chosen])

    def loss(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Mapping[str, float]]:
        """The published loss of a batch."""
        rows_x, rows_y = batch
        of_x, of_y = self.body_x(self.x[rows_x]), self.body_y(self.y[rows_y])
        return self.pair_loss(of_x, of_y, rows_x, rows_y)

    def validate(self) -> Mapping[str, float]:
        """The given score."""
        return {'score': self.score(self.heads)}


def fit_pairs(task: PairTask, settings: DeepSettings, title: str) -> Fit:
    """Trains the task and returns its towers at the best validated step."""
    steps = -(-settings.epochs * len(task.pairs[0]) // settings.batch)
    best = run(task, settings, min(steps, settings.most_steps), title)
    heads: Heads = dict(task.heads)
    kept = {'learning_rate': settings.learning_rate, 'step': best.best_step}
    return Fit(heads, kept, best.best['score'])


def run(task: Task, settings: DeepSettings, steps: int, title: str) -> TrainResult:
    """The trainer, in a folder that is gone afterwards."""
    config = TrainConfig(
        steps=steps,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        warmup=min(10, steps // 10),
        validate_every=max(1, steps // 8),
        seed=settings.seed,
        tensorboard=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        return train(task, config, Path(folder), title)


def as_tensor(samples: Samples) -> Tensor:
    """The features (N, F) in float32."""
    return torch.from_numpy(np.ascontiguousarray(samples.features, dtype=np.float32))
