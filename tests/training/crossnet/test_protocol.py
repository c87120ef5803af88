# SPDX-License-Identifier: Apache-2.0
"""What is asked: which rows train and are tested, and which of them answer which."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.crossnet.world import INSTANCES, OBJECTS, made_material
from xsense_training.data.touch_set import SAME, UNSEEN
from xsense_training.recipes.crossnet.data import Material, split
from xsense_training.recipes.crossnet.protocol import asked_with, directions


@pytest.fixture(scope='module')
def material() -> Material:
    return made_material()


def owners(material: Material, rows: dict[str, np.ndarray]) -> set[int]:
    return {int(o) for s, own in rows.items() for o in material.object_of[s][own]}


@pytest.mark.parametrize('fold', range(3))
def test_unseen_objects_share_nothing_with_training(material: Material, fold: int) -> None:
    parts = split(material, UNSEEN, fold)
    trained, validated, tested = (
        owners(material, rows) for rows in (parts.train, parts.validation, parts.test)
    )
    assert not trained & tested and not trained & validated and not validated & tested
    assert len(trained | validated | tested) == OBJECTS


@pytest.mark.parametrize('protocol', [UNSEEN, SAME])
def test_units_kept_for_the_test_are_in_no_part(material: Material, protocol: str) -> None:
    for fold in range(2):
        parts = split(material, protocol, fold)
        for rows in (parts.train, parts.validation, parts.test):
            assert not any(material.strange[s][own].any() for s, own in rows.items())
        assert material.strange['touch'][parts.strange].all()
        tested = material.object_of['touch'][parts.test['touch']]
        assert set(material.object_of['touch'][parts.strange]) <= set(tested)


def test_same_objects_are_tested_on_instances_that_did_not_train(material: Material) -> None:
    parts = split(material, SAME, 0)
    assert owners(material, parts.test) == owners(material, parts.train) == set(range(OBJECTS))
    for sense, rows in parts.train.items():
        used = {material.files[sense][row].concept for row in rows}
        assert not used & {material.files[sense][row].concept for row in parts.test[sense]}


def test_folds_differ_and_the_first_is_the_sets_own(material: Material) -> None:
    first = owners(material, split(material, UNSEEN, 0).test)
    listed = material.found.splits[UNSEEN].by_group('test', 'object')
    assert {material.found.media.classes[o] for o in first} == set(listed)
    assert first != owners(material, split(material, UNSEEN, 1).test)


def test_every_sense_asks_every_sense_and_nothing_asks_for_itself(material: Material) -> None:
    parts = split(material, UNSEEN, 0)
    tasks = directions(material, parts.test)
    assert len(tasks) == 9
    for task in tasks:
        same = task.query.concept[:, None] == task.gallery.concept[None, :]
        assert np.array_equal(task.relevance, same) and task.relevance.any(axis=1).all()
        if task.query.modality == task.gallery.modality:
            assert not set(task.query.rows) & set(task.gallery.rows)


def test_few_samples_of_an_object_are_evenly_spread(material: Material) -> None:
    rows = split(material, UNSEEN, 0).train
    for most in (1, 3, INSTANCES + 1):
        (first, *_) = directions(material, rows, within=False, most=most)
        held = np.bincount(first.query.concept, minlength=OBJECTS)
        full = np.bincount(material.object_of['image'][rows['image']], minlength=OBJECTS)
        assert np.array_equal(held, np.minimum(full, most))


def test_other_queries_of_the_same_sense(material: Material) -> None:
    parts = split(material, UNSEEN, 0)
    task = next(t for t in directions(material, parts.test) if t.name == 'touch->image')
    asked = asked_with(material, task, parts.strange)
    assert np.array_equal(asked.query.rows, parts.strange)
    assert np.array_equal(asked.gallery.rows, task.gallery.rows)
    assert asked.relevance.any(axis=1).all()
