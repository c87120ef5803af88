# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.training.data.trees import picture, tone
from xsense_ros.errors import InputError
from xsense_training.data.concept import Concept, SoundClip
from xsense_training.data.folds import (
    FOLDS,
    HELD_OUT,
    MANIFEST,
    assign_folds,
    fold_of,
    read_manifest,
    units,
    write_manifest,
)
from xsense_training.data.recordings import same_recordings


def thing(name: str, source: str = 'tuxpaint', **more: object) -> Concept:
    made = Concept(id=f'{source}/{name}', source='tuxpaint', name=name, texts=(name,))
    return replace(made, **more)  # type: ignore[arg-type]


def test_fold_of_is_sha256_modulo_5() -> None:
    digest = hashlib.sha256(b'horse').hexdigest()
    assert fold_of('horse') == int(digest[:16], 16) % 5 == HELD_OUT


def test_folds_do_not_depend_on_order_and_are_balanced() -> None:
    concepts = [thing(f'thing number {index:04d} x') for index in range(2000)]
    forward = {concept.id: concept.fold for concept in assign_folds(concepts)}
    backward = {concept.id: concept.fold for concept in assign_folds(concepts[::-1])}
    assert forward == backward
    counts = Counter(forward.values())
    assert set(counts) == set(range(FOLDS))
    # Binomial(2000, 1/5): standard deviation 17.9, so 5 of them on either side.
    assert all(310 < count < 490 for count in counts.values())


def test_near_duplicates_share_a_unit() -> None:
    found = units(
        [thing('cat'), thing('cat face', 'emoji'), thing('Cats', 'gcompris'), thing('dog')]
    )
    assert [unit.ids for unit in found] == [
        ('emoji/cat face', 'gcompris/Cats', 'tuxpaint/cat'),
        ('tuxpaint/dog',),
    ]


def test_equal_images_link(tmp_path: Path) -> None:
    picture(tmp_path / 'a.png')
    (tmp_path / 'b.png').write_bytes((tmp_path / 'a.png').read_bytes())
    picture(tmp_path / 'c.png', (1, 2, 3, 255))
    concepts = [thing(name, images=(tmp_path / f'{name}.png',)) for name in 'abc']
    assert [len(unit.ids) for unit in units(concepts)] == [2, 1]


def test_links_are_transitive(tmp_path: Path) -> None:
    tone(tmp_path / 'x.wav')
    clip = (SoundClip(tmp_path / 'x.wav'),)
    concepts = [
        thing('goat'),
        thing('goats', 'emoji', sounds=clip),
        thing('ram', sounds=clip),
        thing('rams', 'emoji'),
    ]
    (unit,) = units(concepts)
    assert (unit.key, len(unit.ids)) == ('goat', 4)


def test_the_same_recording_links_whatever_its_bytes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    sound = random.normal(0, 0.1, 4000)
    soundfile.write(tmp_path / 'ram.wav', sound, 8000, subtype='FLOAT')
    soundfile.write(tmp_path / 'goat.ogg', sound, 8000)
    soundfile.write(tmp_path / 'bee.wav', random.normal(0, 0.1, 4000), 8000)
    concepts = [thing(path.stem, sounds=(SoundClip(path),)) for path in tmp_path.iterdir()]
    (pair,) = same_recordings(concepts)
    assert set(pair) == {'tuxpaint/ram', 'tuxpaint/goat'}
    folds = {concept.name: concept.fold for concept in assign_folds(concepts)}
    assert folds['ram'] == folds['goat']


def test_two_concepts_of_one_id_are_refused() -> None:
    with pytest.raises(InputError, match='tuxpaint/cat'):
        units([thing('cat'), thing('cat')])


def test_manifest_pins_folds_and_newcomers_follow(tmp_path: Path) -> None:
    path = tmp_path / 'folds.json'
    write_manifest([thing('cat'), thing('dog')], path)
    pinned = read_manifest(path)
    assert pinned == {'tuxpaint/cat': fold_of('cat'), 'tuxpaint/dog': fold_of('dog')}
    moved = {'tuxpaint/cat': (fold_of('cat') + 1) % FOLDS}
    concepts = assign_folds([thing('cat'), thing('kitten', 'emoji'), thing('bee')], moved)
    assert [concept.fold for concept in concepts] == [
        moved['tuxpaint/cat'],
        moved['tuxpaint/cat'],
        fold_of('bee'),
    ]


def test_near_duplicates_in_two_folds_are_refused() -> None:
    with pytest.raises(InputError, match='fold manifest does not fit'):
        assign_folds([thing('cat'), thing('kitten')], {'tuxpaint/cat': 0, 'tuxpaint/kitten': 1})


@pytest.mark.parametrize(
    ('folds', 'named'),
    [
        ({'0': {'cat': ['a']}, '1': {'cat': ['b']}}, 'cat'),
        ({'0': {'cat': ['a']}, '1': {'dog': ['a']}}, "'a'"),
        ({'7': {'cat': ['a']}}, '7'),
    ],
)
def test_overlapping_manifests_are_refused(
    tmp_path: Path, folds: dict[str, object], named: str
) -> None:
    path = tmp_path / 'folds.json'
    path.write_text(json.dumps({'schema_version': 1, 'folds': folds}))
    with pytest.raises(InputError, match=named):
        read_manifest(path)


@pytest.mark.parametrize('content', ['', '[]', '{}', '{"schema_version": 2}'])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / 'folds.json'
    path.write_text(content)
    with pytest.raises(InputError, match='fold manifest'):
        read_manifest(path)


def test_the_shipped_manifest_is_disjoint_and_by_the_rule() -> None:
    folds = json.loads(MANIFEST.read_text('utf-8'))['folds']
    assert len(read_manifest(MANIFEST)) > 2000
    assert all(fold_of(key) == int(fold) for fold, keys in folds.items() for key in keys)
