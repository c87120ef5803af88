# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from xsense_ros.errors import InputError
from xsense_training.data.folds import MANIFEST, read_manifest
from xsense_training.data.splits import (
    PARTS,
    Split,
    digest,
    proportional,
    read_split,
    shuffled_classes,
    split_by_class,
    split_by_fold,
    write_split,
)

IDS = {'train': ('a1', 'a2', 'b1'), 'val': ('c1',), 'test': ('d1', 'd2')}
CLASS_OF = {name: name[0] for ids in IDS.values() for name in ids}


def split(**change: object) -> Split:
    made: dict[str, object] = {
        'dataset': 'toy',
        'rule': 'by hand',
        'parts': IDS,
        'groups': {'class': CLASS_OF},
        'disjoint': ('class',),
    }
    return Split(**{**made, **change})  # type: ignore[arg-type]


def test_groups_and_parts() -> None:
    made = split()
    assert made.by_group('train') == {'a': ['a1', 'a2'], 'b': ['b1']}
    assert made.part_of()['d2'] == 'test'


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_split(split(), tmp_path / 'split.json')
    assert read_split(tmp_path / 'split.json', 'toy') == split()
    with pytest.raises(InputError, match=r"'toy'.*expected other"):
        read_split(tmp_path / 'split.json', 'other')


@pytest.mark.parametrize('kind', ['class', 'object', 'sequence'])
def test_a_group_of_a_disjoint_kind_in_two_parts_is_named(kind: str) -> None:
    shared = {**CLASS_OF, 'c1': 'b'}
    split(groups={kind: shared}, disjoint=())
    with pytest.raises(InputError, match=r"'b'.*train and val"):
        split(groups={kind: shared}, disjoint=(kind,))


def test_validation_classes_are_not_test_classes() -> None:
    classes = {'train': ['a'], 'val': ['b', 'd'], 'test': ['d']}
    with pytest.raises(InputError, match=r"'d1'.*val and test"):
        split_by_class('toy', CLASS_OF, classes, 'both')


@pytest.mark.parametrize(
    ('parts', 'named'),
    [
        ({**IDS, 'val': ('a1',)}, "'a1'.*train and val"),
        ({**IDS, 'test': ('d1', 'd1')}, "'d1'.*twice in test"),
        ({**IDS, 'test': ()}, 'test of toy'),
        ({**IDS, 'val': ('new',)}, "ids without a class.*'new'"),
        ({'train': ('a1',), 'test': ('d1',)}, 'parts of toy'),
    ],
)
def test_faulty_parts_are_refused(parts: dict[str, tuple[str, ...]], named: str) -> None:
    with pytest.raises(InputError, match=named):
        split(parts=parts)


def test_unknown_kinds_are_refused() -> None:
    with pytest.raises(InputError, match='species'):
        split(disjoint=('species',))


def test_unknown_ids_are_named() -> None:
    split().require_ids(CLASS_OF)
    with pytest.raises(InputError, match=r"1 ids of the split of toy.*'c1'"):
        split().require_ids(set(CLASS_OF) - {'c1'})


def test_a_changed_manifest_is_refused(tmp_path: Path) -> None:
    path = tmp_path / 'split.json'
    write_split(split(), path)
    manifest = json.loads(path.read_text())
    lists = [[part, list(IDS[part])] for part in PARTS]
    assert manifest['sha256'] == hashlib.sha256(json.dumps(lists).encode()).hexdigest()
    manifest['val'], manifest['test'] = ['d1'], ['c1', 'd2']
    manifest['disjoint'] = []
    path.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match='sha256'):
        read_split(path)
    manifest['groups']['class']['d'].append('c1')
    path.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"'c1'.*give each id one class"):
        read_split(path)


@pytest.mark.parametrize('content', ['', '[]', '{}', '{"groups": 1}'])
def test_what_is_no_manifest_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / 'split.json'
    path.write_text(content)
    with pytest.raises(InputError, match='split manifest'):
        read_split(path)
    with pytest.raises(InputError, match='split manifest'):
        read_split(tmp_path / 'nothing.json')


def test_shuffled_classes_are_a_partition_by_sha256() -> None:
    names = [f'class {number}' for number in range(20)]
    parts = shuffled_classes(names, (12, 3, 5), seed=1)
    assert sorted(parts['train'] + parts['val'] + parts['test']) == sorted(names)
    assert {part: len(listed) for part, listed in parts.items()} == dict(
        zip(PARTS, (12, 3, 5), strict=True)
    )
    first = min(names, key=lambda name: hashlib.sha256(f'1:{name}'.encode()).hexdigest())
    assert first in parts['train']
    assert shuffled_classes(names[::-1], (12, 3, 5), seed=1) == parts
    assert shuffled_classes(names, (12, 3, 5), seed=2) != parts
    with pytest.raises(InputError, match=r'got 19, expected 20'):
        shuffled_classes(names[1:], (12, 3, 5), seed=1)


def test_proportional_sizes_add_up() -> None:
    assert proportional(200, (2, 1, 1)) == (100, 50, 50)
    assert all(sum(proportional(count, (3, 1, 1))) == count for count in range(30))


def test_digest_depends_on_the_parts_alone() -> None:
    assert digest(split()) == digest(split(rule='another', groups={}, disjoint=()))
    assert digest(split()) != digest(split(parts={**IDS, 'test': ('d2', 'd1')}))


def test_the_shipped_folds_are_a_split_without_a_shared_thing() -> None:
    folds = json.loads(MANIFEST.read_text('utf-8'))['folds']
    key_of = {name: key for keys in folds.values() for key, ids in keys.items() for name in ids}
    pinned = read_manifest()
    made = split_by_fold('see-hear-read', pinned, 0, {'object': key_of}, ('object',))
    assert set(made.parts['test']) == {name for name, fold in pinned.items() if fold == 0}
    assert set(made.parts['val']) == {name for name, fold in pinned.items() if fold == 1}
    assert sum(len(ids) for ids in made.parts.values()) == len(pinned)
