# SPDX-License-Identifier: Apache-2.0
"""Splits as data: JSON manifests of train, val and test ids, checked whenever one is loaded.

A manifest says which ids each part holds, to which class, object or sequence each id belongs, and
which of these kinds no two parts may share. Whoever loads one gets a split that keeps its promise
or an error that names the id, class or part that breaks it.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_training.data.render import write_atomically

PARTS = ('train', 'val', 'test')
KINDS = ('class', 'object', 'sequence')
_MAKE = 'write the manifest with write_split, or correct it and renew its sha256'


@dataclass(frozen=True)
class Split:
    """Ids of the three parts of a data set.

    Attributes:
        dataset: name of the data set.
        rule: how the parts came about, in a sentence.
        parts: 'train', 'val', 'test' -> ids; val may be empty, the other two not.
        groups: kind ('class', 'object', 'sequence') -> id -> name of the group it belongs to.
        disjoint: kinds of which no group lies in two parts.

    Raises:
        InputError: an unknown part or kind, an empty part, an id that is listed twice or has no
            group, or a group of a disjoint kind that lies in two parts.
    """

    dataset: str
    rule: str
    parts: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    disjoint: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if set(self.parts) != set(PARTS):
            raise InputError(f'parts of {self.dataset}', sorted(self.parts), str(PARTS), _MAKE)
        for part in ('train', 'test'):
            if not self.parts[part]:
                raise InputError(f'{part} of {self.dataset}', 'no id', 'at least one', _MAKE)
        for kind in {*self.groups, *self.disjoint}:
            if kind not in KINDS or kind not in self.groups:
                raise InputError(
                    f'kind of group in {self.dataset}', kind, f'one of {KINDS}, with groups', _MAKE
                )
        require_disjoint({part: {part: ids} for part, ids in self.parts.items()}, _MAKE)
        for kind, group_of in self.groups.items():
            bare = [name for part in PARTS for name in self.parts[part] if name not in group_of]
            if bare:
                raise InputError(f'ids without a {kind} in {self.dataset}', bare, 'none', _MAKE)
        for kind in self.disjoint:
            require_disjoint({part: self.by_group(part, kind) for part in PARTS}, _MAKE)

    def by_group(self, part: str, kind: str = 'class') -> dict[str, list[str]]:
        """Ids of one part by group, groups in order of their name."""
        found: dict[str, list[str]] = {}
        for name in self.parts[part]:
            found.setdefault(self.groups[kind][name], []).append(name)
        return dict(sorted(found.items()))

    def part_of(self) -> dict[str, str]:
        """Part by id."""
        return {name: part for part in PARTS for name in self.parts[part]}

    def require_ids(self, known: Collection[str]) -> None:
        """Checks that every id of the split is in the data set.

        Raises:
            InputError: some are not; names the first of them.
        """
        have = known if isinstance(known, set | frozenset | dict) else set(known)
        unknown = [name for part in PARTS for name in self.parts[part] if name not in have]
        if unknown:
            raise InputError(
                f'{len(unknown)} ids of the split of {self.dataset}',
                unknown[:3],
                f'ids of the data set ({len(have)} of them)',
                'complete the data set, or use the split that was made for it',
            )


def require_disjoint(parts: Mapping[str, Mapping[str, Iterable[str]]], cure: str) -> None:
    """Checks that each group lies in one part and each id in one place.

    Args:
        parts: part -> group -> ids.
        cure: what to do when they overlap.

    Raises:
        InputError: names the group or id, and where it was found twice.
    """
    group_at: dict[str, str] = {}
    id_at: dict[str, str] = {}
    for part, groups in parts.items():
        for group, ids in groups.items():
            _claim(group_at, 'group', group, part, cure)
            for name in ids:
                _claim(id_at, 'id', name, part, cure)


def _claim(taken: dict[str, str], what: str, name: str, part: str, cure: str) -> None:
    if name in taken:
        raise InputError(
            f'{what} {name!r} of a split',
            f'{taken[name]} and {part}' if taken[name] != part else f'twice in {part}',
            'one place only',
            cure,
        )
    taken[name] = part


def split_by_class(
    dataset: str, class_of: Mapping[str, str], classes: Mapping[str, Collection[str]], rule: str
) -> Split:
    """Class-disjoint split of ids by lists of classes; ids of unlisted classes are left out.

    Args:
        dataset: name of the data set.
        class_of: class of each id, in the order that the parts keep.
        classes: part -> its classes.
        rule: where the lists come from.

    Raises:
        InputError: a listed class has no id, or lies in two parts.
    """
    counts = Counter(class_of.values())
    empty = [name for part in PARTS for name in classes[part] if name not in counts]
    if empty:
        raise InputError(
            f'classes of the split of {dataset}',
            empty,
            f'classes that the data set holds ({len(counts)} of them)',
            'complete the data set, or use the lists that were made for it',
        )
    # Overlapping lists give an id to both parts, and Split refuses that.
    parts = {
        part: tuple(name for name, label in class_of.items() if label in set(classes[part]))
        for part in PARTS
    }
    kept = {name: class_of[name] for part in PARTS for name in parts[part]}
    return Split(dataset, rule, parts, {'class': kept}, ('class',))


def split_by_fold(
    dataset: str,
    fold_of: Mapping[str, int],
    held_out: int,
    groups: Mapping[str, Mapping[str, str]],
    disjoint: tuple[str, ...] = (),
    folds: int = 5,
) -> Split:
    """Split of one fold: it is tested on, the next one validates, the others train.

    Args:
        dataset: name of the data set.
        fold_of: fold of each id, in the order that the parts keep.
        held_out: fold to test on.
        groups: kind -> id -> group, as in Split.
        disjoint: kinds of which no group may lie in two parts.
        folds: number of folds.

    Raises:
        InputError: as Split.
    """
    val = (held_out + 1) % folds
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    for name, fold in fold_of.items():
        parts['test' if fold == held_out else 'val' if fold == val else 'train'].append(name)
    rule = f'fold {held_out} of {folds} is tested on, fold {val} validates'
    return Split(dataset, rule, {p: tuple(ids) for p, ids in parts.items()}, groups, disjoint)


def shuffled_classes(
    classes: Iterable[str], sizes: tuple[int, int, int], seed: int
) -> dict[str, list[str]]:
    """Train, val and test classes in the order of the SHA-256 of `seed:name`.

    Unlike a random generator, this gives every version of every library the same split.

    Raises:
        InputError: there are not exactly as many classes as the sizes add up to.
    """
    names = sorted(set(classes))
    if len(names) != sum(sizes):
        raise InputError(
            'number of classes', len(names), f'{sum(sizes)} = {sizes}', 'complete the data set'
        )
    names.sort(key=lambda name: hashlib.sha256(f'{seed}:{name}'.encode()).digest())
    train, val, _ = sizes
    return {
        'train': sorted(names[:train]),
        'val': sorted(names[train : train + val]),
        'test': sorted(names[train + val :]),
    }


def proportional(count: int, shares: tuple[int, int, int]) -> tuple[int, int, int]:
    """Sizes of train, val and test in the ratio of the shares; rounding goes to train.

    >>> proportional(200, (2, 1, 1)), proportional(7, (2, 1, 1))
    ((100, 50, 50), (5, 1, 1))
    """
    val, test = (count * share // sum(shares) for share in shares[1:])
    return count - val - test, val, test


def digest(split: Split) -> str:
    """Hex SHA-256 over the ids of every part, in their order."""
    lists = [[part, list(split.parts[part])] for part in PARTS]
    return hashlib.sha256(json.dumps(lists, ensure_ascii=False).encode()).hexdigest()


def write_split(split: Split, path: Path) -> None:
    """Stores a split as JSON; ids are listed once per part and once per kind of group."""
    groups: dict[str, dict[str, list[str]]] = {}
    for kind, group_of in split.groups.items():
        listed: dict[str, list[str]] = groups.setdefault(kind, {})
        for part in PARTS:
            for name in split.parts[part]:
                listed.setdefault(group_of[name], []).append(name)
    manifest = {
        'schema_version': 1,
        'dataset': split.dataset,
        'rule': split.rule,
        'disjoint': list(split.disjoint),
        'sha256': digest(split),
        **{part: list(split.parts[part]) for part in PARTS},
        'groups': groups,
    }
    write_atomically(path, (json.dumps(manifest, indent=1, ensure_ascii=False) + '\n').encode())


def read_split(path: Path, dataset: str | None = None) -> Split:
    """The split of a manifest.

    Args:
        path: file that write_split wrote.
        dataset: name that it must be made for; None accepts any.

    Raises:
        InputError: no such file, not a manifest, made for another data set, changed by hand, or
            any fault that Split names.
    """
    try:
        manifest = json.loads(path.read_text('utf-8'))
        groups = {kind: _group_of(kind, names) for kind, names in manifest['groups'].items()}
        split = Split(
            manifest['dataset'],
            manifest['rule'],
            {part: tuple(manifest[part]) for part in PARTS},
            groups,
            tuple(manifest['disjoint']),
        )
        found = (manifest['schema_version'], manifest['sha256'])
    except (OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            'split manifest', str(path), 'a JSON file of write_split', _MAKE
        ) from error
    if found != (1, digest(split)):
        raise InputError(
            f'schema_version and sha256 of {path}', found, str((1, digest(split))), _MAKE
        )
    if dataset is not None and split.dataset != dataset:
        raise InputError(
            f'dataset of {path}', split.dataset, dataset, 'pass the matching manifest'
        )
    return split


def _group_of(kind: str, names: Mapping[str, list[str]]) -> dict[str, str]:
    """Group by id; an id in two groups of one kind is refused."""
    require_disjoint(
        {group: {group: ids} for group, ids in names.items()}, f'give each id one {kind}'
    )
    return {name: group for group, ids in names.items() for name in ids}
