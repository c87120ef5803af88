# SPDX-License-Identifier: Apache-2.0
"""Zero-shot folds of the line-art set: subgroups are unseen, and nothing like them trains."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.data.folds import FOLDS
from xsense_training.data.names import normalise
from xsense_training.data.render import write_atomically

MANIFEST = Path(__file__).parents[2] / 'splits' / 'sketch_folds.json'
_EMPTY_WORDS = frozenset(
    [
        *('a', 'an', 'and', 'at', 'for', 'from', 'in', 'it', 'of', 'off', 'on', 'or', 'the', 'to'),
        *('up', 'with', 'without', 'no', 'big', 'small', 'large', 'little', 'mini', 'open', 'new'),
        *('closed', 'old', 'hot', 'cold', 'left', 'right', 'down', 'back', 'front', 'light'),
        *('black', 'white', 'red', 'orange', 'yellow', 'green', 'blue', 'purple', 'brown'),
        *('pink', 'dark'),
    ]
)


class Folded(Protocol):
    """A named concept with a fold; -1 for one that only ever trains."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def fold(self) -> int:
        """0 to 4, or -1."""
        ...


@dataclass(frozen=True)
class ConceptSplit:
    """Which concepts (C,) are trained on, selected on and tested on.

    Raises:
        InputError: two parts share a concept.
    """

    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    test: NDArray[np.bool_]

    def __post_init__(self) -> None:
        pairs = ((self.train, self.validation), (self.train, self.test))
        if any((one & other).any() for one, other in (*pairs, (self.validation, self.test))):
            raise InputError('split', 'a concept in two parts', 'disjoint parts', 'correct it')


def split(concepts: Sequence[Folded], fold: int) -> ConceptSplit:
    """Fold `fold` is tested on, the next one selects, the others train.

    Left out of training: a thing whose reduced name is that of an unseen one ("cat face" where
    "cat" is unseen), and a concept of another group that shares a content word with one.
    """
    folds = np.array([concept.fold for concept in concepts])
    test, validation = folds == fold, folds == (fold + 1) % FOLDS
    unseen = [c for c, held in zip(concepts, test | validation, strict=True) if held]
    names = {normalise(c.name) for c in unseen}
    words = set().union(*(content_words(c.name) for c in unseen))
    train = np.array(
        [
            not held
            and normalise(c.name) not in names
            and (c.fold >= 0 or not content_words(c.name) & words)
            for c, held in zip(concepts, test | validation, strict=True)
        ]
    )
    return ConceptSplit(train, validation, test)


def content_words(name: str) -> frozenset[str]:
    """Words of a name that say what it shows, each in the singular."""
    words = normalise(name).replace('-', ' ').split()
    return frozenset(normalise(word) for word in words) - _EMPTY_WORDS


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


def write_folds(folds: Mapping[str, int], path: Path = MANIFEST) -> None:
    """Store the fold of each subgroup."""
    manifest = {
        'schema_version': 1,
        'rule': 'subgroups by falling size, each to the fold that holds the fewest concepts',
        'folds': {
            str(fold): sorted(name for name, own in folds.items() if own == fold)
            for fold in range(FOLDS)
        },
    }
    write_atomically(path, (json.dumps(manifest, indent=1) + '\n').encode())


def read_folds(path: Path = MANIFEST) -> dict[str, int]:
    """Fold by subgroup.

    Raises:
        InputError: no such manifest, or a subgroup lies in two folds.
    """
    cure = 'restore it from version control'
    try:
        listed = json.loads(path.read_text('utf-8'))['folds']
        pairs = [(name, int(fold)) for fold, names in listed.items() for name in names]
    except (OSError, KeyError, ValueError, AttributeError, TypeError) as error:
        raise InputError('fold manifest', str(path), 'written by write_folds', cure) from error
    counts = Counter(name for name, _ in pairs)
    twice = [name for name, count in counts.items() if count > 1]
    if twice or any(not 0 <= fold < FOLDS for _, fold in pairs):
        raise InputError('fold manifest', twice or str(path), 'each subgroup in one fold', cure)
    return dict(pairs)
