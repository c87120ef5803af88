# SPDX-License-Identifier: Apache-2.0
"""Names of TNN-C-CCA, and everything that decides what is fitted."""

from __future__ import annotations

from dataclasses import dataclass, field

from xsense_training.trainer import TrainConfig

NAME = 'tnn-c-cca'
SPACE = 'audio-visual'
METRICS = ('supervised contrastive', 'batch-all', 'semi-hard')


def _train() -> TrainConfig:
    return TrainConfig(
        steps=500,
        learning_rate=2e-3,
        weight_decay=0.3,
        validate_every=100,
        ema=0.98,
        tensorboard=False,
    )


@dataclass(frozen=True)
class Config:
    """Everything that decides what is fitted.

    variant: 'production' or 'published'; metrics: losses that compete on validation; hidden:
    width of a branch; dimension: of its output; k: dimensions of C-CCA, 0 lets validation choose
    (published: the number of classes); margin: of the triplet losses; beta: share of true pairs
    (published); share: weight of the class directions; per_class: videos that closed forms are
    fitted on; pca: width of published sounds; batch: videos a step (published).
    """

    variant: str = 'production'
    metrics: tuple[str, ...] = METRICS
    hidden: int = 128
    dimension: int = 64
    k: int = 0
    margin: float = 0.5
    beta: float = 0.2
    share: float = 1.0
    per_class: int = 60
    pca: int = 128
    batch: int = 45
    train: TrainConfig = field(default_factory=_train)
