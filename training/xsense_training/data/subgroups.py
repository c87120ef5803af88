# SPDX-License-Identifier: Apache-2.0
"""Folds by subgroup, for zero-shot tests: whole subgroups of concepts are held out together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Literal

from xsense_ros.errors import InputError
from xsense_training.data.concept import Concept
from xsense_training.data.folds import FOLDS
from xsense_training.data.names import normalise
from xsense_training.data.splits import Split, split_by_fold

Twins = Literal['drop', 'together']


def subgroup_folds(
    concepts: Sequence[Concept],
    key: Callable[[Concept], str] = lambda concept: concept.category,
    twins: Twins = 'drop',
) -> list[Concept]:
    """Concepts with a fold 0 to 4 in which every subgroup lies whole.

    Args:
        concepts: of one or more sources.
        key: subgroup of a concept.
        twins: what happens to near-duplicates (equal normalised name) in different subgroups.
            'drop' keeps, of each name, only what lies in the fold of its first concept by id;
            'together' keeps all and moves their subgroups into one fold.

    Returns:
        concepts with their fold, ordered by id; no normalised name lies in two folds.

    Raises:
        InputError: fewer subgroups than folds.
    """
    names = {concept.id: normalise(concept.name) for concept in concepts}
    subgroup = {concept.id: key(concept) for concept in concepts}
    units = _joined(subgroup, names) if twins == 'together' else {g: g for g in subgroup.values()}
    if len(set(units.values())) < FOLDS:
        raise InputError(
            'number of subgroups',
            len(set(units.values())),
            f'at least {FOLDS}',
            "use a finer key, or twins='drop'",
        )
    fold_of_unit = balanced_folds([units[group] for group in subgroup.values()])
    ordered = sorted(concepts, key=lambda concept: concept.id)
    home: dict[str, int] = {}
    kept = []
    for concept in ordered:
        fold = fold_of_unit[units[subgroup[concept.id]]]
        if home.setdefault(names[concept.id], fold) == fold:
            kept.append(replace(concept, fold=fold))
    return kept


def fold_split(
    concepts: Sequence[Concept],
    held_out: int,
    key: Callable[[Concept], str] = lambda concept: concept.category,
    dataset: str = 'embedded',
) -> Split:
    """Split of one fold: it is tested on, the next one validates, the others train.

    Classes of the split are the subgroups and its objects are the normalised names; both are
    checked to be disjoint.

    Raises:
        InputError: a subgroup or a near-duplicate lies in two parts.
    """
    return split_by_fold(
        dataset,
        {concept.id: concept.fold for concept in concepts},
        held_out,
        {
            'class': {concept.id: key(concept) for concept in concepts},
            'object': {concept.id: normalise(concept.name) for concept in concepts},
        },
        ('class', 'object'),
        FOLDS,
    )


def balanced_folds(subgroups: Iterable[str]) -> dict[str, int]:
    """Fold of each subgroup: the largest first, each to the fold that holds the fewest concepts.

    Args:
        subgroups: of every concept, with repetition.
    """
    load = [0] * FOLDS
    folds = {}
    for name, size in sorted(Counter(subgroups).items(), key=lambda item: (-item[1], item[0])):
        folds[name] = load.index(min(load))
        load[folds[name]] += size
    return folds


def _joined(subgroup: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    """Unit by subgroup: subgroups that share a name, directly or through others, are one."""
    parent = {group: group for group in subgroup.values()}

    def find(group: str) -> str:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    first: dict[str, str] = {}
    for concept, group in subgroup.items():
        one, other = sorted((find(group), find(first.setdefault(names[concept], group))))
        parent[other] = one
    return {group: find(group) for group in parent}
