# SPDX-License-Identifier: Apache-2.0
"""What it would cost to share the trunk that other bundles use: learned heads on it, frozen."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from xsense_training.baselines.fit import Score
from xsense_training.data.samples import Samples
from xsense_training.losses.info_nce import InfoNce
from xsense_training.models.heads import ResidualHead
from xsense_training.pairing_task import FeatureBank, PairingTask, rows_by_concept
from xsense_training.trainer import TrainConfig, train

DIMENSION = 256
CONFIG = TrainConfig(
    steps=300, learning_rate=1e-3, warmup=30, validate_every=50, tensorboard=False
)


def fit_shared_trunk(x: Samples, y: Samples, score: Score, folder: Path) -> dict[str, nn.Module]:
    """Heads by modality, trained by InfoNCE on pairs of the same concept.

    Args:
        x: training rows of one modality, features of the frozen trunk.
        y: of the other.
        score: validation score of heads by modality; keeps the best step.
        folder: run folder.
    """
    torch.manual_seed(CONFIG.seed)
    heads: dict[str, nn.Module] = {}
    banks = {}
    for samples in (x, y):
        head = ResidualHead(samples.features.shape[1], DIMENSION)
        head.standardise(samples.features.mean(axis=0), samples.features.std(axis=0) + 1e-6)
        heads[samples.modality] = head
        own = rows_by_concept(samples.concept)
        banks[samples.modality] = FeatureBank(samples.features[:, None], own)
    shared = sorted(set(banks[x.modality].of_concept) & set(banks[y.modality].of_concept))
    labels = torch.arange(max(shared) + 1).numpy()
    task = PairingTask(
        heads, banks, shared, InfoNce(), labels, lambda: {'score': score(heads)}, batch=256
    )
    train(task, CONFIG, folder, 'heads on the shared trunk')
    return heads
