# SPDX-License-Identifier: Apache-2.0
"""What the sketch recipe can be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from xsense_training.recipes.sketch.inputs import SIZE
from xsense_training.recipes.sketch.published import Weights
from xsense_training.trainer import TrainConfig

PRODUCTION = TrainConfig(
    steps=170,
    learning_rate=1.5e-3,
    weight_decay=0.05,
    warmup=20,
    validate_every=85,
    channels_last=True,
    tensorboard=False,
)
PUBLISHED = TrainConfig(
    steps=600, learning_rate=1e-3, warmup=30, validate_every=60, tensorboard=False
)


@dataclass(frozen=True)
class SketchConfig:
    """variant: 'production' or 'published'.

    train: of the towers (production) or of the cross coder (published); extractor: of the
    published variant's feature extractors.
    size: side of drawings and pictures in pixels; width: channels that the trunk's map is narrowed
    to; dimension: of the learned vector; code: size of the published variant's shared code.
    batch: concepts a step; extra: how often a concept that is no thing (faces, people, symbols)
    is drawn, relative to a thing.
    styles: picture styles that train, by name; empty for all.
    weights: of the published objective's terms.
    """

    variant: str = 'production'
    train: TrainConfig = PRODUCTION
    extractor: TrainConfig = PUBLISHED
    size: int = SIZE
    width: int = 40
    dimension: int = 256
    code: int = 64
    batch: int = 48
    extra: float = 0.3
    styles: tuple[str, ...] = ()
    weights: Weights = field(default_factory=Weights)


VARIANTS = {
    'production': SketchConfig(),
    'published': SketchConfig('published', PUBLISHED),
}
