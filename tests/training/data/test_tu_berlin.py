# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.training.data.public_trees import tu_berlin_tree
from xsense_ros.errors import InputError
from xsense_training.data.media import MediaSet
from xsense_training.data.splits import write_split
from xsense_training.data.tu_berlin import load_tu_berlin, tu_berlin_split


@pytest.fixture(scope='module')
def media(tmp_path_factory: pytest.TempPathFactory) -> MediaSet:
    return load_tu_berlin(tu_berlin_tree(tmp_path_factory.mktemp('tu')))


def test_classes_meet_by_their_words(media: MediaSet) -> None:
    assert len(media.classes) == 250
    balloon = [file for file in media.files if file.label == 'hot air balloon']
    assert {file.path.parent.name for file in balloon} == {'hot air balloon', 'hot_air_balloon'}
    # No sketch was drawn from one of the photographs.
    assert len({file.concept for file in media.files}) == len(media.files)


def test_220_30_tests_where_photos_are_many(media: MediaSet, tmp_path: Path) -> None:
    split = tu_berlin_split(media, min_photos=2)
    assert [len(split.by_group(part)) for part in ('train', 'val', 'test')] == [200, 20, 30]
    photos = media.counts()['image']
    assert all(photos[label] >= 2 for label in split.by_group('test'))
    anywhere = tu_berlin_split(media, min_photos=0)
    assert any(photos[label] == 1 for label in anywhere.by_group('test'))
    write_split(split, tmp_path / 'split.json')
    assert tu_berlin_split(media, tmp_path / 'split.json') == split
    with pytest.raises(InputError, match=r'at least 400 photos: got 0'):
        tu_berlin_split(media)


def test_other_folder_names(tmp_path: Path) -> None:
    tu_berlin_tree(tmp_path, 3)
    (tmp_path / 'png').rename(tmp_path / 'sketches')
    (tmp_path / 'ImageResized').rename(tmp_path / 'photos')
    assert len(load_tu_berlin(tmp_path).classes) == 3


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'sketches of TU-Berlin.*png or sketches'):
        load_tu_berlin(tmp_path)
    tu_berlin_tree(tmp_path, 3)
    shutil.copytree(tmp_path / 'png/hot air balloon', tmp_path / 'png/hot-air-balloon')
    with pytest.raises(InputError, match='same words'):
        load_tu_berlin(tmp_path)
    shutil.rmtree(tmp_path / 'png/hot-air-balloon')
    shutil.rmtree(tmp_path / 'ImageResized/hot_air_balloon')
    with pytest.raises(InputError, match=r"\['hot air balloon'\]"):
        load_tu_berlin(tmp_path)
