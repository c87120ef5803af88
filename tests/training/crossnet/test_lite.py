# SPDX-License-Identifier: Apache-2.0
"""The lite variant: fitting, selection, keeping; and every method judged on the same questions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.crossnet.world import made_material
from xsense_training.data.touch_set import UNSEEN
from xsense_training.evaluate.system import apply
from xsense_training.models.heads import LinearHead
from xsense_training.recipes.crossnet.config import LITE, LiteConfig
from xsense_training.recipes.crossnet.contrast import OWNER, Contrast, SensesTask
from xsense_training.recipes.crossnet.data import Material, Parts, split
from xsense_training.recipes.crossnet.describe import TOWERS
from xsense_training.recipes.crossnet.inputs import FeatureViews
from xsense_training.recipes.crossnet.judging import (
    SHIPPED,
    baselines,
    controls,
    judge_run,
    judge_units,
    shipped_methods,
)
from xsense_training.recipes.crossnet.protocol import pairs
from xsense_training.recipes.crossnet.recipe import (
    Fitted,
    fit_lite,
    joined,
    recall,
    save,
)

CONFIG = LiteConfig(
    train=replace(LITE, steps=30, validate_every=10, warmup=5),
    contrast=Contrast(objects=8, samples=4),
    dimension=16,
    hidden=16,
)


@pytest.fixture(scope='module')
def material() -> Material:
    return made_material()


@pytest.fixture(scope='module')
def parts(material: Material) -> Parts:
    return split(material, UNSEEN, 0)


@pytest.fixture(scope='module')
def fitted(material: Material, parts: Parts, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return fit_lite(material, parts, tmp_path_factory.mktemp('run'), CONFIG)


def test_what_ships_is_what_validates_best(fitted: Fitted) -> None:
    tried = fitted.notes['validation']
    assert tried[str(fitted.notes['part of the spaces of pairs'])] == max(tried.values())
    # The closed form of all senses is where training starts, so it cannot be beaten by it.
    assert tried['0.0'] >= fitted.notes['generalised CCA']['validation'] - 1e-4


@pytest.mark.parametrize('part', [0.25, 0.5, 1.0])
def test_a_pair_is_compared_in_the_common_space_and_in_its_own(
    material: Material, part: float
) -> None:
    rng = np.random.default_rng(0)
    widths = {s: material.tables[TOWERS].of(s).shape[2] for s in material.senses}

    def heads(*senses: str) -> dict[str, torch.nn.Module]:
        return {s: LinearHead(rng.normal(size=(4, widths[s])), np.zeros(4)) for s in senses}

    common = heads(*material.senses)
    own = {pair: heads(*pair) for pair in pairs(material)}
    both = joined(common, own, part)
    x = {s: material.tables[TOWERS].of(s)[:6, 0] for s in material.senses}
    for a, b in own:
        cosine = apply(both[a], x[a]) @ apply(both[b], x[b]).T
        in_common = apply(common[a], x[a]) @ apply(common[b], x[b]).T
        apart = apply(own[a, b][a], x[a]) @ apply(own[a, b][b], x[b]).T
        expected = ((1 - part) * in_common + part * apart) / (1 - part + 2 * part)
        assert np.allclose(cosine, expected, atol=1e-5)


def test_vectors_are_unit_rows_of_one_width(material: Material, fitted: Fitted) -> None:
    vectors = {
        s: apply(head, material.tables[TOWERS].of(s)[:5, 0]) for s, head in fitted.heads.items()
    }
    assert len({v.shape[1] for v in vectors.values()}) == 1
    for found in vectors.values():
        assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_a_kept_fit_is_the_same(material: Material, fitted: Fitted, tmp_path: Path) -> None:
    save(fitted, tmp_path)
    again = recall(tmp_path)
    assert again.notes == fitted.notes and again.alone.keys() == fitted.alone.keys()
    for sense, head in fitted.heads.items():
        rows = material.tables[TOWERS].of(sense)[:5, 0]
        assert np.array_equal(apply(head, rows), apply(again.heads[sense], rows))


def test_every_method_answers_and_beats_chance(
    material: Material, parts: Parts, fitted: Fitted
) -> None:
    methods = shipped_methods(fitted.heads, fitted.alone, material)
    methods |= baselines(material, parts, 4, ('CCA', 'PLSCA')) | controls(material, parts, 4)
    outcomes = judge_run(material, parts, UNSEEN, 0, methods)
    assert len({o.direction for o in outcomes}) == 9
    for direction in {o.direction for o in outcomes}:
        own = {o.method: o.results.value('mAP') for o in outcomes if o.direction == direction}
        assert {SHIPPED, 'CCA', 'PLSCA', 'chance'} <= own.keys()
        assert own[SHIPPED] > own['chance'] and own['CCA'] > own['chance']
    mean_colour = {o.direction for o in outcomes if o.method == 'picture as mean colour'}
    others = {'image->touch', 'touch->image', 'image->impact', 'impact->image'}
    assert mean_colour == others | {'image->image'}


def test_units_are_judged_apart(material: Material, parts: Parts, fitted: Fitted) -> None:
    methods = shipped_methods(fitted.heads, {}, material)
    found = judge_units(material, parts, UNSEEN, 0, methods)
    splits = {o.split for o in found}
    assert splits == {f'{UNSEEN}, known sensor units', f'{UNSEEN}, unseen sensor units'}
    assert {o.direction for o in found} == {'touch->image', 'touch->impact'}


def senses_task(material: Material, parts: Parts, left_out: float) -> SensesTask:
    towers = {s: torch.nn.Identity() for s in material.senses}
    sources = {s: FeatureViews(material.tables[TOWERS].of(s)) for s in material.senses}
    contrast = Contrast(objects=4, samples=2, left_out=left_out)
    return SensesTask(towers, sources, parts.train, material.object_of, dict, contrast)


def test_a_step_draws_objects_evenly_from_training_rows(material: Material, parts: Parts) -> None:
    task = senses_task(material, parts, 0.0)
    batch = task.draw(np.random.default_rng(0))
    owner = batch[OWNER + 'touch']
    assert torch.equal(owner, batch[OWNER + 'image']) and len(owner.unique()) == 4
    assert set(owner.tolist()) <= set(material.object_of['touch'][parts.train['touch']].tolist())
    assert (owner.bincount()[owner.unique()] == 2).all()


def test_a_sense_is_left_out_by_chance(material: Material, parts: Parts) -> None:
    task, rng = senses_task(material, parts, 1.0), np.random.default_rng(0)
    there = [set(material.senses) & task.draw(rng).keys() for _ in range(20)]
    assert all(len(senses) == 2 for senses in there)
    assert set.union(*there) == set(material.senses)
