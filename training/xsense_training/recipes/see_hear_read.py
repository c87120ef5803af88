# SPDX-License-Identifier: Apache-2.0
"""See, Hear, and Read: pictures, sounds and words in one space (Aytar et al. 2017, corrected).

Read top to bottom:

1. *Trunks* are frozen: EfficientNet-Lite0 for pictures, WordLlama's token table for words,
   log-mel statistics for sounds. Their features are computed once (see_hear_read_data).
2. *Image-text*: CCA gives the linear paths of both heads; a residual MLP on each learns what is
   not linear, by a pairing loss and a teacher KL. Pictures are seen in scenes, words as captions
   and tags.
3. *Image-sound*: the sound head is a regression onto the finished image vectors plus a residual
   MLP, trained against the frozen image head. Sound-text is never trained; it emerges.
4. *Selection*: what ships is the mixture of learned head and regression that validation prefers,
   or a closed form alone where that is better.

`variant='published'` swaps the pairing hinge of the paper for InfoNCE, starts from random weights
instead of CCA, and distils the teacher's ImageNet classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xsense_training.evaluate.baselines import Choice, choose_cca, choose_ridge
from xsense_training.evaluate.closed_form import Affine
from xsense_training.evaluate.protocol import (
    SELECT,
    Direction,
    directions,
    known_thing_directions,
    reserved_recordings,
)
from xsense_training.evaluate.system import Features, System, linear
from xsense_training.features.corpus import TAG, Corpus
from xsense_training.losses.info_nce import InfoNce
from xsense_training.losses.pairing_hinge import PairingHinge
from xsense_training.recipes.pairing_task import FeatureBank, PairingTask, rows_by_concept
from xsense_training.recipes.see_hear_read_parts import (
    caption_labels,
    closed_form_image_sound,
    image_sound_pairs,
    image_text_pairs,
    pair_score,
    start_head,
    with_pictures,
)
from xsense_training.recipes.selection import (
    choose_regression,
    choose_shares,
    mean_score,
    side_by_side,
)
from xsense_training.recipes.teachers import ImageNetTeacher, RelationTeacher
from xsense_training.trainer import TrainConfig, TrainResult, train

NAME = 'see-hear-read'
SPACE = 'image-sound-text'
FOLDS = 5


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


@dataclass(frozen=True)
class Split:
    """Which concepts (C,) a fold's towers are fitted on, selected on, and tested on."""

    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    test: NDArray[np.bool_]


def split(corpus: Corpus, fold: int) -> Split:
    """Fold `fold` is tested on, the next one selects, the other three are fitted on."""
    validation = corpus.fold == (fold + 1) % FOLDS
    test = corpus.fold == fold
    return Split(~validation & ~test, validation, test)


@dataclass(frozen=True)
class Fitted:
    """Systems of one fold by name (cca, ridge, learned, shipped) and how they came about."""

    systems: Mapping[str, System]
    notes: Mapping[str, object]
    results: Mapping[str, TrainResult]


def fit(
    corpus: Corpus,
    features: Features,
    fold: int,
    folder: Path,
    config: Config,
    classifier: tuple[torch.Tensor, torch.Tensor],
) -> Fitted:
    """Fit the baselines, train the heads and select what ships; test data are not looked at.

    Args:
        corpus: all concepts.
        features: their trunk features.
        fold: held-out fold.
        folder: run folder; a killed run goes on where it stopped.
        config: what to train.
        classifier: the image network's ImageNet classifier, the published teacher.
    """
    parts = split(corpus, fold)
    # Sound is selected on unseen things and on new recordings of known ones.
    tasks = directions(corpus, parts.validation)
    tasks += known_thing_directions(corpus, parts.train, SELECT)
    image_text = [d for d in tasks if d.name.startswith(('tuxpaint', 'emoji'))]
    image_sound = [
        d for d in tasks if {d.query.modality, d.gallery.modality} == {'image', 'sound'}
    ]

    # 1. Closed forms on image-text pairs.
    pairs = image_text_pairs(corpus, features, parts.train)
    score = pair_score(features, image_text, 'image', 'text')
    closed = {'cca': choose_cca(pairs, score), 'ridge': choose_ridge(pairs, score)}
    spaces: dict[str, dict[str, nn.Module]] = {
        name: {'image': linear(choice.x), 'text': linear(choice.y)}
        for name, choice in closed.items()
    }

    # 2. Learned image and text heads, starting from CCA.
    spaces['learned'], seen = train_image_text(
        corpus,
        features,
        parts,
        closed['cca'],
        image_text,
        folder / 'image-text',
        config,
        classifier,
    )

    # 3. Sound joins each space by regression onto its image vectors; in the learned one a residual
    #    is trained on top and kept if validation prefers it.
    heard = image_sound_pairs(corpus, features, parts.train)
    notes: dict[str, object] = {name: _note(choice) for name, choice in closed.items()}
    for name, heads in spaces.items():
        regression, settings = choose_regression(heads['image'], features, heard, image_sound)
        heads['sound'] = linear(regression)
        notes[f'sound in {name}'] = settings
        if name == 'learned':
            trained, listened = train_image_sound(
                corpus, features, parts, heads['image'], regression, image_sound,
                folder / 'image-sound', config,
            )  # fmt: skip
            score_learned = listened.best['score']
            better = score_learned > settings['validation']
            notes['sound head'] = {
                'regression': settings['validation'],
                'learned': score_learned,
                'kept': 'learned' if better else 'regression',
            }
            heads['sound'] = trained if better else linear(regression)

    # 4. What ships: the learned heads and the regression side by side (CCA is inside the learned
    #    ones as their linear path), unless a closed form alone is better on validation.
    shares, best = choose_shares(
        {name: spaces[name] for name in ('learned', 'ridge')}, features, image_text
    )
    for name, choice in closed.items():
        if choice.score > best:
            shares, best = {name: 1.0}, choice.score
    notes['shipped'] = {'shares': shares, 'validation': best}
    shipped = {m: side_by_side(spaces, shares, m) for m in ('image', 'text', 'sound')}

    own = closed_form_image_sound(features, heard, image_sound)
    systems = {
        name: System(name, spaces[name], {'image+sound': own[name]}) for name in ('cca', 'ridge')
    }
    systems |= {'learned': System('learned', spaces['learned'])}
    systems |= {'shipped': System('shipped', shipped)}
    return Fitted(systems, notes, {'image-text': seen, 'image-sound': listened})


def train_image_text(
    corpus: Corpus,
    features: Features,
    parts: Split,
    start: Choice,
    tasks: Sequence[Direction],
    folder: Path,
    config: Config,
    classifier: tuple[torch.Tensor, torch.Tensor],
) -> tuple[dict[str, nn.Module], TrainResult]:
    """Image and text heads: linear paths fixed at CCA, residual MLPs learned."""
    published = config.variant == 'published'
    pictures = rows_by_concept(corpus.image_concept)
    captions = rows_by_concept(corpus.texts.concept, corpus.texts.kind != TAG)
    tags = rows_by_concept(corpus.texts.concept, corpus.texts.kind == TAG)
    concepts = with_pictures(corpus, parts.train, pictures)
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
        teacher: nn.Module = ImageNetTeacher(*classifier, size, config.teacher)
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
    parts: Split,
    image_head: nn.Module,
    start: Affine,
    tasks: Sequence[Direction],
    folder: Path,
    config: Config,
) -> tuple[nn.Module, TrainResult]:
    """The sound head against the frozen image head; no text is involved."""
    pictures = rows_by_concept(corpus.image_concept)
    sounds = rows_by_concept(corpus.sound_concept, ~reserved_recordings(corpus))
    concepts = [c for c in with_pictures(corpus, parts.train, pictures) if c in sounds]
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


def _note(choice: Choice) -> dict[str, float]:
    return choice.settings | {'validation': choice.score}
