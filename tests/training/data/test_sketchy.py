# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.training.data.public_trees import SKETCHY_CLASSES, sketchy_tree, write
from xsense_ros.errors import InputError
from xsense_training.data.media import MediaSet
from xsense_training.data.samples import concept_pairs
from xsense_training.data.sketchy import UNSEEN_21, load_sketchy, sketchy_split
from xsense_training.data.splits import write_split


@pytest.fixture(scope='module')
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sketchy_tree(tmp_path_factory.mktemp('sketchy'))


@pytest.fixture(scope='module')
def media(tree: Path) -> MediaSet:
    return load_sketchy(tree)


def test_every_class_and_file(media: MediaSet) -> None:
    assert media.classes == tuple(sorted(SKETCHY_CLASSES))
    assert media.counts()['image'] == dict.fromkeys(SKETCHY_CLASSES, 2)
    assert media.counts()['sketch'] == dict.fromkeys(SKETCHY_CLASSES, 3)
    assert all(file.path.exists() and file.label in file.path.parts for file in media.files)


def test_the_photo_of_a_sketch_is_a_photo_and_not_a_class(media: MediaSet) -> None:
    photos = {photo.concept: photo for photo in media.of('image')}
    assert len(photos) == 2 * len(SKETCHY_CLASSES)
    for sketch in media.of('sketch'):
        photo = photos[sketch.concept]
        assert sketch.path.stem.startswith(f'{photo.path.stem}-')
        assert sketch.label == photo.label


def test_samples_pair_sketch_and_photo(media: MediaSet) -> None:
    bats = [
        [file for file in media.of(name) if file.label == 'bat'] for name in ('sketch', 'image')
    ]
    sketches, photos = (media.samples(files, np.eye(len(files))) for files in bats)
    rows = concept_pairs(sketches, photos)
    assert [bats[1][row].path.stem[-1] for row in rows[1]] == ['2', '7', '7']
    assert set(sketches.label) == set(photos.label) == {media.classes.index('bat')}
    with pytest.raises(InputError, match='3 rows for 2 files'):
        media.samples(bats[1], np.eye(3))


def test_the_extended_pool_repeats_no_photo(tree: Path, media: MediaSet) -> None:
    extended = load_sketchy(tree, extended=True)
    new = set(extended.class_of) - set(media.class_of)
    assert len(new) == len(SKETCHY_CLASSES)
    assert all(name.endswith('/ext_1') for name in new)


def test_104_21_tests_on_what_imagenet_lacks(media: MediaSet) -> None:
    split = sketchy_split(media, '104/21')
    assert tuple(split.by_group('test')) == tuple(sorted(UNSEEN_21))
    assert (len(split.by_group('train')), len(split.by_group('val'))) == (94, 10)
    assert len(split.part_of()) == len(media.files)


def test_100_25_by_seed_and_by_manifest(media: MediaSet, tmp_path: Path) -> None:
    split = sketchy_split(media, '100/25', seed=4)
    assert [len(split.by_group(part)) for part in ('train', 'val', 'test')] == [90, 10, 25]
    assert split.parts != sketchy_split(media, '100/25', seed=5).parts
    write_split(split, tmp_path / 'split.json')
    assert sketchy_split(media, tmp_path / 'split.json') == split
    with pytest.raises(InputError, match="'50/50'"):
        sketchy_split(media, '50/50')


def test_the_archive_folder_is_entered(tmp_path: Path) -> None:
    sketchy_tree(tmp_path / '256x256', ('bat', 'cow'))
    assert load_sketchy(tmp_path).classes == ('bat', 'cow')


def test_104_21_needs_its_classes(media: MediaSet) -> None:
    without = [replace(file, label=f'no {file.label}') for file in media.files if 'bat' in file.id]
    others = [file for file in media.files if 'bat' not in file.id]
    with pytest.raises(InputError, match='got 105, expected 104'):
        sketchy_split(MediaSet('sketchy', (*others, *without)), '104/21')
    with pytest.raises(InputError, match=r"classes of the split of sketchy.*'bat'"):
        sketchy_split(MediaSet('sketchy', tuple(others)), '104/21')


@pytest.mark.parametrize(
    ('gone', 'named'),
    [
        ('photo', 'photos of Sketchy.*photo/tx_000000000000'),
        ('sketch/tx_000000000000', 'sketches of Sketchy'),
        ('sketch/tx_000000000000/cow', 'cow'),
        ('EXTEND_image_sketchy', 'extended photos of Sketchy'),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, gone: str, named: str) -> None:
    sketchy_tree(tmp_path, ('bat', 'cow'))
    shutil.rmtree(tmp_path / gone)
    with pytest.raises(InputError, match=named):
        load_sketchy(tmp_path, extended=True)


def test_sketches_without_photo_and_empty_classes_are_named(tmp_path: Path) -> None:
    sketchy_tree(tmp_path, ('bat', 'cow'))
    orphan = write(tmp_path / 'sketch/tx_000000000000/cow/n9_9-1.png', b'')
    with pytest.raises(InputError, match=r'1 sketches of cow without their photo.*n9_9-1'):
        load_sketchy(tmp_path)
    orphan.unlink()
    (tmp_path / 'photo/tx_000000000000/empty').mkdir()
    with pytest.raises(InputError, match='empty'):
        load_sketchy(tmp_path)
