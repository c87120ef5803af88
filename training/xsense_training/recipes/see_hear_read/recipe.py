# SPDX-License-Identifier: Apache-2.0
"""See, Hear, and Read: pictures, sounds and words in one space (Aytar et al. 2017, corrected).

Read top to bottom:

1. *Trunks* are frozen: EfficientNet-Lite0 for pictures, WordLlama's token table for words,
   log-mel statistics for sounds. Their features are computed once (data.py).
2. *Image-text*: CCA gives the linear paths of both heads; a residual MLP on each learns what is
   not linear, by a pairing loss and a teacher KL. Pictures are seen in scenes, words as captions
   and tags. ConSE adds what ImageNet's class names say, without any training.
3. *Image-sound*: the sound head is a regression onto the finished image vectors plus a residual
   MLP, trained against the frozen image head. Sound-text is never trained; it emerges.
4. *Selection*: what ships is the mixture of learned heads, regression and ConSE that validation
   prefers, or a closed form alone where that is better; beside it a block of image and sound
   alone (their own CCA), in which words are zero.

`variant='published'` is the paper's own network and objective: published.py.
A corpus without recordings (CUB and its captions) is fitted on pictures and words alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xsense_training.baselines.linear import Choice, choose_cca, choose_ridge
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.system import Features, System, linear
from xsense_training.features.corpus import Corpus
from xsense_training.mixing import choose_shares, side_by_side
from xsense_training.models.convex_words import NamedClasses
from xsense_training.recipes.see_hear_read.conse import choose_conse
from xsense_training.recipes.see_hear_read.parts import (
    closed_form_image_sound,
    image_sound_pairs,
    image_text_pairs,
    pair_score,
)
from xsense_training.recipes.see_hear_read.protocol import (
    SELECT,
    directions,
    image_text_directions,
    known_thing_directions,
)
from xsense_training.recipes.see_hear_read.selection import add_own_block, choose_regression
from xsense_training.recipes.see_hear_read.training import (
    Config,
    train_image_sound,
    train_image_text,
)
from xsense_training.trainer import TrainResult

NAME = 'see-hear-read'
SPACE = 'image-sound-text'
FOLDS = 5
MIXED = ('learned', 'ridge', 'conse')  # CCA is inside the learned heads as their linear path


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


def selection_tasks(corpus: Corpus, parts: Split) -> tuple[list[Direction], list[Direction]]:
    """Validation directions of image-text, and of image-sound (none without recordings).

    Sound is selected on unseen things and on new recordings of known ones.
    """
    tasks = directions(corpus, parts.validation)
    tasks += known_thing_directions(corpus, parts.train, SELECT)
    image_sound = [
        d for d in tasks if {d.query.modality, d.gallery.modality} == {'image', 'sound'}
    ]
    return image_text_directions(corpus, parts.validation), image_sound


@dataclass(frozen=True)
class Fitted:
    """Systems of one fold (cca, ridge, conse, learned, shipped) and how they came about."""

    systems: Mapping[str, System]
    notes: Mapping[str, object]
    results: Mapping[str, TrainResult]


def fit(
    corpus: Corpus,
    features: Features,
    fold: int,
    folder: Path,
    config: Config,
    classes: NamedClasses,
) -> Fitted:
    """Fit the baselines, train the heads and select what ships; test data are not looked at.

    Args:
        corpus: all concepts.
        features: their trunk features.
        fold: held-out fold.
        folder: run folder; a killed run goes on where it stopped.
        config: what to train.
        classes: the image network's ImageNet classifier and its names, for ConSE.
    """
    parts = split(corpus, fold)
    image_text, image_sound = selection_tasks(corpus, parts)

    # 1. Closed forms on image-text pairs.
    pairs = image_text_pairs(corpus, features, parts.train)
    score = pair_score(features, image_text, 'image', 'text')
    closed = {'cca': choose_cca(pairs, score), 'ridge': choose_ridge(pairs, score)}
    spaces: dict[str, dict[str, nn.Module]] = {
        name: {'image': linear(choice.x), 'text': linear(choice.y)}
        for name, choice in closed.items()
    }

    spaces['conse'], conse_note = choose_conse(classes, corpus, features, parts.train, image_text)

    # 2. Learned image and text heads, starting from CCA.
    spaces['learned'], seen = train_image_text(
        corpus,
        features,
        parts.train,
        closed['cca'],
        image_text,
        folder / 'image-text',
        config,
    )

    # 3. Sound joins each space by regression onto its image vectors; in the learned one a residual
    #    is trained on top and kept if validation prefers it.
    results = {'image-text': seen}
    notes: dict[str, object] = {name: _note(choice) for name, choice in closed.items()}
    notes['conse'] = conse_note
    if image_sound:
        heard = image_sound_pairs(corpus, features, parts.train)
        for name, heads in spaces.items():
            regression, settings = choose_regression(heads['image'], features, heard, image_sound)
            heads['sound'] = linear(regression)
            notes[f'sound in {name}'] = settings
            if name == 'learned':
                trained, listened = train_image_sound(
                    corpus, features, parts.train, heads['image'], regression, image_sound,
                    folder / 'image-sound', config,
                )  # fmt: skip
                results['image-sound'] = listened
                score_learned = listened.best['score']
                better = score_learned > settings['validation']
                notes['sound head'] = {
                    'regression': settings['validation'],
                    'learned': score_learned,
                    'kept': 'learned' if better else 'regression',
                }
                heads['sound'] = trained if better else linear(regression)

    # 4. What ships: candidates side by side, unless a closed form alone is better on validation,
    #    and beside them the own CCA of image and sound.
    shares, best = choose_shares({name: spaces[name] for name in MIXED}, features, image_text)
    for name, choice in closed.items():
        if choice.score > best:
            shares, best = {name: 1.0}, choice.score
    notes['shipped'] = {'shares': shares, 'validation': best}
    shipped = {m: side_by_side(spaces, shares, m) for m in spaces['learned']}
    own: dict[str, dict[str, nn.Module]] = {}
    if image_sound:
        own = closed_form_image_sound(features, heard, image_sound)
        shipped, notes['image-sound block'] = add_own_block(
            shipped, own['cca'], features, image_sound
        )

    systems = {
        name: System(name, spaces[name], {'image+sound': own[name]} if own else {})
        for name in closed
    }
    systems |= {name: System(name, spaces[name]) for name in ('conse', 'learned')}
    systems |= {'shipped': System('shipped', shipped)}
    return Fitted(systems, notes, results)


def _note(choice: Choice) -> dict[str, float]:
    return choice.settings | {'validation': choice.score}
