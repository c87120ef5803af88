# SPDX-License-Identifier: Apache-2.0
"""The production task: what it may see, and what it pulls together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from xsense_training.data.line_art_split import ConceptSplit
from xsense_training.features.sketch_set import SketchSet
from xsense_training.losses.info_nce import InfoNce
from xsense_training.models.efficientnet_lite0 import EfficientNetLite0
from xsense_training.models.sketch_trunk import SketchTrunk
from xsense_training.recipes.sketch.augment import flip, redraw, repaint, warp
from xsense_training.recipes.sketch.contrast import PICTURE_PAIR, ContrastTask
from xsense_training.trainer import TrainConfig, train


def make_task(
    shapes: SketchSet, parts: ConceptSplit, styles: tuple[int, ...] = (0, 1)
) -> ContrastTask:
    torch.manual_seed(0)
    trunk = SketchTrunk(EfficientNetLite0(), shapes.size, width=4, dimension=8)
    weight = np.ones(len(shapes.names))
    return ContrastTask(trunk, shapes, parts.train, weight, styles, lambda: {'score': 0.0}, 4)


def test_unseen_concepts_never_enter_a_batch(shapes: SketchSet, parts: ConceptSplit) -> None:
    task = make_task(shapes, parts)
    assert set(task.concepts) == set(np.flatnonzero(parts.train))
    rows = np.concatenate([*task.lines.values()])
    assert parts.train[shapes.drawing_concept[rows]].all()
    rows = np.concatenate([*task.pictures.values()])
    assert parts.train[shapes.picture_concept[rows]].all()
    generator = np.random.default_rng(0)
    for _ in range(20):
        batch = task.draw(generator)
        assert parts.train[batch.concept.numpy()].all()
        assert len(set(batch.concept.tolist())) == len(batch.concept)


def test_rasters_of_unseen_concepts_change_nothing(shapes: SketchSet, parts: ConceptSplit) -> None:
    from dataclasses import replace

    unseen = ~parts.train
    drawing, picture = shapes.drawing.copy(), shapes.picture.copy()
    drawing[unseen[shapes.drawing_concept]] = 7
    picture[unseen[shapes.picture_concept]] = 7
    other = replace(shapes, drawing=drawing, picture=picture)
    one, two = (make_task(s, parts).draw(np.random.default_rng(3)) for s in (shapes, other))
    for a, b in zip(one, two, strict=True):
        assert torch.equal(a, b)


def test_a_style_that_must_not_train_is_absent_with_its_line_art(
    shapes: SketchSet, parts: ConceptSplit
) -> None:
    task = make_task(shapes, parts, styles=(1,))
    pictured = np.concatenate([*task.pictures.values()])
    drawn = np.concatenate([*task.lines.values()])
    assert set(shapes.style[pictured]) == {1}
    assert set(shapes.hand[drawn]) == {0, 2}


def test_two_pictures_have_two_styles(shapes: SketchSet, parts: ConceptSplit) -> None:
    task = make_task(shapes, parts)
    generator = np.random.default_rng(0)
    for concept in task.concepts:
        one, two = task._pair(int(concept), generator)
        assert {shapes.style[one], shapes.style[two]} == {0, 1}


def test_the_loss_is_the_sum_of_its_parts(shapes: SketchSet, parts: ConceptSplit) -> None:
    task = make_task(shapes, parts)
    task.modules.eval()
    batch = task.draw(np.random.default_rng(0))
    total, named = task.loss(batch)
    assert float(total.detach()) == pytest.approx(sum(named.values()))
    nce = InfoNce()
    sketch, first, second = (task.trunk.vectors(x) for x in batch[:3])
    expected = nce(sketch, first, batch.concept) + nce(sketch, second, batch.concept)
    expected = expected + PICTURE_PAIR * nce(first, second, batch.concept)
    torch.testing.assert_close(total, expected, rtol=1e-4, atol=1e-5)


def test_a_short_run_learns_and_its_checkpoint_holds_everything(
    shapes: SketchSet, parts: ConceptSplit, tmp_path: Path
) -> None:
    task = make_task(shapes, parts)
    config = TrainConfig(steps=4, warmup=1, validate_every=2, tensorboard=False)
    before = task.trunk.project.weight.detach().clone()
    front = [p.detach().clone() for p in task.trunk.front.parameters()]
    train(task, config, tmp_path, 'toy')
    stored = torch.load(tmp_path / 'best.pt', weights_only=True)
    assert set(stored) == set(task.modules.state_dict())
    again = make_task(shapes, parts)
    again.modules.load_state_dict(stored)
    picture = torch.randn(2, 3, shapes.size, shapes.size)
    again.modules.eval()
    assert torch.equal(task.trunk(picture), again.trunk(picture))
    last = torch.load(tmp_path / 'checkpoint.pt', weights_only=True)['modules']
    assert not torch.equal(last['trunk.project.weight'], before)
    assert all(
        torch.equal(a, b) for a, b in zip(front, task.trunk.front.parameters(), strict=True)
    )


def test_changes_keep_the_range_and_follow_the_generator() -> None:
    x = torch.rand(4, 1, 24, 24, generator=torch.Generator().manual_seed(0))
    for change, sample in ((redraw, x), (repaint, x.expand(-1, 3, -1, -1))):
        one = change(sample, torch.Generator().manual_seed(5))
        two = change(sample, torch.Generator().manual_seed(5))
        assert torch.equal(one, two)
        assert one.shape == sample.shape
        assert float(one.min()) >= 0 and float(one.max()) <= 1 + 1e-6
        assert not torch.equal(one, sample)


def test_white_comes_in_from_outside_and_rows_are_mirrored_as_marked() -> None:
    blank = torch.ones(3, 1, 16, 16)
    torch.testing.assert_close(warp(blank, torch.Generator().manual_seed(0)), blank)
    x = torch.arange(8.0).reshape(2, 1, 1, 4)
    mirrored = flip(x, torch.tensor([True, False]))
    assert mirrored.flatten().tolist() == [3, 2, 1, 0, 4, 5, 6, 7]
