# SPDX-License-Identifier: Apache-2.0
"""From files to descriptions: shapes, the cache, backgrounds, variations."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.crossnet.world import write_tree
from xsense_ros.errors import InputError
from xsense_training.data.media import MediaFile
from xsense_training.data.object_folder import SIMULATED, load_object_folder
from xsense_training.data.root import data_root, require
from xsense_training.data.weights import EFFICIENTNET_LITE0
from xsense_training.features.object_rows import object_rows
from xsense_training.models.efficientnet_lite0 import EfficientNetLite0
from xsense_training.models.knock_statistics import KnockStatistics
from xsense_training.models.touch_trunk import FEATURES, TouchTrunk
from xsense_training.recipes.crossnet.data import load, prepare
from xsense_training.recipes.crossnet.describe import BASELINES, CONTROLS, RAW, TOWERS
from xsense_training.recipes.crossnet.gel import Gel, touch_input
from xsense_training.recipes.crossnet.knocks import impact_input, load_knock
from xsense_training.recipes.crossnet.variations import another_frame, another_press


@pytest.fixture(scope='module')
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tree(tmp_path_factory.mktemp('set'), objects=3, instances=2)


def test_a_frame_without_contact_is_an_empty_press(tree: Path) -> None:
    found = load_object_folder(tree, SIMULATED)
    gel = Gel.of(found)
    background = MediaFile('touch/1/0', tree / 'background' / 'a.png', 'touch', '1', '1/1')
    assert not touch_input()(gel.press(background))['touch'].any()
    felt = touch_input()(gel.press(found.of('touch')[0]))['touch']
    assert felt.shape == (1, 3, 96, 96) and felt.any()


def test_backgrounds_are_means_of_the_frames_a_set_keeps(tree: Path, tmp_path: Path) -> None:
    import cv2

    root = tmp_path / 'set'
    shutil.copytree(tree, root)
    frame = cv2.imread(str(root / 'background' / 'a.png'))
    assert cv2.imwrite(str(root / 'background' / 'a_1.png'), frame + 10)
    mean = Gel.of(load_object_folder(root, SIMULATED)).background['a']
    assert np.array_equal(mean, frame[..., ::-1] + 5)


def test_knocks_are_one_second_from_the_start(tree: Path) -> None:
    found = load_object_folder(tree, SIMULATED)
    knock = load_knock(found.of('impact')[0])
    assert len(knock.samples) == 16000
    assert impact_input()(knock)['log_mel'].shape == (1, 1, 100, 64)


def test_knock_statistics_are_levels_in_doubling_stretches() -> None:
    module, x = KnockStatistics(100, 64), torch.randn(2, 1, 100, 64)
    found = module(x)
    assert found.shape == (2, module.features)
    assert module.stretches == ((0, 2), (2, 4), (4, 8), (8, 16), (16, 32), (32, 64), (64, 100))
    assert torch.allclose(found[:, -64:], x[:, 0, 64:].mean(dim=1), atol=1e-5)


def test_touch_trunk_is_frozen_and_shift_changes_little() -> None:
    torch.manual_seed(0)
    trunk = TouchTrunk(EfficientNetLite0()).train()
    assert not trunk.training and not any(p.requires_grad for p in trunk.parameters())
    x = torch.zeros(1, 3, 96, 96)
    x[..., 24:56, 24:56] = torch.randn(1, 3, 32, 32)
    near = trunk(x)
    assert near.shape == (1, FEATURES) and torch.isfinite(trunk(torch.zeros_like(x))).all()
    moved = trunk(torch.roll(x, (16, 16), (2, 3)))
    assert torch.allclose(near, moved, rtol=0.05, atol=0.02)


def test_rows_are_made_once(tree: Path, tmp_path: Path) -> None:
    files = load_object_folder(tree, SIMULATED).of('touch')
    made: list[str] = []

    def make(file: MediaFile) -> dict[str, np.ndarray]:
        made.append(file.id)
        return {'a': np.full((2, 3), len(made), np.float32)}

    first = object_rows(files, tmp_path, 'one', make)
    assert len(made) == len(files) and first['a'].shape == (len(files), 2, 3)
    again = object_rows(files[::-1], tmp_path, 'one', make)
    assert len(made) == 2 * len(files)  # another order is another content of its objects
    assert np.array_equal(object_rows(files, tmp_path, 'one', make)['a'], first['a'])
    assert again['a'].shape == first['a'].shape
    object_rows(files, tmp_path, 'two', make)
    assert len(made) == 3 * len(files)


def test_variations_follow_from_the_generator() -> None:
    touch = np.random.default_rng(0).normal(size=(1, 3, 32, 32)).astype(np.float32)
    frame = np.random.default_rng(0).integers(0, 255, (40, 50, 3)).astype(np.uint8)
    for vary, x in ((another_press, touch), (another_frame, frame)):
        one, same, other = (vary(x, np.random.default_rng(seed)) for seed in (1, 1, 2))
        assert np.array_equal(one, same) and one.dtype == x.dtype
        assert one.shape != other.shape or not np.array_equal(one, other)
    assert another_press(touch, np.random.default_rng(1)).shape == touch.shape


def test_unknown_sets_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='crossnet'):
        load('nothing:/here', tmp_path)


def test_every_description_of_a_small_tree(tree: Path, tmp_path: Path) -> None:
    try:
        weights = require(data_root(), EFFICIENTNET_LITE0, 'weights')
    except InputError:
        pytest.skip('xsense-train data fetch weights')
    root = tmp_path / 'root'
    (root / EFFICIENTNET_LITE0).parent.mkdir(parents=True)
    shutil.copyfile(weights, root / EFFICIENTNET_LITE0)
    material = prepare(root, f'touch-sim:{tree}')
    for kind in (TOWERS, BASELINES, CONTROLS, RAW):
        for sense in material.senses:
            rows = material.tables[kind].of(sense)
            assert rows.ndim == 3 and len(rows) == 6 and np.isfinite(rows).all()
    assert material.tables[TOWERS].of('touch').shape[2] == FEATURES
    assert material.described(RAW, 'touch') and not material.described(RAW, 'image')
