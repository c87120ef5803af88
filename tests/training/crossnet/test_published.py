# SPDX-License-Identifier: Apache-2.0
"""The published variant: what its released code gets wrong does not come back.

The released code computes queries from their answers, mines negatives by file names, keeps no
weights and chooses them on what it reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.crossnet.world import write_tree
from xsense_ros.errors import InputError
from xsense_training.data.touch_set import SAME, UNSEEN
from xsense_training.evaluate.outcome import Outcome
from xsense_training.losses.map_triplet import MapTriplet
from xsense_training.models.crossnet import CrossNet
from xsense_training.recipes.crossnet.asked import SENSES, Asked
from xsense_training.recipes.crossnet.data import Material, Parts, load, split
from xsense_training.recipes.crossnet.describe import Describer
from xsense_training.recipes.crossnet.protocol import directions
from xsense_training.recipes.crossnet.published import (
    PUBLISHED,
    PublishedConfig,
    fit_published,
    judge_pairs,
    training_pairs,
)
from xsense_training.recipes.crossnet.published_task import CrossNetTask, another_object

CONFIG = replace(
    PUBLISHED,
    train=replace(PUBLISHED.train, steps=1, validate_every=1, warmup=0, prefetch=0),
    size=32,
    batch=4,
)


def tree_material(root: Path) -> Material:
    found = load(f'touch-sim:{write_tree(root)}', root)
    files = {sense: found.of(sense) for sense in found.senses}
    return Material(found, files, {}, Describer.__new__(Describer), {})


@pytest.fixture(scope='module')
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return tree_material(tmp_path_factory.mktemp('set'))


@pytest.fixture(scope='module')
def parts(material: Material) -> Parts:
    return split(material, UNSEEN, 0)


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp('run')


@pytest.fixture(scope='module')
def asked(material: Material, parts: Parts, folder: Path) -> Asked:
    return fit_published(material, parts, folder, CONFIG)


@pytest.fixture
def other_touches(material: Material) -> Iterator[Material]:
    """The same set with every touch in the place of another."""
    touches = material.files['touch']
    moved = [replace(f, path=touches[i - 7].path) for i, f in enumerate(touches)]
    yield replace(material, files={**material.files, 'touch': moved})


def test_asked_with_one_sense_the_other_changes_nothing(
    asked: Asked, other_touches: Material, parts: Parts
) -> None:
    rows = parts.test['image']
    elsewhere = Asked(asked.net, asked.means, other_touches)
    assert np.array_equal(asked.vectors('image', rows), elsewhere.vectors('image', rows))


def test_asked_with_pairs_the_query_holds_its_answer(
    asked: Asked, other_touches: Material, material: Material, parts: Parts
) -> None:
    (task, *_) = directions(material, {s: parts.test[s] for s in SENSES}, within=False)
    elsewhere = Asked(asked.net, asked.means, other_touches)
    rows = parts.test['image']
    assert not np.array_equal(
        asked.vectors('image', rows, rows), elsewhere.vectors('image', rows, rows)
    )
    assert not np.array_equal(asked.from_pairs(task), elsewhere.from_pairs(task))


def test_similarities_are_cosines_for_any_number_of_queries(
    asked: Asked, material: Material, parts: Parts
) -> None:
    rows = {'touch': parts.test['touch'], 'image': parts.train['image'][:5]}
    for task in directions(material, rows, within=False):
        for found in (asked(task), asked.from_pairs(task)):
            assert found is not None
            assert found.shape == task.relevance.shape
            assert np.abs(found).max() <= 1 + 1e-5


def test_every_row_is_embedded_once_and_none_is_dropped(
    asked: Asked, material: Material, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The released validation embeds the set again for every batch, and drops the last one."""
    seen: list[int] = []
    fresh = Asked(asked.net, asked.means, material)
    forward = asked.net.forward

    def counting(touch: torch.Tensor, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        seen.append(len(touch))
        return forward(touch, image)

    monkeypatch.setattr(asked.net, 'forward', counting)
    rows = {sense: parts.train[sense] for sense in SENSES}
    for task in directions(material, rows, within=False):
        assert fresh(task) is not None
    assert sum(seen) == len(rows['touch']) + len(rows['image'])


def test_what_it_cannot_answer_it_does_not(asked: Asked, material: Material, parts: Parts) -> None:
    for task in directions(material, parts.test):
        known = {task.query.modality, task.gallery.modality} == set(SENSES)
        assert (asked(task) is not None) == known


def test_rows_asked_with_pairs_are_controls_in_a_split_of_their_own(
    asked: Asked, material: Material, parts: Parts
) -> None:
    found: list[Outcome] = judge_pairs(asked, material, parts, UNSEEN, 3)
    assert {o.kind for o in found} == {'control', 'chance'}
    assert {o.split for o in found} == {'unseen objects, query computed from its pair'}
    assert {o.direction for o in found} == {'touch->image', 'image->touch'}


def test_a_fit_is_kept_and_recalled_bit_for_bit(
    asked: Asked, material: Material, parts: Parts, folder: Path
) -> None:
    history = (folder / 'network' / 'history.json').stat().st_mtime_ns
    again = fit_published(material, parts, folder, CONFIG)
    assert (folder / 'network' / 'history.json').stat().st_mtime_ns == history
    for sense in SENSES:
        rows = parts.test[sense]
        assert np.array_equal(asked.vectors(sense, rows), again.vectors(sense, rows))


def test_what_is_tested_is_not_looked_at(tmp_path: Path) -> None:
    """Choosing by what is reported would need files that are not there."""
    material = tree_material(tmp_path / 'set')
    parts = split(material, UNSEEN, 0)
    for sense, rows in parts.test.items():
        for row in rows:
            material.files[sense][row].path.unlink()
    fitted = fit_published(material, parts, tmp_path / 'run', CONFIG)
    assert fitted.means.keys() == set(SENSES)


def test_pairs_are_touches_and_pictures_of_one_instance(material: Material) -> None:
    parts = split(material, SAME, 0)
    pairs = training_pairs(material, parts)
    assert len(pairs['touch']) == len(pairs['image']) == len(parts.train['touch'])
    for touch, image in zip(pairs['touch'], pairs['image'], strict=True):
        own = material.files['touch'][touch].concept
        assert own == material.files['image'][image].concept


def task(material: Material, parts: Parts, config: PublishedConfig = CONFIG) -> CrossNetTask:
    net = CrossNet(width=16)
    loss = MapTriplet(config.margin, config.distance)
    pairs = training_pairs(material, parts)
    return CrossNetTask(net, material, pairs, loss, config.size, config.batch, dict)


def test_a_batch_is_of_many_objects_and_repeats_by_seed(material: Material, parts: Parts) -> None:
    made = task(material, parts)
    one, same, other = (made.draw(np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert one.touch.shape == one.image.shape == (4, 3, 32, 32)
    assert len(set(one.owner.tolist())) == 4
    assert torch.equal(one.touch, same.touch) and not torch.equal(one.touch, other.touch)
    many = task(material, parts, replace(CONFIG, batch=20)).draw(np.random.default_rng(0))
    assert len(set(many.owner.tolist())) == len(made.own) < 20


@pytest.mark.parametrize('distance', ['whole map', 'last axis'])
def test_gradients_reach_both_trunks(material: Material, parts: Parts, distance: str) -> None:
    made = task(material, parts, replace(CONFIG, distance=distance))
    loss, shown = made.loss(made.draw(np.random.default_rng(0)))
    loss.backward()
    assert shown['triplet'] == pytest.approx(float(loss))
    for trunk in (made.net.touch, made.net.vision):
        assert all(p.grad is not None and p.grad.isfinite().all() for p in trunk.parameters())


def test_every_anchor_has_a_negative_of_another_object() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        owner = torch.from_numpy(rng.integers(0, 3, 8))
        if len(set(owner.tolist())) > 1:
            negative = another_object(owner)
            assert (owner[negative] != owner).all()
            for row, chosen in enumerate(negative.tolist()):
                between = [(row + step) % 8 for step in range(1, (chosen - row) % 8)]
                assert all(owner[i] == owner[row] for i in between)
    with pytest.raises(ValueError, match='one object'):
        another_object(torch.zeros(4, dtype=torch.int64))


def test_objects_and_not_the_beginnings_of_their_names_make_negatives() -> None:
    """The released rule, no file name with the first four characters, in both its faults."""
    names = ['obj1', 'obj10', 'a_obj1']
    released = [[other for other in names if name[:4] not in other] for name in names]
    assert released[0] == []  # 'obj10' and 'a_obj1' are other objects, and are left out
    owner = torch.tensor([0, 1, 2])
    assert (another_object(owner) != owner).all()


def test_one_object_alone_is_refused(material: Material, parts: Parts) -> None:
    rows = training_pairs(material, parts)
    own = material.object_of['touch'][rows['touch']]
    few = {sense: chosen[own == own[0]] for sense, chosen in rows.items()}
    with pytest.raises(InputError, match='at least 2'):
        CrossNetTask(CrossNet(width=16), material, few, MapTriplet(), 32, 4, dict)
