# SPDX-License-Identifier: Apache-2.0
"""The audio-visual folds: spread, pinned, and disjoint in everything that a take is made of."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from xsense_ros.errors import InputError
from xsense_training.data.audio_visual_folds import (
    AUDIO_VISUAL_MANIFEST,
    read_folds,
    spread,
    write_folds,
)
from xsense_training.data.audio_visual_sounds import PHRASES, setting
from xsense_training.data.folds import FOLDS, HELD_OUT, read_manifest


def test_each_class_is_spread_and_what_is_pinned_stays() -> None:
    units = [f'a{i}' for i in range(10)] + [f'b{i}' for i in range(5)]
    class_of = {unit: unit[0] for unit in units}
    found = spread(units, class_of, {'a0': 'same', 'a1': 'same'}, {'b3': 0})
    fold_of = {u: fold for fold, groups in found.items() for g in groups.values() for u in g}
    assert sorted(fold_of) == sorted(units)
    assert fold_of['a0'] == fold_of['a1'] and fold_of['b3'] == 0
    assert set(Counter(fold_of[u] for u in units if u[0] == 'b').values()) == {1}


def test_units_that_are_the_same_cannot_be_in_two_classes_or_folds() -> None:
    linked = {'a': 1, 'b': 1}
    with pytest.raises(InputError, match='class'):
        spread(['a', 'b'], {'a': 'x', 'b': 'y'}, linked, {})
    with pytest.raises(InputError, match='fold'):
        spread(['a', 'b'], {'a': 'x', 'b': 'x'}, linked, {'a': 0, 'b': 1})


def test_the_shipped_manifest_is_disjoint_and_holds_out_the_stamps_of_the_recording() -> None:
    folds = read_folds()
    held_out = {name for name, fold in read_manifest().items() if fold == HELD_OUT}
    for units in folds.values():
        assert set(units.values()) == set(range(FOLDS))
        stamps = [u for u in units if u.split('#')[0] in held_out and u.startswith('tuxpaint/')]
        assert stamps and all(units[u] == HELD_OUT for u in stamps)


def test_settings_of_takes_are_those_the_manifest_promises() -> None:
    manifest = json.loads(AUDIO_VISUAL_MANIFEST.read_text())
    for fold in range(FOLDS):
        promised = manifest['folds'][str(fold)]['settings']
        for take in range(12):
            found = setting(fold, take)
            assert found.tonic in promised['tonics modulo 5']
            assert f'{found.phrase[0]}.{found.phrase[1]}' in promised['phrases']
            assert found.room in promised['rooms']
            assert found.microphone in promised['microphones']
    phrases = [phrase for of_fold in PHRASES for phrase in of_fold]
    assert len(set(phrases)) == len(phrases)


@pytest.mark.parametrize('part', ['recordings', 'pictures', 'rooms'])
def test_a_manifest_in_which_folds_share_something_is_refused(tmp_path: Path, part: str) -> None:
    folds = {
        name: {fold: {f'{name}{fold}': [f'{name}{fold}']} for fold in range(FOLDS)}
        for name in ('recordings', 'pictures')
    }
    settings = {fold: {'rooms': [fold]} for fold in range(FOLDS)}
    if part == 'rooms':
        settings[3]['rooms'] = [0]
    else:
        folds[part][3] = {'another group': [f'{part}0']}
    path = tmp_path / 'folds.json'
    write_folds(folds, settings, path)
    with pytest.raises(InputError):
        read_folds(path)


def test_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'folds.json'
    path.write_text('{"folds": []}')
    with pytest.raises(InputError, match='audio-visual folds'):
        read_folds(path)
