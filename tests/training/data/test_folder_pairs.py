# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.data.public_trees import write
from xsense_ros.errors import InputError
from xsense_training.data.folder_pairs import folder_pairs_split, load_folder_pairs
from xsense_training.data.splits import write_split


def tree(root: Path, classes: str = 'abcde') -> Path:
    for label in classes:
        for name in ('touch', 'vision'):
            write(root / name / label / '1.png', b'x')
            write(root / name / label / f'only_{name}.png', b'x')
    return root


def test_equal_stems_are_one_thing_and_others_are_alone(tmp_path: Path) -> None:
    media = load_folder_pairs(tree(tmp_path))
    assert media.classes == tuple('abcde')
    concepts = [{file.concept for file in media.of(name)} for name in ('touch', 'vision')]
    assert concepts[0] & concepts[1] == {f'{label}/1' for label in 'abcde'}
    assert len(concepts[0] | concepts[1]) == 15


def test_class_disjoint_split(tmp_path: Path) -> None:
    media = load_folder_pairs(tree(tmp_path / 'data'))
    split = folder_pairs_split(media)
    assert [len(split.by_group(part)) for part in ('train', 'val', 'test')] == [3, 1, 1]
    write_split(split, tmp_path / 'split.json')
    assert folder_pairs_split(media, tmp_path / 'split.json') == split
    few = load_folder_pairs(tree(tmp_path / 'few', 'ab'))
    with pytest.raises(InputError, match='at least 5'):
        folder_pairs_split(few)
    with pytest.raises(InputError, match='ids of the split'):
        folder_pairs_split(few, tmp_path / 'split.json')


def test_modalities_are_named_when_there_are_more(tmp_path: Path) -> None:
    tree(tmp_path)
    write(tmp_path / 'audio' / 'a' / '1.wav', b'x')
    with pytest.raises(InputError, match=r"\['audio', 'touch', 'vision'\].*two folders"):
        load_folder_pairs(tmp_path)
    assert len(load_folder_pairs(tmp_path, ('touch', 'vision')).files) == 20
    with pytest.raises(InputError, match=r"in one modality only.*'b', 'c'"):
        load_folder_pairs(tmp_path, ('audio', 'vision'))


def test_errors_name_the_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='nowhere'):
        load_folder_pairs(tmp_path / 'nowhere')
    tree(tmp_path)
    write(tmp_path / 'touch' / 'a' / '1.jpg', b'x')
    with pytest.raises(InputError, match='touch/a/1'):
        load_folder_pairs(tmp_path)
    (tmp_path / 'touch' / 'a' / '1.jpg').unlink()
    (tmp_path / 'touch' / 'f').mkdir()
    with pytest.raises(InputError, match=r"classes without a file.*'f'"):
        load_folder_pairs(tmp_path)
