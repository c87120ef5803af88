# SPDX-License-Identifier: Apache-2.0
"""What the recipe stands on: pictures, presses and knocks of objects, and what describes them.

Every file is described once and kept on disk (features/object_rows.py): by the frozen trunks that
ship, in several views; by the larger features that baselines get; by the few numbers of controls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.data.crossnet_flat import load_crossnet_flat
from xsense_training.data.media import MediaFile, MediaSet
from xsense_training.data.object_folder import (
    DATASET,
    REAL,
    SIMULATED,
    load_object_folder,
)
from xsense_training.data.root import cache_folder, data_root
from xsense_training.data.samples import Samples
from xsense_training.data.splits import PARTS
from xsense_training.data.touch_folders import load_touch_folders
from xsense_training.data.touch_set import UNSEEN, TouchSet, same_split, unseen_split
from xsense_training.features.object_rows import object_rows
from xsense_training.recipes.crossnet.describe import TOWERS, Describer

Floats = NDArray[np.floating]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Table:
    """Rows of every sense by the same kind of description; `of` is what a System asks."""

    rows: Mapping[str, Floats]

    def of(self, modality: str) -> Floats:
        """(N, V, F) of one sense."""
        return self.rows[modality]


@dataclass(frozen=True)
class Material:
    """A set of touched things, described.

    found: the files; files: by sense, in the order of all rows; tables: kind of description ->
    rows of every sense; describer: what made them; given: kind -> senses that are described
    so, the others of its table being as the towers get them.
    """

    found: TouchSet
    files: Mapping[str, list[MediaFile]]
    tables: Mapping[str, Table]
    describer: Describer
    given: Mapping[str, frozenset[str]]

    def described(self, kind: str, sense: str) -> bool:
        """Whether a sense has this kind of description of its own."""
        return sense in self.given.get(kind, ())

    @property
    def dataset(self) -> str:
        """Name of the data set."""
        return self.found.media.dataset

    @property
    def senses(self) -> tuple[str, ...]:
        """The senses that have files."""
        return self.found.senses

    @cached_property
    def object_of(self) -> Mapping[str, Ints]:
        """Sense -> (N,) number of the object of each row."""
        number = {name: i for i, name in enumerate(self.found.media.classes)}
        return {s: np.array([number[f.label] for f in files]) for s, files in self.files.items()}

    @cached_property
    def strange(self) -> Mapping[str, Bools]:
        """Sense -> (N,) whether a row's instance was felt by a unit that no training may see."""
        known = self.found.details
        return {
            sense: np.array([bool(known.get(f.concept, {}).get('unseen_unit')) for f in files])
            for sense, files in self.files.items()
        }

    @cached_property
    def usable(self) -> MediaSet:
        """The files but for instances that no training may see."""
        known = self.found.details
        media = self.found.media
        kept = [f for f in media.files if not known.get(f.concept, {}).get('unseen_unit')]
        return MediaSet(media.dataset, tuple(kept))

    def samples(self, kind: str, sense: str, rows: Ints) -> Samples:
        """Plain views of some rows, for a baseline; the object is the class."""
        own = self.object_of[sense][rows]
        return Samples(sense, self.tables[kind].of(sense)[rows, 0], own, own)


@dataclass(frozen=True)
class Parts:
    """Row numbers by sense of what trains, validates and is tested.

    strange: presses of tested objects by sensor units that no training may see; nothing else
    holds any of those.
    """

    train: Mapping[str, Ints]
    validation: Mapping[str, Ints]
    test: Mapping[str, Ints]
    strange: Ints


def split(material: Material, protocol: str, fold: int) -> Parts:
    """Run `fold` of a protocol; instances of sensor units kept for the test are in no part.

    Run 0 is the split that the set itself lists, where it lists one; the others are drawn by seed.
    A set that lists no validation has a tenth of its training instances for it.
    """
    found = material.found
    chosen = found.splits.get(protocol) if fold == 0 else None
    if chosen is None:
        chosen = (unseen_split if protocol == UNSEEN else same_split)(material.usable, fold)
    part_of = chosen.part_of()
    rows: dict[str, dict[str, Ints]] = {}
    for part in PARTS:
        rows[part] = {}
        for sense in material.senses:
            own = material.files[sense]
            inside = np.array([part_of.get(f.concept) == part for f in own])
            rows[part][sense] = np.flatnonzero(inside)
    train, validation = rows['train'], rows['val']
    if not all(map(len, validation.values())):
        validation = {sense: own[::10] for sense, own in train.items()}
        train = {sense: np.setdiff1d(own, validation[sense]) for sense, own in train.items()}
    tested = np.unique(material.object_of['touch'][rows['test']['touch']])
    strange = material.strange['touch'] & np.isin(material.object_of['touch'], tested)
    return Parts(train, validation, rows['test'], np.flatnonzero(strange))


def load(dataset: str, root: Path) -> TouchSet:
    """The files of a set.

    Args:
        dataset: 'embedded' (touch-sim in the data root), or 'touch-sim:/path',
            'objectfolder:/path', 'objectfolder-real:/path', 'crossnet-flat:/path',
            'touch-folders:/path'.
        root: data root.

    Raises:
        InputError: no such set, or something of it is missing.
    """
    name, _, place = dataset.partition(':')
    if name == 'embedded':
        return load_object_folder(root / SIMULATED, SIMULATED)
    if name in (SIMULATED, DATASET, REAL) and place:
        return load_object_folder(Path(place), name)
    if name == 'crossnet-flat' and place:
        return load_crossnet_flat(Path(place))
    if name == 'touch-folders' and place:
        return load_touch_folders(Path(place))
    raise InputError(
        'data set of crossnet',
        dataset,
        f'embedded, or one of {SIMULATED}, {DATASET}, {REAL}, crossnet-flat, touch-folders '
        'with its :/path',
        'correct the name',
    )


def prepare(root: Path | None, dataset: str = 'embedded') -> Material:
    """Files and their descriptions; the first call computes for some minutes.

    Args:
        root: data root; None means $XSENSE_DATA or its default.
        dataset: as in `load`.

    Raises:
        InputError: a data set or weights are missing; names the command that makes them.
    """
    folder = data_root(root)
    found = load(dataset, folder)
    return describe(found, Describer.load(folder, found), folder)


def describe(found: TouchSet, describer: Describer, root: Path) -> Material:
    """The set with the descriptions of all its files."""
    files = {sense: found.of(sense) for sense in found.senses}
    kinds: dict[str, dict[str, Floats]] = {}
    for sense in found.senses:
        cache = cache_folder(root, f'crossnet-{sense}')
        make = describer.of(sense)
        for kind, rows in object_rows(files[sense], cache, describer.recipe(sense), make).items():
            kinds.setdefault(kind, {})[sense] = rows
    # A kind that only some senses have is, in the others, what the towers get.
    tables = {kind: Table({**kinds[TOWERS], **rows}) for kind, rows in kinds.items()}
    given = {kind: frozenset(rows) for kind, rows in kinds.items()}
    return Material(found, files, tables, describer, given)
