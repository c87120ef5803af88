# SPDX-License-Identifier: Apache-2.0
"""The learned heads of See, Hear, and Read: configuration, and one training run for each pair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xsense_training.baselines.closed_form import Affine
from xsense_training.baselines.linear import Choice
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.system import Features
from xsense_training.features.corpus import TAG, Corpus
from xsense_training.losses.info_nce import InfoNce
from xsense_training.losses.pairing_hinge import PairingHinge
from xsense_training.models.convex_words import NamedClasses
from xsense_training.pairing_task import FeatureBank, PairingTask, rows_by_concept
from xsense_training.recipes.see_hear_read.parts import (
    caption_labels,
    start_head,
    with_pictures,
)
from xsense_training.recipes.see_hear_read.protocol import reserved_recordings
from xsense_training.recipes.see_hear_read.selection import mean_score
from xsense_training.recipes.see_hear_read.teachers import ImageNetTeacher, RelationTeacher
from xsense_training.trainer import TrainConfig, TrainResult, train


@dataclass(frozen=True)
class Config:
    """Everything that decides what is trained; saved in every run folder.

    variant: 'production' or 'published'; hidden, sound_hidden: widths of the residual MLPs;
    teacher: weight of the teacher KL; batch: concepts per step.
    """

    variant: str = 'production'
    hidden: int = 256
    sound_hidden: int = 64
    teacher: float = 0.3
    batch: int = 384
    image_text: TrainConfig = field(default_factory=TrainConfig)
    image_sound: TrainConfig = field(default_factory=TrainConfig)


def configuration(variant: str, threads: int = 1) -> Config:
    """The configuration of 'production' or 'published'.

    Raises:
        ValueError: another variant.
    """
    if variant == 'production':
        return Config(
            image_text=TrainConfig(
                steps=250, weight_decay=0.5, validate_every=50, warmup=30, threads=threads
            ),
            image_sound=TrainConfig(
                steps=100, learning_rate=1e-4, weight_decay=0.5, validate_every=10, warmup=10,
                threads=threads,
            ),
        )  # fmt: skip
    if variant == 'published':
        return Config(
            variant='published',
            teacher=1.0,
            image_text=TrainConfig(steps=800, validate_every=100, threads=threads),
            image_sound=TrainConfig(steps=200, validate_every=20, warmup=20, threads=threads),
        )
    raise ValueError(f"variant {variant!r}: expected 'production' or 'published'")


def train_image_text(
    corpus: Corpus,
    features: Features,
    known: NDArray[np.bool_],
    start: Choice,
    tasks: Sequence[Direction],
    folder: Path,
    config: Config,
    classes: NamedClasses,
) -> tuple[dict[str, nn.Module], TrainResult]:
    """Image and text heads of `known` concepts (C,): linear paths stay CCA, MLPs are learned."""
    published = config.variant == 'published'
    pictures = rows_by_concept(corpus.image_concept)
    captions = rows_by_concept(corpus.texts.concept, corpus.texts.kind != TAG)
    tags = rows_by_concept(corpus.texts.concept, corpus.texts.kind == TAG)
    concepts = with_pictures(corpus, known, pictures)
    banks = {
        'image': FeatureBank(features.image, pictures),
        'text': FeatureBank(features.text, captions, tags),
    }
    torch.manual_seed(config.image_text.seed)
    heads: dict[str, nn.Module] = {}
    for modality, affine in (('image', start.x), ('text', start.y)):
        x = features.of(modality)
        rows = np.concatenate([banks[modality].of_concept[c] for c in concepts])
        heads[modality] = start_head(x[rows], affine, config.hidden, train_linear=published)
    if published:
        size = start.x.weight.shape[0]
        teacher: nn.Module = ImageNetTeacher(classes.weight, classes.bias, size, config.teacher)
    else:
        teacher = RelationTeacher('text', config.teacher)
    task = PairingTask(
        heads,
        banks,
        concepts,
        PairingHinge() if published else InfoNce(),
        caption_labels(corpus),
        lambda: {'score': mean_score(heads, features, tasks)},
        teacher,
        config.batch,
    )
    return heads, train(task, config.image_text, folder, 'image-text')


def train_image_sound(
    corpus: Corpus,
    features: Features,
    known: NDArray[np.bool_],
    image_head: nn.Module,
    start: Affine,
    tasks: Sequence[Direction],
    folder: Path,
    config: Config,
) -> tuple[nn.Module, TrainResult]:
    """The sound head of `known` concepts against the frozen image head; no text is involved."""
    pictures = rows_by_concept(corpus.image_concept)
    sounds = rows_by_concept(corpus.sound_concept, ~reserved_recordings(corpus))
    concepts = [c for c in with_pictures(corpus, known, pictures) if c in sounds]
    rows = np.concatenate([sounds[c] for c in concepts])
    torch.manual_seed(config.image_sound.seed)
    head = start_head(
        features.sound[rows], start, config.sound_hidden, config.variant == 'published'
    )
    task = PairingTask(
        {'sound': head, 'image': image_head},
        {
            'sound': FeatureBank(features.sound, sounds),
            'image': FeatureBank(features.image, pictures),
        },
        concepts,
        PairingHinge() if config.variant == 'published' else InfoNce(0.2, learnable=False),
        caption_labels(corpus),
        lambda: {'score': mean_score({'sound': head, 'image': image_head}, features, tasks)},
        RelationTeacher('sound', config.teacher),
        config.batch,
        frozen=('image',),
    )
    return head, train(task, config.image_sound, folder, 'image-sound')
