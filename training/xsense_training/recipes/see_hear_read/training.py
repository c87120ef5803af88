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
from xsense_training.mixing import mean_score
from xsense_training.pairing_task import FeatureBank, PairingTask, rows_by_concept
from xsense_training.recipes.see_hear_read.parts import (
    caption_labels,
    start_head,
    with_pictures,
)
from xsense_training.recipes.see_hear_read.protocol import reserved_recordings
from xsense_training.recipes.see_hear_read.teachers import RelationTeacher
from xsense_training.trainer import TrainConfig, TrainResult, train


@dataclass(frozen=True)
class Config:
    """Everything that decides what is trained; saved in every run folder.

    hidden, sound_hidden: widths of the residual MLPs; teacher: weight of the teacher KL; batch:
    concepts per step.
    """

    hidden: int = 256
    sound_hidden: int = 64
    teacher: float = 0.3
    batch: int = 384
    image_text: TrainConfig = field(
        default_factory=lambda: TrainConfig(
            steps=250, weight_decay=0.5, validate_every=50, warmup=30
        )
    )
    image_sound: TrainConfig = field(
        default_factory=lambda: TrainConfig(
            steps=100, learning_rate=1e-4, weight_decay=0.5, validate_every=10, warmup=10
        )
    )


def train_image_text(
    corpus: Corpus,
    features: Features,
    known: NDArray[np.bool_],
    start: Choice,
    tasks: Sequence[Direction],
    folder: Path,
    config: Config,
) -> tuple[dict[str, nn.Module], TrainResult]:
    """Image and text heads of `known` concepts (C,): linear paths stay CCA, MLPs are learned."""
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
        heads[modality] = start_head(x[rows], affine, config.hidden)
    task = PairingTask(
        heads,
        banks,
        concepts,
        InfoNce(),
        caption_labels(corpus),
        lambda: {'score': mean_score(heads, features, tasks)},
        RelationTeacher('text', config.teacher),
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
    head = start_head(features.sound[rows], start, config.sound_hidden)
    task = PairingTask(
        {'sound': head, 'image': image_head},
        {
            'sound': FeatureBank(features.sound, sounds),
            'image': FeatureBank(features.image, pictures),
        },
        concepts,
        InfoNce(0.2, learnable=False),
        caption_labels(corpus),
        lambda: {'score': mean_score({'sound': head, 'image': image_head}, features, tasks)},
        RelationTeacher('sound', config.teacher),
        config.batch,
        frozen=('image',),
    )
    return head, train(task, config.image_sound, folder, 'image-sound')
