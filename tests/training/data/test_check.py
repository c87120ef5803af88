# SPDX-License-Identifier: Apache-2.0
"""`xsense-train data check` on public sets in their layouts."""

from __future__ import annotations

import io
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from tests.training.data import public_trees
from xsense_ros.errors import InputError
from xsense_training.data import check as check_module
from xsense_training.data.check import check
from xsense_training.data.public_sets import PUBLIC_SETS


def report(name: str, root: Path | None = None) -> tuple[int, str]:
    out = io.StringIO()
    status = check(name, root, Console(file=out, width=200))
    return status, out.getvalue()


def tree_of(name: str, root: Path) -> Path:
    if name in ('ave', 'mv10k'):
        arrays = public_trees.packed_arrays()
        return public_trees.packed_file(root / 'features.h5', arrays).parent
    if name == 'folders':
        for label in 'abcde':
            for modality in ('image', 'sketch'):
                content = public_trees.picture_bytes('1.png')
                public_trees.write(root / modality / label / '1.png', content)
        return root
    if name.startswith(('objectfolder', 'touch-sim')):
        tree = public_trees.SAME_OBJECTS if name.endswith('real') else public_trees.UNSEEN_OBJECTS
        return public_trees.touch_tree(root, tree)
    if name == 'crossnet-flat':
        return public_trees.crossnet_tree(root, {'train': ('obj1',), 'val': ('obj2',)})
    if name == 'm3fd':
        return public_trees.m3fd_tree(root)
    if name == 'm3fd-cropped':
        return public_trees.m3fd_cropped_tree(root)
    make = {
        'sketchy': public_trees.sketchy_tree,
        'cub': public_trees.cub_tree,
        'vegas': public_trees.vegas_tree,
    }
    make[name](root)
    return root


def known_complete(monkeypatch: pytest.MonkeyPatch, name: str, complete: dict[str, int]) -> None:
    """Makes the tiny set count as the complete one."""
    patched = {**PUBLIC_SETS, name: replace(PUBLIC_SETS[name], complete=complete)}
    monkeypatch.setattr(check_module, 'PUBLIC_SETS', patched)


@pytest.mark.parametrize(
    ('name', 'complete', 'shown'),
    [
        ('sketchy', {'classes': 125, 'image': 250, 'sketch': 375}, 'images/s'),
        ('cub', {'classes': 4, 'image': 8, 'caption': 80}, '001.Black_footed_Albatross'),
        ('vegas', {'classes': 3, 'clip': 15}, '9 train, 3 val, 3 test'),
        ('ave', {'classes': 3}, 'class 1'),
        ('mv10k', {}, '9 train, 3 val, 6 test'),
        ('folders', {}, '5 classes'),
        ('objectfolder', {'classes': 4, 'image': 8, 'touch': 8, 'impact': 8}, '4 train, 2 val'),
        ('objectfolder-real', {'classes': 3, 'touch': 12}, '6 train, 3 val, 3 test'),
        ('touch-sim', {}, 'images/s'),
        ('crossnet-flat', {}, '2 train, 0 val, 2 test'),
        ('m3fd', {'pair': 4, 'box': 8}, 'Motorcycle'),
        ('m3fd-cropped', {'train': 2, 'test': 2}, 'all targets'),
    ],
)
def test_a_complete_set_passes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    complete: dict[str, int],
    shown: str,
) -> None:
    tree_of(name, tmp_path / name)
    known_complete(monkeypatch, name, complete)
    status, text = report(f'{name}:{tmp_path / name}')
    assert status == 0, text
    assert f'{name}: complete' in text
    assert shown in text
    # Without a path it is looked for in the data root.
    assert report(name, tmp_path)[0] == 0


def test_a_part_of_a_set_fails_with_what_is_missing(tmp_path: Path) -> None:
    public_trees.sketchy_tree(tmp_path, ('bat', 'cow'))
    status, text = report(f'sketchy:{tmp_path}')
    assert status == 1
    for line in ('classes: 2 of 125', 'image: 4 of 12500', 'sketch: 6 of 75471'):
        assert f'sketchy is incomplete: {line}' in text
    assert 'number of classes' in text


def test_a_part_of_objectfolder_fails_with_what_is_missing(tmp_path: Path) -> None:
    public_trees.touch_tree(tmp_path, public_trees.UNSEEN_OBJECTS)
    shutil.rmtree(tmp_path / 'audio_spectrogram')
    status, text = report(f'objectfolder:{tmp_path}')
    assert status == 1
    for line in ('classes: 4 of 1000', 'touch: 8 of 100000', 'impact: 0 of 100000'):
        assert f'objectfolder is incomplete: {line}' in text


def test_a_part_of_m3fd_fails_with_what_is_missing(tmp_path: Path) -> None:
    public_trees.m3fd_tree(tmp_path)
    status, text = report(f'm3fd:{tmp_path}')
    assert status == 1
    for line in ('pair: 4 of 4200', 'box: 8 of 34407'):
        assert f'm3fd is incomplete: {line}' in text
    (tmp_path / 'ir/00003.png').unlink()
    status, text = report(f'm3fd:{tmp_path}')
    assert status == 1 and 'one half only' in text and '00003' in text


def test_a_tu_berlin_without_enough_photos_fails(tmp_path: Path) -> None:
    public_trees.tu_berlin_tree(tmp_path, 40)
    status, text = report(f'tu-berlin:{tmp_path}')
    assert status == 1
    assert 'at least 400 photos' in text


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    public_trees.cub_tree(tmp_path)
    shutil.rmtree(tmp_path / 'text_c10')
    status, text = report(f'cub:{tmp_path}')
    assert status == 1
    assert 'text_c10/CLASS/IMAGE.txt' in text
    assert 'Cure:' in text


def test_a_broken_picture_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tree_of('folders', tmp_path)
    (tmp_path / 'image/c/1.png').write_bytes(b'nothing')
    status, text = report(f'folders:{tmp_path}')
    assert status == 1
    assert 'image/c/1.png' in text


@pytest.mark.parametrize('name', ['bogus', 'bogus:/path', 'emoji:/path', ''])
def test_unknown_names_are_answered_with_the_known_ones(name: str) -> None:
    with pytest.raises(InputError, match=r'one of all, .*emoji.*sketchy:PATH'):
        report(name)
