# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections import Counter

import pytest

from xsense_ros.errors import InputError
from xsense_training.data.concept import Concept
from xsense_training.data.folds import FOLDS
from xsense_training.data.names import normalise
from xsense_training.data.subgroups import balanced_folds, fold_split, subgroup_folds


def thing(name: str, group: str) -> Concept:
    return Concept(f'emoji/{group}/{name}', 'emoji', name, (name,), category=group)


@pytest.fixture
def concepts() -> list[Concept]:
    """Seven groups of different size; 'cat' and 'cat face', 'rings' lie in two groups each."""
    made = [
        thing(f'{group} number {n} x', group) for n in range(9) for group in 'abcdefg'[n % 5 :]
    ]
    return [
        *made,
        thing('cat', 'a'),
        thing('cat face', 'b'),
        thing('ring', 'c'),
        thing('rings', 'd'),
    ]


def names_by_fold(concepts: list[Concept]) -> list[set[str]]:
    return [{normalise(c.name) for c in concepts if c.fold == fold} for fold in range(FOLDS)]


def test_whole_subgroups_and_no_shared_name(concepts: list[Concept]) -> None:
    folded = subgroup_folds(concepts)
    assert all(len({c.fold for c in folded if c.category == group}) == 1 for group in 'abcdefg')
    names = names_by_fold(folded)
    assert sum(len(own) for own in names) == len(set.union(*names))
    # One of each pair is gone where their groups lie in different folds.
    assert len(concepts) - 2 == len(folded)
    assert subgroup_folds(concepts[::-1]) == folded


def test_together_keeps_all_and_joins_their_subgroups(concepts: list[Concept]) -> None:
    folded = subgroup_folds(concepts, twins='together')
    assert len(folded) == len(concepts)
    fold = {concept.category: concept.fold for concept in folded}
    assert fold['a'] == fold['b']
    assert fold['c'] == fold['d']
    names = names_by_fold(folded)
    assert sum(len(own) for own in names) == len(set.union(*names))


def test_folds_are_of_nearly_equal_size() -> None:
    groups = [f'group {n:02d}' for n in range(40) for _ in range(5 + n % 17)]
    load = Counter(balanced_folds(groups)[group] for group in groups)
    assert max(load.values()) - min(load.values()) <= 5


def test_too_few_subgroups_are_refused(concepts: list[Concept]) -> None:
    with pytest.raises(InputError, match='number of subgroups: got 1'):
        subgroup_folds(concepts, key=lambda concept: 'all')


def test_fold_split_is_disjoint_by_subgroup_and_name(concepts: list[Concept]) -> None:
    folded = subgroup_folds(concepts)
    split = fold_split(folded, held_out=4)
    part_of = split.part_of()
    assert all(
        part_of[concept.id] == {4: 'test', 0: 'val'}.get(concept.fold, 'train')
        for concept in folded
    )
    leaking = [*folded, Concept('emoji/x', 'emoji', folded[0].name, ('x',), category='h', fold=9)]
    with pytest.raises(InputError, match='group'):
        fold_split(leaking, held_out=folded[0].fold)
