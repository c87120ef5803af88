# SPDX-License-Identifier: Apache-2.0
"""VEGAS, AVE and MV-10K: features of clips as files and packed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.training.data.public_trees import (
    VEGAS_CLASSES,
    packed_arrays,
    packed_file,
    save_array,
    vegas_tree,
)
from xsense_ros.errors import InputError
from xsense_training.data.ave import load_ave
from xsense_training.data.clip_features import mean_over_time
from xsense_training.data.mv10k import load_mv10k
from xsense_training.data.samples import concept_pairs
from xsense_training.data.vegas import load_vegas


def test_mean_over_time_dequantises_whole_numbers_only() -> None:
    stored = np.array([[0, 128, 255], [4, 128, 1]], np.uint8)
    expected = [np.mean([(x - 128) / 256 for x in column]) for column in stored.T.astype(int)]
    np.testing.assert_allclose(mean_over_time(stored), expected)
    np.testing.assert_allclose(mean_over_time(stored.astype(np.float32)), [2, 128, 128])
    assert mean_over_time(np.zeros((7, 5, 3), np.uint8)).shape == (7, 3)
    assert mean_over_time(stored).min() < 0


@pytest.mark.parametrize('labels', [True, False])
def test_vegas_files(tmp_path: Path, labels: bool) -> None:
    sounds = vegas_tree(tmp_path, labels)
    clips = load_vegas(tmp_path)
    assert clips.sound.features.shape == (15, 128)
    assert clips.image.features.shape == (15, 1024)
    for row, clip in enumerate(clips.ids):
        number = int(clip[-5:])
        expected = ((sounds[clip].astype(float) - 128) / 256).mean(axis=0)
        np.testing.assert_allclose(clips.sound.features[row], expected, atol=1e-6)
        assert clips.fold[row] == number // 3
        name = VEGAS_CLASSES[number % 3].replace('_', ' ')
        assert clips.classes[clips.sound.label[row]] == name
    np.testing.assert_array_equal(clips.sound.label, clips.image.label)
    rows = concept_pairs(clips.sound, clips.image)
    np.testing.assert_array_equal(*rows)
    assert load_vegas(tmp_path / 'Data').ids == clips.ids


def test_labels_decide_where_the_names_of_clips_say_something_else(tmp_path: Path) -> None:
    vegas_tree(tmp_path)
    save_array(tmp_path / 'Data/VEGAS_classes/dog_video_00001.npy', np.eye(10)[9])
    clips = load_vegas(tmp_path)
    assert clips.classes == ('7', '8', '9')
    row = clips.ids.index('dog_video_00001')
    assert clips.classes[clips.image.label[row]] == '9'


def test_vegas_folds_are_splits_by_clip(tmp_path: Path) -> None:
    vegas_tree(tmp_path)
    clips = load_vegas(tmp_path)
    split = clips.split(held_out=2)
    assert sorted(split.parts['test']) == [clips.ids[r] for r in np.flatnonzero(clips.fold == 2)]
    assert sorted(split.parts['val']) == [clips.ids[r] for r in np.flatnonzero(clips.fold == 3)]
    assert set(split.by_group('train')) == set(clips.classes)


def test_vegas_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='folds of vegas'):
        load_vegas(tmp_path)
    vegas_tree(tmp_path)
    data = tmp_path / 'Data'
    (data / 'inception/dog_video_00001.npy').unlink()
    with pytest.raises(InputError, match=r'1 listed clips.*inception.*dog_video_00001'):
        load_vegas(tmp_path)
    save_array(data / 'inception/dog_video_00001.npy', np.zeros(1024, np.uint8))
    with pytest.raises(InputError, match=r'dog_video_00001.*\(1024,\)'):
        load_vegas(tmp_path)
    with (data / 'folds/fold4').open('a') as file:
        file.write('\ndog_video_00001')
    with pytest.raises(InputError, match=r'two places.*dog_video_00001'):
        load_vegas(tmp_path)
    (data / 'folds/fold4').unlink()
    with pytest.raises(InputError, match='got 4, expected 5 lists'):
        load_vegas(tmp_path)


def test_pickled_arrays_are_never_loaded(tmp_path: Path) -> None:
    vegas_tree(tmp_path)
    path = tmp_path / 'Data/vgg/dog_video_00001.npy'
    np.save(path, np.array([{}], object), allow_pickle=True)
    with pytest.raises(InputError, match='dog_video_00001'):
        load_vegas(tmp_path)


@pytest.mark.parametrize('one_hot', [False, True])
@pytest.mark.parametrize('time_axis', [False, True])
@pytest.mark.parametrize('ending', ['h5', 'npz'])
def test_packed(tmp_path: Path, ending: str, time_axis: bool, one_hot: bool) -> None:
    arrays = packed_arrays(time_axis, one_hot)
    path = packed_file(tmp_path / f'AVE_feature_updated_squence.{ending}', arrays)
    clips = load_ave(tmp_path)
    audio = arrays['audio_test'].mean(axis=1) if time_axis else arrays['audio_test']
    np.testing.assert_allclose(clips.sound.features[clips.fold == 0], audio, atol=1e-6)
    assert clips.sound.features.dtype == np.float32
    assert clips.classes == tuple(f'class {i}' for i in ((0, 1, 2) if one_hot else (1, 2, 3)))
    np.testing.assert_array_equal(clips.image.label, [*(np.arange(12) % 3), *(np.arange(6) % 3)])
    for fold in range(1, 5):
        assert sorted(clips.image.label[clips.fold == fold]) == [0, 1, 2]
    assert load_mv10k(path).ids == load_vegas(tmp_path).ids == clips.ids
    assert len(clips.split().parts['test']) == 6


def test_packed_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'packed features of AVE'):
        load_ave(tmp_path)
    arrays = packed_arrays()
    del arrays['lab_test'], arrays['visual_train']
    path = packed_file(tmp_path / 'a.h5', arrays)
    with pytest.raises(InputError, match=r"\['visual_train', 'lab_test'\]"):
        load_ave(path)
    arrays = packed_arrays()
    arrays['visual_train'] = arrays['visual_train'][:-1]
    with pytest.raises(InputError, match=r'visual_train.*\(11, 1024\)'):
        load_ave(packed_file(tmp_path / 'b.npz', arrays))
    with pytest.raises(InputError, match=r"\['a.h5', 'b.npz'\]"):
        load_ave(tmp_path)
    path.write_bytes(b'no file of this kind')
    with pytest.raises(InputError, match=r'an \.h5 or \.npz file'):
        load_ave(path)
