# SPDX-License-Identifier: Apache-2.0
"""`variant='published'`: the network and the objective of the paper, for comparison.

Aytar, Vondrick, Torralba 2017 (arXiv 1706.00932), as far as our inputs allow; models/see_hear_read
says what the network is and where it deviates.

- Alignment by model transfer: KL(g(x_i) || f(y_i)), the teacher g being the ImageNet classifier of
  the image network on the paired picture, for the student of every modality.
- Alignment by pairs: the hinge with margin delta on both hidden layers of the upper network, from
  the picture, for image-text and image-sound pairs. Sound and text never meet.
- Adam from random weights; here for some hundred steps, so the loop's cosine takes the place of a
  constant rate. A vector is the last hidden layer: never negative, unlike production's.

It sees what production's trunks see before their summary: words in their order, sound over time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.system import Features, System
from xsense_training.features.corpus import TAG, Corpus
from xsense_training.losses.distillation import TeacherKl
from xsense_training.losses.pairing_hinge import PairingHinge
from xsense_training.mixing import mean_score
from xsense_training.models.convex_words import NamedClasses
from xsense_training.models.see_hear_read import (
    HIDDEN,
    POOL5,
    ImageStudent,
    Layers,
    SeeHearRead,
    SoundStudent,
    TextStudent,
    Tower,
    UpperNetwork,
)
from xsense_training.pairing_task import FeatureBank, rows_by_concept
from xsense_training.recipes.see_hear_read.parts import with_pictures
from xsense_training.recipes.see_hear_read.protocol import reserved_recordings
from xsense_training.trainer import TrainConfig, TrainResult, train

MODALITIES = ('image', 'text', 'sound')


@dataclass(frozen=True)
class PublishedConfig:
    """What is trained; saved in the run folder.

    delta: margin of the hinge. 0.1, the value of the ObjectFolder benchmark's descendant, favours
    the pairs; with 0.002, a re-implementation's for cosines of softmax outputs, the transfer term
    drowns them. pool5, hidden: widths as published; batch: concepts per step, all of them seen and
    read, up to `heard` of them heard as well.
    """

    delta: float = 0.1
    pool5: int = POOL5
    hidden: int = HIDDEN
    batch: int = 64
    heard: int = 32
    train: TrainConfig = field(
        default_factory=lambda: TrainConfig(
            steps=200, learning_rate=1e-4, weight_decay=0.0, warmup=0, validate_every=50
        )
    )


def published_features(corpus: Corpus, features: Features, numbers: NDArray[np.int32]) -> Features:
    """What the students see: trunk features, words, log-mel windows (S, V, T, M).

    numbers (T, 16): words of every text of the corpus; float32 holds them exactly.
    """
    return Features(features.image, numbers[:, None].astype(np.float32), corpus.sound)


class Batch(NamedTuple):
    """Inputs of the students; row i of image and text, and row i of sound, show one concept."""

    image: Tensor
    text: Tensor
    sound: Tensor


class PublishedTask:
    """Transfer and pairing on random concepts; see the module.

    Args:
        net: students and upper network.
        banks: training samples by modality.
        concepts: concepts with a picture; recorded: those of them with a recording.
        classes: the image network's classifier, the teacher.
        tasks: validation directions by the pair of modalities they belong to.
        features: what the students see of the corpus.
        config: margin and batch.
    """

    def __init__(
        self,
        net: SeeHearRead,
        banks: Mapping[str, FeatureBank],
        concepts: Sequence[int],
        recorded: Sequence[int],
        classes: NamedClasses,
        tasks: Sequence[Sequence[Direction]],
        features: Features,
        config: PublishedConfig,
    ) -> None:
        self.net, self.banks = net, dict(banks)
        self.hinge = PairingHinge(config.delta, two_way=False, per_anchor=True)
        self.divergence = TeacherKl()
        self.teacher = nn.Linear(classes.weight.shape[1], len(classes.bias))
        self.teacher.load_state_dict({'weight': classes.weight, 'bias': classes.bias})
        self.teacher.requires_grad_(False)
        self.modules = nn.ModuleDict({'net': net, 'teacher': self.teacher})
        self.recorded = np.array(recorded, dtype=np.int64)
        self.silent = np.setdiff1d(concepts, recorded)
        self.heard = min(config.heard, len(self.recorded))
        self.unheard = min(config.batch - self.heard, len(self.silent))
        self.tasks, self.features = tasks, features

    def draw(self, generator: np.random.Generator) -> Batch:
        """One sample of each modality of random concepts; those that are heard come first."""
        heard = generator.choice(self.recorded, self.heard, replace=False)
        silent = generator.choice(self.silent, self.unheard, replace=False)
        chosen = np.concatenate([heard, silent])
        return Batch(
            self.banks['image'].draw(chosen, generator),
            self.banks['text'].draw(chosen, generator),
            self.banks['sound'].draw(heard, generator),
        )

    def loss(self, batch: Batch) -> tuple[Tensor, Mapping[str, float]]:
        """KL of every student plus the hinge of both pairs, each a mean over rows."""
        taught = self.teacher(batch.image)
        seen: Layers = self.net('image', batch.image)
        parts = {'teacher image': self.divergence(seen.logits, taught)}
        for modality, x in (('text', batch.text), ('sound', batch.sound)):
            if not len(x):
                continue
            layers: Layers = self.net(modality, x)
            parts[f'teacher {modality}'] = self.divergence(layers.logits, taught[: len(x)])
            labels = torch.arange(len(x), device=x.device)
            hinges = [
                self.hinge(F.normalize(a[: len(x)]), F.normalize(b), labels)
                for a, b in ((seen.first, layers.first), (seen.second, layers.second))
            ]
            parts[f'pair {modality}'] = torch.stack(hinges).sum()
        total = torch.stack(list(parts.values())).sum()
        return total, {name: float(value.detach()) for name, value in parts.items()}

    def validate(self) -> Mapping[str, float]:
        """Mean reciprocal ranks of the towers, image-text and image-sound alike."""
        heads = towers(self.net)
        scores = [mean_score(heads, self.features, tasks) for tasks in self.tasks if tasks]
        return {'score': float(np.mean(scores))}


def build_net(
    config: PublishedConfig, table: Tensor, mels: int, features: int, classes: int
) -> SeeHearRead:
    """The network with random weights of the configuration's seed."""
    torch.manual_seed(config.train.seed)
    return SeeHearRead(
        ImageStudent(features, config.pool5),
        TextStudent(table, config.pool5),
        SoundStudent(mels, config.pool5),
        UpperNetwork(config.pool5, config.hidden, classes),
    )


def net_of(state: Mapping[str, Tensor]) -> SeeHearRead:
    """The network of a state dict, whatever its widths, in eval mode."""
    pool5, features = state['students.image.expand.weight'].shape
    mels = state['students.sound.over_time.0.weight'].shape[1]
    net = SeeHearRead(
        ImageStudent(features, pool5),
        TextStudent(torch.zeros_like(state['students.text.table']), pool5),
        SoundStudent(mels, pool5),
        UpperNetwork(
            pool5, state['upper.first.weight'].shape[0], len(state['upper.classify.bias'])
        ),
    )
    net.load_state_dict(state)
    return net.eval()


def towers(net: SeeHearRead) -> dict[str, nn.Module]:
    """Input -> unit vectors, by modality."""
    return {modality: Tower(net, modality) for modality in MODALITIES}


def fit_published(
    corpus: Corpus,
    features: Features,
    table: NDArray[np.float32],
    known: NDArray[np.bool_],
    tasks: Sequence[Sequence[Direction]],
    folder: Path,
    config: PublishedConfig,
    classes: NamedClasses,
) -> tuple[SeeHearRead, TrainResult]:
    """Train on the concepts `known` (C,).

    Args:
        corpus: all concepts.
        features: of `published_features`.
        table: (V, D) word vectors.
        known: training concepts.
        tasks: validation directions, image-text and image-sound.
        folder: run folder; a killed run goes on where it stopped.
        config: what to train.
        classes: the teacher.
    """
    pictures = rows_by_concept(corpus.image_concept)
    captions = rows_by_concept(corpus.texts.concept, corpus.texts.kind != TAG)
    sounds = rows_by_concept(corpus.sound_concept, ~reserved_recordings(corpus))
    concepts = with_pictures(corpus, known, pictures)
    net = build_net(
        config,
        torch.from_numpy(table),
        corpus.sound.shape[-1],
        features.image.shape[-1],
        len(classes.bias),
    )
    task = PublishedTask(
        net,
        {
            'image': FeatureBank(features.image, pictures),
            'text': FeatureBank(features.text, captions),
            'sound': FeatureBank(features.sound, sounds),
        },
        concepts,
        [c for c in concepts if c in sounds],
        classes,
        tasks,
        features,
        config,
    )
    return net, train(task, config.train, folder, 'published')


def as_system(net: SeeHearRead) -> System:
    """The network as the evaluator takes it, on `published_features`."""
    return System('published', towers(net))
