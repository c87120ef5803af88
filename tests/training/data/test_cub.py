# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.training.data.public_trees import CUB_CLASSES, cub_lists, cub_tree, write
from xsense_ros.errors import InputError
from xsense_training.data.cub import load_cub
from xsense_training.data.splits import write_split

LISTS = {'train': CUB_CLASSES[:2], 'val': CUB_CLASSES[2:3], 'test': CUB_CLASSES[3:]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return cub_tree(tmp_path / 'cub')


def test_concepts_hold_all_ten_captions(tree: Path) -> None:
    concepts, _ = load_cub(tree)
    assert [concept.id for concept in concepts[:2]] == [
        'cub/001.Black_footed_Albatross/Black_footed_Albatross_0001',
        'cub/001.Black_footed_Albatross/Black_footed_Albatross_0002',
    ]
    assert len(concepts) == 8
    first, second = concepts[:2]
    assert (first.name, first.category) == ('Black footed Albatross', CUB_CLASSES[0])
    assert first.texts == tuple(
        f'caption {line} of Black_footed_Albatross_0001 .' for line in range(10)
    )
    # The last line has no end and a byte that is not UTF-8.
    assert len(second.texts) == 10
    assert second.texts[9].endswith('. caf')
    assert all(concept.images[0].exists() for concept in concepts)


@pytest.mark.parametrize('pattern', ['{}.txt', '{}classes.txt'])
def test_lists_count_to_the_last_line(tree: Path, pattern: str) -> None:
    cub_lists(tree, LISTS, pattern)
    concepts, split = load_cub(tree)
    assert {part: tuple(split.by_group(part)) for part in LISTS} == LISTS
    fold = {concept.category: concept.fold for concept in concepts}
    assert (fold[CUB_CLASSES[3]], fold[CUB_CLASSES[2]]) == (0, 1)
    assert all(fold[label] in (2, 3, 4) for label in CUB_CLASSES[:2])


def test_without_a_test_list_the_rest_is_tested(tree: Path) -> None:
    cub_lists(tree / 'CUB_200_2011', {part: LISTS[part] for part in ('train', 'val')})
    _, split = load_cub(tree)
    assert tuple(split.by_group('test')) == LISTS['test']


def test_without_lists_classes_are_drawn(tree: Path) -> None:
    _, split = load_cub(tree, seed=3)
    assert [len(split.by_group(part)) for part in LISTS] == [2, 1, 1]
    assert load_cub(tree, seed=3)[1] == split
    assert 'seed 3' in split.rule


def test_the_folder_itself_works_without_a_list_of_pictures(tree: Path) -> None:
    (tree / 'CUB_200_2011' / 'images.txt').unlink()
    (tree / 'CUB_200_2011' / 'images' / CUB_CLASSES[0] / 'stray_rgb.jpg').unlink()
    shutil.move(tree / 'text_c10', tree / 'CUB_200_2011' / 'text_c10')
    assert len(load_cub(tree / 'CUB_200_2011')[0]) == 8


def test_captions_one_level_deeper(tree: Path) -> None:
    (tree / 'cvpr2016_cub/text_c10').mkdir(parents=True)
    shutil.move(tree / 'text_c10', tree / 'cvpr2016_cub/text_c10/text')
    cub_lists(tree / 'cvpr2016_cub', LISTS, '{}classes.txt')
    assert load_cub(tree)[1].rule == 'class lists beside the data'


def test_a_manifest_decides(tree: Path, tmp_path: Path) -> None:
    _, split = load_cub(tree, seed=1)
    write_split(split, tmp_path / 'split.json')
    assert load_cub(tree, tmp_path / 'split.json')[1] == split
    shutil.rmtree(tree / 'CUB_200_2011' / 'images' / CUB_CLASSES[1])
    (tree / 'CUB_200_2011' / 'images.txt').unlink()
    with pytest.raises(InputError, match='ids of the split of cub'):
        load_cub(tree, tmp_path / 'split.json')


def test_a_class_in_two_lists_is_refused(tree: Path) -> None:
    cub_lists(tree, {**LISTS, 'val': CUB_CLASSES[2:4]})
    with pytest.raises(InputError, match='val and test'):
        load_cub(tree)


def test_a_class_in_no_list_is_named(tree: Path) -> None:
    cub_lists(tree, {**LISTS, 'train': CUB_CLASSES[:1]})
    with pytest.raises(InputError, match=r'002\.Laysan_Albatross'):
        load_cub(tree)


def test_the_lua_form_is_refused_with_a_cure(tree: Path) -> None:
    shutil.rmtree(tree / 'text_c10')
    write(tree / 'cub_icml' / f'{CUB_CLASSES[0]}.t7', b'\x04')
    with pytest.raises(InputError, match=r'\.t7.*never loaded.*text_c10'):
        load_cub(tree)


@pytest.mark.parametrize(
    ('gone', 'named'),
    [
        ('text_c10', 'captions of CUB'),
        (f'text_c10/{CUB_CLASSES[1]}', '002.Laysan_Albatross'),
        ('CUB_200_2011/images', 'pictures of CUB'),
        (f'CUB_200_2011/images/{CUB_CLASSES[2]}', '2 pictures of images.txt'),
    ],
)
def test_what_is_missing_is_named(tree: Path, gone: str, named: str) -> None:
    shutil.rmtree(tree / gone)
    with pytest.raises(InputError, match=named):
        load_cub(tree)
