# SPDX-License-Identifier: Apache-2.0
"""What See, Hear, and Read is asked in one fold, and how every method of it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xsense_training.data.image import load_image
from xsense_training.evaluate.direction import Direction, Side
from xsense_training.evaluate.hubness import Bank, choose_temperature
from xsense_training.evaluate.judge import judge
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.retrieval_picture import Show
from xsense_training.evaluate.system import Features, Floats, System
from xsense_training.features.corpus import Corpus
from xsense_training.models.convex_words import NamedClasses
from xsense_training.recipes.see_hear_read.protocol import (
    SELECT,
    captions_of,
    directions,
    image_text_directions,
    images_of,
    known_thing_directions,
    named_in,
    reserved_recordings,
    sounds_of,
)
from xsense_training.recipes.see_hear_read.recipe import NAME, Fitted, split

UNNAMED = ' not named in ImageNet'
EMERGENT = ', never trained as a pair'
_UNSEEN = 'unseen things'
_ASKED = {  # name of a direction without its modalities -> data set, split
    'tuxpaint': ('tuxpaint', _UNSEEN),
    'emoji': ('emoji', _UNSEEN),
    'tuxpaint' + UNNAMED: ('tuxpaint', _UNSEEN + UNNAMED),
    'emoji' + UNNAMED: ('emoji', _UNSEEN + UNNAMED),
    'cub': ('cub', 'unseen classes, instance'),
    'cub by class': ('cub', 'unseen classes, by class'),
    'items': ('recorded things', _UNSEEN),
    'items (emergent)': ('recorded things', _UNSEEN + EMERGENT),
    'animals by class': ('animals', f'{_UNSEEN}, by class'),
    'animals by class (emergent)': ('animals', f'{_UNSEEN}, by class{EMERGENT}'),
    'instruments by class': ('instruments', f'{_UNSEEN}, by class'),
    'instruments by class (emergent)': ('instruments', f'{_UNSEEN}, by class{EMERGENT}'),
    'new recordings of known instruments': ('instruments', 'new recordings, by class'),
    'new recordings of known instruments (emergent)': (
        'instruments',
        f'new recordings, by class{EMERGENT}',
    ),
}
# What a reader is told of each system, and its kind. The learned heads are a part of what ships,
# judged alone.
_METHODS = {
    'cca': ('CCA', 'baseline'),
    'ridge': ('linear regression', 'baseline'),
    'conse': ('ConSE', 'baseline'),
    'learned': ('learned heads alone', 'ablation'),
    'shipped': ('chosen mixture', 'production'),
    'published': ('students under one upper network', 'published'),
}
_BANK = 500  # training queries; more change the correction little


def judge_fold(
    corpus: Corpus,
    features: Features,
    fitted: Fitted,
    fold: int,
    classes: NamedClasses,
) -> list[Outcome]:
    """Every system on every direction of one fold, with and without its hubs corrected."""
    parts = split(corpus, fold)
    asked = fold_directions(corpus, fold, classes)
    validation = directions(corpus, parts.validation)
    validation += known_thing_directions(corpus, parts.train, SELECT)
    methods = _methods(fitted)
    temperatures = {
        (name, pair): _temperature(
            corpus, features, system, [t for t in validation if t.pair == pair], parts.train
        )
        for pair in dict.fromkeys(t.pair for t in asked)
        for name, (_, system) in methods.items()
    }
    outcomes = []
    for task in asked:
        stem = task.name.removesuffix(f' {task.pair}')
        dataset, asked_of = _ASKED.get(stem, (stem, _UNSEEN))
        banked = bank_direction(corpus, task, parts.train)
        found, banks = {}, {}
        for name, (kind, system) in methods.items():
            found[name] = (kind, system.similarity(features, task))
            similarity = system.similarity(features, banked)
            banks[name] = Bank(similarity, temperatures[name, task.pair])
        outcomes += judge(NAME, dataset, asked_of, task, fold, found, banks)
    return outcomes


def fold_directions(corpus: Corpus, fold: int, classes: NamedClasses) -> list[Direction]:
    """All that is asked in a fold, with a control: things that ImageNet has no name for."""
    parts = split(corpus, fold)
    named = named_in(corpus, classes.names)
    return [
        *directions(corpus, parts.test),
        *known_thing_directions(corpus, parts.train),
        *image_text_directions(corpus, parts.test & ~named, UNNAMED),
    ]


def bank_direction(corpus: Corpus, task: Direction, train: NDArray[np.bool_]) -> Direction:
    """Training queries of a direction's modality against its gallery; nothing is relevant."""
    concepts = np.flatnonzero(train)
    if task.query.modality == 'image':
        side = images_of(corpus, concepts, first_only=True)
    elif task.query.modality == 'text':
        side = captions_of(corpus, concepts)
    else:
        side = sounds_of(corpus, concepts)
        kept = ~reserved_recordings(corpus)[side.rows]
        side = Side(side.modality, side.rows[kept], side.concept[kept])
    some = np.unique(np.linspace(0, len(side.rows) - 1, _BANK).astype(int))
    side = Side(side.modality, side.rows[some], side.concept[some])
    nothing = np.zeros((len(some), len(task.gallery.rows)), bool)
    return replace(task, query=side, relevance=nothing)


def show(corpus: Corpus) -> Show:
    """What rows look like: pictures themselves, words as they are, a sound as its [name]."""

    def shown(side: Side, number: int) -> NDArray[np.uint8] | str:
        concept = corpus.concepts[side.concept[number]]
        if side.modality == 'image':
            first = int(np.flatnonzero(corpus.image_concept == side.concept[number])[0])
            return load_image(concept.images[int(side.rows[number]) - first])
        if side.modality == 'text':
            return corpus.texts.string[int(side.rows[number])]
        return f'[{concept.name}]'

    return shown


def _methods(fitted: Fitted) -> dict[str, tuple[str, System]]:
    """Name -> (kind, system) of what was fitted."""
    return {
        name: (kind, fitted.systems[key])
        for key, (name, kind) in _METHODS.items()
        if key in fitted.systems
    }


def _temperature(
    corpus: Corpus,
    features: Features,
    system: System,
    validation: Sequence[Direction],
    train: NDArray[np.bool_],
) -> float:
    """Chosen on validation directions of the same modalities."""
    cases: list[tuple[Floats, Floats, NDArray[np.bool_]]] = [
        (
            system.similarity(features, task),
            system.similarity(features, bank_direction(corpus, task, train)),
            task.relevance,
        )
        for task in validation
    ]
    return choose_temperature(cases)
