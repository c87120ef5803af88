# SPDX-License-Identifier: Apache-2.0
"""Deep aligned representations, in the form the ObjectFolder Benchmark uses.

Aytar et al. 2017 (arXiv 1706.00932); Gao et al. 2023 for the form: a perceptron F-1024-1024-1000
per modality, and per modality a teacher F-1024-1000 that has learned the classes from that
modality alone and then stands still. Published and kept: losses, sizes, batch, rates; the features
are standardised, the rate falls by the bench's cosine, and validation picks the step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_ros.errors import InputError
from xsense_training.baselines.closed_form import Standardiser
from xsense_training.baselines.deep import (
    DeepSettings,
    Ints,
    PairTask,
    as_tensor,
    fit_pairs,
    run,
    towers,
)
from xsense_training.baselines.fit import Fit, Score
from xsense_training.data.samples import Samples
from xsense_training.losses.distillation import TeacherKl
from xsense_training.models.standardise import Standardise

WIDTHS = (1024, 1024, 1000)
SETTINGS = DeepSettings(batch=64, epochs=8)
TEACHER = DeepSettings(batch=64, epochs=10, learning_rate=1e-3, most_steps=150)


def ranking_sum(x: Tensor, y: Tensor, margin: float = 0.1) -> Tensor:
    """Sum over i and all j != i of max(0, margin - cos(x_i, y_i) + cos(x_i, y_j)).

    x (B, D), y (B, D) of any length -> scalar. As published: x asks y and never the reverse, a sum
    and no mean, and another row of the same thing is a negative; `losses.pairing_hinge` does none
    of the three.
    """
    cosine = F.normalize(x, dim=1) @ F.normalize(y, dim=1).T
    excess = (margin - cosine.diagonal()[:, None] + cosine).clamp_min(0)
    return excess.sum() - excess.diagonal().sum()


class DarLoss(nn.Module):
    """KL(teacher of x || student of y) + KL(teacher of y || student of x) + ranking sum."""

    def __init__(self, margin: float = 0.1) -> None:
        super().__init__()
        self.teach, self.margin = TeacherKl(1.0), margin

    def forward(
        self, f: tuple[Tensor, Tensor], taught: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Mapping[str, float]]:
        """Student logits of x and y, each (B, D), and their teachers' -> loss and its parts."""
        transfer = self.teach(f[1], taught[0]) + self.teach(f[0], taught[1])
        ranking = ranking_sum(*f, self.margin)
        return transfer + ranking, {
            'transfer': float(transfer.detach()),
            'ranking': float(ranking.detach()),
        }


def fit_dar(
    x: Samples,
    y: Samples,
    score: Score,
    widths: Sequence[int] = WIDTHS,
    settings: DeepSettings = SETTINGS,
    teacher: DeepSettings = TEACHER,
) -> Fit:
    """DAR on frozen features; x asks y.

    Args:
        x: training rows; pairs are those of equal concept, or of equal class where none is.
        y: training rows.
        score: validation score of heads.
        widths: of the students' layers behind the features; the last is also the teachers'.
        settings: of the training.
        teacher: of the training of each teacher, on the classes of its own modality.

    Raises:
        InputError: neither a concept nor a class is common to both, or more classes than outputs.
    """
    classes = np.unique(np.concatenate([x.label, y.label]))
    if len(classes) > widths[-1]:
        raise InputError(
            'width of the last layer of DAR',
            widths[-1],
            f'at least {len(classes)}, the number of classes',
            'give wider widths',
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        heads = towers(x, y, widths)
        teachers = [_Teacher(samples, classes, widths, teacher.batch) for samples in (x, y)]
    for samples, task in zip((x, y), teachers, strict=True):
        steps = min(-(-teacher.epochs * len(samples) // teacher.batch), teacher.most_steps)
        run(task, teacher, steps, f'DAR teacher of {samples.modality}')
    with torch.no_grad():
        taught_x, taught_y = (task.modules.eval()(task.rows) for task in teachers)
    published = DarLoss()

    def loss(
        of_x: Tensor, of_y: Tensor, rows_x: Tensor, rows_y: Tensor
    ) -> tuple[Tensor, Mapping[str, float]]:
        found: tuple[Tensor, Mapping[str, float]] = published(
            (of_x, of_y), (taught_x[rows_x], taught_y[rows_y])
        )
        return found

    return fit_pairs(PairTask(x, y, heads, loss, {}, score, settings.batch), settings, 'DAR')


class _Teacher:
    """Task: learn the classes of one modality; accuracy on its own rows is the score."""

    def __init__(self, samples: Samples, classes: Ints, widths: Sequence[int], batch: int) -> None:
        scaler = Standardiser.fit(samples.features)
        self.modules = nn.Sequential(
            Standardise(scaler.mean, scaler.scale),
            nn.Linear(samples.features.shape[1], widths[0]),
            nn.Dropout(),
            nn.LeakyReLU(),
            nn.Linear(widths[0], widths[-1]),
        )
        self.rows = as_tensor(samples)
        self.number = torch.from_numpy(np.searchsorted(classes, samples.label))
        self.batch = batch

    def draw(self, generator: np.random.Generator) -> Tensor:
        return torch.from_numpy(generator.integers(len(self.rows), size=self.batch))

    def loss(self, batch: Tensor) -> tuple[Tensor, Mapping[str, float]]:
        return F.cross_entropy(self.modules(self.rows[batch]), self.number[batch]), {}

    def validate(self) -> Mapping[str, float]:
        guess = self.modules(self.rows).argmax(dim=1)
        return {'score': float((guess == self.number).float().mean())}
