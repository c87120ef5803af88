# SPDX-License-Identifier: Apache-2.0
"""CrossNet's flat layout, and folders per object."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.public_trees import crossnet_tree, picture_bytes, write
from xsense_ros.errors import InputError
from xsense_training.data.crossnet_flat import load_crossnet_flat
from xsense_training.data.touch_folders import load_touch_folders
from xsense_training.data.touch_set import SAME, UNSEEN

PICTURE = picture_bytes('1.png')


def test_flat_pairs_by_order(tmp_path: Path) -> None:
    tree = crossnet_tree(tmp_path, {'train': ('obj1', 'obj2'), 'val': ('obj1', 'obj2')})
    found = load_crossnet_flat(tree)
    assert list(found.splits) == [SAME]
    assert found.splits[SAME].parts['val'] == ()
    touches = {f.concept: f for f in found.of('touch', SAME, 'test')}
    pictures = {f.concept: f for f in found.of('image', SAME, 'test')}
    assert set(touches) == set(pictures) and len(touches) == 4
    for concept, touch in touches.items():
        assert touch.path.name.replace('_gel', '') == pictures[concept].path.name
        assert touch.label == touch.path.name[:4]


def test_flat_with_unseen_objects_says_so(tmp_path: Path) -> None:
    tree = crossnet_tree(tmp_path / 'test_dataset', {'train': ('obj1', 'obj2'), 'val': ('obj3',)})
    assert list(load_crossnet_flat(tree.parent).splits) == [UNSEEN]


def test_flat_that_mixes_seen_and_unseen_objects_is_refused(tmp_path: Path) -> None:
    crossnet_tree(tmp_path, {'train': ('obj1', 'obj2'), 'val': ('obj1', 'obj3')})
    with pytest.raises(InputError, match=r"in two parts: got \['obj1'\].*not so: obj3"):
        load_crossnet_flat(tmp_path)


@pytest.mark.parametrize(
    ('add', 'gone', 'named'),
    [
        (None, 'val/touch', 'folder: got .*val/touch'),
        ('val/touch/obj9.png', None, '5 touches, 4 pictures'),
        ('train/vision/.x', 'train/vision', 'pictures: got .*none in'),
        ('val/touch/obj0_gel.png', 'val/touch/obj1_gel_1.png', 'obj0_gel.png and obj1_1.png'),
        ('val/touch/a.png', 'val/touch/obj1_gel_1.png', "name: got 'a.png'"),
    ],
)
def test_a_flat_fault_is_named(
    tmp_path: Path, add: str | None, gone: str | None, named: str
) -> None:
    crossnet_tree(tmp_path, {'train': ('obj1', 'obj2'), 'val': ('obj1', 'obj2')})
    if gone:
        path = tmp_path / gone
        path.rename(tmp_path / 'elsewhere')
    if add:
        write(tmp_path / add, PICTURE)
    with pytest.raises(InputError, match=named):
        load_crossnet_flat(tmp_path)


def object_folders(root: Path, objects: int = 10) -> Path:
    for number in range(objects):
        for i in range(3):
            write(root / f'thing {number}' / 'vision' / f'{i}.png', PICTURE)
            write(root / f'thing {number}' / 'touch' / f'{i}.png', PICTURE)
    return root


def test_a_folder_per_object_is_split_both_ways(tmp_path: Path) -> None:
    found = load_touch_folders(object_folders(tmp_path))
    assert list(found.splits) == [UNSEEN, SAME]
    assert len(found.of('touch')) == len(found.of('image')) == 30
    assert len(found.of('touch', UNSEEN, 'test')) == 3
    assert len(found.of('touch', SAME, 'test')) == 10


def test_folders_of_senses_with_parts_keep_them(tmp_path: Path) -> None:
    for sense in ('vision', 'touch', 'audio'):
        ending = 'wav' if sense == 'audio' else 'png'
        for part in ('train', 'test'):
            for name in ('4', '18'):
                write(tmp_path / sense / part / name / f'1.{ending}', PICTURE)
    found = load_touch_folders(tmp_path)
    assert found.senses == ('image', 'touch', 'impact')
    assert list(found.splits) == [SAME]
    (one, other) = found.of('impact', SAME, 'test')
    assert (one.path, other.label) == (tmp_path / 'audio/test/18/1.wav', '4')


@pytest.mark.parametrize(
    ('gone', 'named'),
    [('thing 3/touch', r"objects without touch: got \['thing 3'\]"), ('', 'folder: got')],
)
def test_a_folder_fault_is_named(tmp_path: Path, gone: str, named: str) -> None:
    tree = object_folders(tmp_path / 'tree')
    (tree / gone).rename(tmp_path / 'elsewhere')
    with pytest.raises(InputError, match=named):
        load_touch_folders(tree)


def test_folders_without_touches_are_refused(tmp_path: Path) -> None:
    write(tmp_path / 'vision/a/1.png', PICTURE)
    with pytest.raises(InputError, match=r'touch of touch-folders: got .*no file'):
        load_touch_folders(tmp_path)
