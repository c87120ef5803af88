# SPDX-License-Identifier: Apache-2.0
"""Two tiny tasks: pairs of two linear views, and a least-squares fit with a mean loss."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from xsense_training.losses.info_nce import InfoNce
from xsense_training.models.heads import ResidualHead
from xsense_training.pairing_task import FeatureBank, PairingTask, rows_by_concept
from xsense_training.recipes.see_hear_read.teachers import RelationTeacher
from xsense_training.trainer import TrainConfig

CONFIG = TrainConfig(steps=30, learning_rate=3e-3, warmup=3, validate_every=5, tensorboard=False)


def small_curves(history, path, title):
    """In place of the curves, which take half of a tiny run's time."""
    Figure(figsize=(0.5, 0.5)).savefig(path)


def pairing_task(dropout=(0.2, 0.1), teacher=False, at_validation=lambda: None):
    """Two linear views of one latent; heads start from the same weights in every call."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((40, 4))
    x = (latent @ rng.standard_normal((4, 10))).astype(np.float32)[:, None]
    y = (latent @ rng.standard_normal((4, 8))).astype(np.float32)[:, None]
    torch.manual_seed(0)
    heads = {
        'image': ResidualHead(10, 6, 16, *dropout),
        'text': ResidualHead(8, 6, 16, *dropout),
    }
    owners = rows_by_concept(np.arange(40))
    # Tags: one or two further rows that may be averaged in, so that rows need unequal numbers.
    extras = {c: np.array([c, (c + 1) % 40][: 1 + c % 2]) for c in range(40)}
    banks = {'image': FeatureBank(x, owners), 'text': FeatureBank(y, owners, extras)}

    def scores():
        at_validation()
        with torch.no_grad():
            a = heads['image'](torch.from_numpy(x[32:, 0]))
            b = heads['text'](torch.from_numpy(y[32:, 0]))
        return {'score': float(((a @ b.T).argmax(1) == torch.arange(8)).float().mean())}

    return PairingTask(
        heads,
        banks,
        range(32),
        InfoNce(),
        np.arange(40) % 37,  # some items have two concepts
        scores,
        RelationTeacher('text', 0.3) if teacher else None,
        batch=16,
    )


class Regression:
    """y = x @ truth + 1 by a linear layer; the loss is a mean over the rows of a batch."""

    def __init__(self, rows=8):
        torch.manual_seed(0)
        self.layer = nn.Linear(5, 2)
        self.modules = nn.ModuleDict({'layer': self.layer})
        rng = np.random.default_rng(1)
        self.x = torch.from_numpy(rng.standard_normal((64, 5)).astype(np.float32))
        self.y = self.x @ torch.from_numpy(rng.standard_normal((5, 2)).astype(np.float32)) + 1
        self.rows = rows
        self.seen = []  # what the loss was given

    def draw(self, generator):
        rows = generator.integers(0, 64, self.rows)
        return {'x': self.x[rows], 'y': self.y[rows]}

    def loss(self, batch):
        self.seen.append(batch)
        loss = (self.layer(batch['x']) - batch['y']).square().mean()
        return loss, {'square': float(loss.detach())}

    def validate(self):
        return {'score': -(self.layer(self.x) - self.y).square().mean().item()}
