# SPDX-License-Identifier: Apache-2.0
"""What the hetero recipe can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from xsense_training.losses.matcher_loss import PUBLISHED, LossConfig
from xsense_training.models.hetero_lite import LiteConfig
from xsense_training.models.hetero_matcher import MatcherConfig
from xsense_training.recipes.hetero.draws import DrawConfig
from xsense_training.recipes.hetero.protocol import Look
from xsense_training.trainer import TrainConfig

LITE_LOSS = LossConfig(
    labels='middle', classes='focal', class_weight=1.0, place_weight=1.0, response_weight=1.0
)
LITE = TrainConfig(
    steps=3300,
    learning_rate=2e-3,
    weight_decay=0.02,
    warmup=100,
    validate_every=300,
    ema=0.995,
    tensorboard=False,
)
PRODUCTION = TrainConfig(
    steps=100_000,
    learning_rate=3e-4,
    weight_decay=0.05,
    warmup=2_000,
    validate_every=2_000,
    device='cuda',
    precision='bfloat16',
    channels_last=True,
    ema=0.999,
    prefetch=4,
)
# AdamW at a constant 1e-4 in the original, 1,000 epochs of 1,000 steps of 38 searches.
ORIGINAL = TrainConfig(
    steps=1_000_000,
    learning_rate=1e-4,
    weight_decay=1e-4,
    warmup=1_000,
    validate_every=5_000,
    device='cuda',
    prefetch=4,
)


@dataclass(frozen=True)
class HeteroConfig:
    """variant: its name; train: the loop; draws: what a step shows; loss: its terms."""

    variant: str = 'lite'
    train: TrainConfig = LITE
    draws: DrawConfig = field(default_factory=DrawConfig)
    loss: LossConfig = LITE_LOSS


@dataclass(frozen=True)
class LiteVariant(HeteroConfig):
    """The small matcher, which ships."""

    matcher: LiteConfig = field(default_factory=LiteConfig)


@dataclass(frozen=True)
class FullVariant(HeteroConfig):
    """A matcher in the sizes of "Transformer Tracking"; every size can be lowered."""

    matcher: MatcherConfig = field(default_factory=MatcherConfig)


VARIANTS: dict[str, LiteVariant | FullVariant] = {
    'lite': LiteVariant(),
    'production': FullVariant(
        'production',
        PRODUCTION,
        DrawConfig(batch=64, look=Look(96, 288)),
        LITE_LOSS,
        MatcherConfig(
            'mobilenet-v3-large',
            fuse=True,
            attention='cached',
            layers=5,
            template_size=96,
            search_size=288,
            presence=True,
        ),
    ),
    'published': FullVariant(
        'published',
        ORIGINAL,
        # Their searches hold their target, and nothing is turned.
        DrawConfig(batch=38, absent=0.0, angle=0.0, look=Look(128, 256, published=True)),
        PUBLISHED,
        MatcherConfig(attention='cached', layers=5),
    ),
}
