# SPDX-License-Identifier: Apache-2.0
"""Outcomes on disk and back."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

from tests.training.evaluate.made import outcomes
from xsense_ros.errors import InputError
from xsense_training.evaluate.outcome_store import load_outcomes, outcomes_folder, save_outcomes


def same(one, two):
    plain = [{k: v for k, v in vars(o).items() if k != 'results'} for o in (one, two)]
    arrays = all(
        np.array_equal(getattr(one.results, name), getattr(two.results, name))
        for name in ('ranks', 'counts', 'gallery')
    )
    return plain[0] == plain[1] and arrays


def in_order(found):
    return sorted(found, key=lambda o: (o.run, o.direction, o.method, o.correction))


def test_what_was_saved_is_loaded(judged, tmp_path):
    folder = outcomes_folder(tmp_path, 'sketch', 'production')
    save_outcomes(judged, folder)
    found = load_outcomes(tmp_path, ['sketch'])
    assert len(found) == len(judged)
    assert all(same(a, b) for a, b in zip(in_order(found), in_order(judged), strict=True))
    assert sum(f.stat().st_size for f in tmp_path.rglob('*') if f.is_file()) < 200_000


def test_a_run_judged_again_replaces_that_run_alone(judged, tmp_path):
    save_outcomes(judged, tmp_path)
    changed = [replace(o, kind='oracle') for o in judged if o.run == 2 and o.method == 'ours']
    save_outcomes(changed, tmp_path)
    found = load_outcomes(tmp_path)
    assert {o.kind for o in found if o.run == 2} == {'oracle'}
    assert sum(o.run != 2 for o in found) == sum(o.run != 2 for o in judged)


def test_of_the_same_method_in_two_places_the_later_wins(tmp_path):
    early, late = outcomes(runs=1), outcomes(runs=1)
    late = [replace(o, kind='oracle') if o.method == 'CCA' else o for o in late]
    for moment, (name, found) in enumerate((('a', late), ('b', early), ('c', late))):
        for place in save_outcomes(found, tmp_path / name):
            os.utime(place / 'outcomes.json', (moment, moment))
    loaded = load_outcomes(tmp_path)
    assert len(loaded) == len(early)
    assert {o.kind for o in loaded if o.method == 'CCA'} == {'oracle'}


def test_what_is_missing_or_damaged_is_named(judged, tmp_path):
    with pytest.raises(InputError, match='xsense-train evaluate'):
        load_outcomes(tmp_path)
    save_outcomes(judged, tmp_path)
    with pytest.raises(InputError, match='tnn-c-cca'):
        load_outcomes(tmp_path, ['sketch', 'tnn-c-cca'])
    next(tmp_path.rglob('outcomes.npz')).write_bytes(b'PK no zip')
    with pytest.raises(InputError, match='judge again'):
        load_outcomes(tmp_path)
