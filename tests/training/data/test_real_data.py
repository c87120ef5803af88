# SPDX-License-Identifier: Apache-2.0
"""What the real data sets hold; each test skips where its data set is not fetched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.data.check import TOKENIZER
from xsense_training.data.classes import is_curated
from xsense_training.data.concept import Concept
from xsense_training.data.concepts import load_concepts
from xsense_training.data.folds import HELD_OUT
from xsense_training.data.image import load_image
from xsense_training.data.packages import DATASETS
from xsense_training.data.root import require
from xsense_training.data.sound import load_sound
from xsense_training.data.soundfont import SOUNDFONT, Synthesiser, equalise, phrase


def need(root: Path, dataset: str) -> None:
    for package in DATASETS[dataset]:
        if not (root / package.folder).exists():
            pytest.skip(f'{dataset} is not fetched: xsense-train data fetch {dataset}')


@pytest.fixture(scope='module')
def concepts(real_root: Path) -> list[Concept]:
    for dataset in ('tuxpaint', 'emoji', 'gcompris'):
        need(real_root, dataset)
    return load_concepts(real_root)


def test_counts(concepts: list[Concept]) -> None:
    def count(source: str) -> tuple[int, int, int]:
        mine = [concept for concept in concepts if concept.source == source]
        return (
            len(mine),
            sum(len(concept.images) for concept in mine),
            sum(bool(concept.sounds) for concept in mine),
        )

    assert count('tuxpaint') == (950, 950, 98)
    assert count('emoji') == (861, 2567, 0)
    assert count('gcompris') == (151, 160, 35)


def test_every_audible_animal_has_a_class(concepts: list[Concept]) -> None:
    animals = [concept for concept in concepts if concept.sounds and '/animals/' in concept.id]
    assert len(animals) == 62
    assert [concept.id for concept in animals if not is_curated(concept.category)] == []


def test_held_out_things_are_unseen(concepts: list[Concept]) -> None:
    held_out = {concept.name.lower() for concept in concepts if concept.fold == HELD_OUT}
    trained = {concept.name.lower() for concept in concepts if concept.fold != HELD_OUT}
    assert not held_out & trained
    shared = {'goat', 'mountaingoat', 'ram'}
    assert len({concept.fold for concept in concepts if concept.name in shared}) == 1


def test_samples_can_be_read(concepts: list[Concept]) -> None:
    for concept in concepts[::60]:
        for path in concept.images:
            assert load_image(path).ndim == 3
    for concept in [concept for concept in concepts if concept.sounds][::10]:
        assert np.abs(load_sound(concept.sounds[0]).samples).max() > 0.01


def test_gcompris_states_every_licence(concepts: list[Concept]) -> None:
    for concept in concepts:
        if concept.source == 'gcompris':
            assert not [entry for entry in concept.licences if 'see the' in entry[1]]


def test_soundfont_is_deterministic(real_root: Path) -> None:
    need(real_root, 'soundfont')
    font = require(real_root, SOUNDFONT, 'soundfont')
    try:
        with Synthesiser(font) as synthesiser:
            first = equalise(synthesiser.play(40, phrase(40, 0)))
            other = equalise(synthesiser.play(56, phrase(56, 0)))
    except InputError as error:
        pytest.skip(str(error))
    with Synthesiser(font) as synthesiser:
        again = equalise(synthesiser.play(40, phrase(40, 0)))
    # The 16-bit output is dithered, so equal means within a few steps of it.
    assert np.corrcoef(first, again)[0, 1] > 0.999
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.9


def test_tokenizer_is_complete(real_root: Path) -> None:
    need(real_root, 'weights')
    tokenizers = pytest.importorskip('tokenizers', reason='needs the tokenizers package')
    tokenizer = tokenizers.Tokenizer.from_file(str(real_root / TOKENIZER))
    assert tokenizer.get_vocab_size() == 32000
    assert tokenizer.encode('a barking dog').tokens[-1].endswith('dog')
