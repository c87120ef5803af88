# SPDX-License-Identifier: Apache-2.0
"""What the crossnet recipe can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from xsense_training.models.crossnet_trunk import WIDTH
from xsense_training.recipes.crossnet.contrast import Contrast
from xsense_training.trainer import TrainConfig

LITE = TrainConfig(
    steps=200,
    learning_rate=2e-3,
    weight_decay=2.0,
    warmup=30,
    validate_every=50,
    ema=0.98,
    tensorboard=False,
)
PRODUCTION = TrainConfig(
    steps=20_000,
    learning_rate=3e-4,
    weight_decay=0.05,
    warmup=1_000,
    validate_every=500,
    device='cuda',
    precision='bfloat16',
    channels_last=True,
    ema=0.999,
    prefetch=4,
)


@dataclass(frozen=True)
class LiteConfig:
    """What the lite variant is fitted with.

    train: of the heads; contrast: what a step compares; dimension: of the learned vector; hidden:
    width of the heads' hidden layer; dropout: of hidden units and, at half of it, of inputs;
    judged: samples of an object that validation asks for in each sense, at most.
    """

    variant: str = 'lite'
    train: TrainConfig = LITE
    contrast: Contrast = field(default_factory=Contrast)
    dimension: int = 64
    hidden: int = 96
    dropout: float = 0.4
    judged: int = 10


@dataclass(frozen=True)
class ProductionConfig:
    """What the production variant is fitted with: whole ResNet-50 towers, for a GPU.

    train: of the towers; contrast: what a step compares (P16 x K4); size: side of pictures and
    presses in pixels; width: channels of the trunks' first convolution; dimension: of the vectors;
    missing: chance that the teacher lacks a sense; distil: weight of what the towers take over
    from the teacher; judged: as in LiteConfig.
    """

    variant: str = 'production'
    train: TrainConfig = PRODUCTION
    contrast: Contrast = field(
        default_factory=lambda: Contrast(objects=16, samples=4, temperature=0.07)
    )
    size: int = 224
    width: int = WIDTH
    dimension: int = 256
    missing: float = 0.5
    distil: float = 0.5
    judged: int = 10
