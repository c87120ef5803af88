# SPDX-License-Identifier: Apache-2.0
"""Things that were seen, touched and knocked on, and which of them train, validate and are tested.

Two questions are asked of such data, and their figures differ by an order of magnitude: whether a
thing that was never trained on is told from other such things ('unseen objects'), and whether a
new touch of a thing that was trained on is ('same objects'). A split answers one of the two and
is refused where it answers neither; nothing here mixes them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from xsense_ros.errors import InputError
from xsense_training.data.media import MediaFile, MediaSet
from xsense_training.data.splits import PARTS, Split, proportional, shuffled_classes

SENSES = ('image', 'touch', 'impact')
UNSEEN, SAME = 'unseen objects', 'same objects'
SHARES = (8, 1, 1)  # train, val, test: of the objects, or of every object's instances
_CURE = 'complete the data set, or correct its split'


@dataclass(frozen=True)
class TouchSet:
    """Pictures, touches and knocks of objects.

    Attributes:
        media: the files; a file's label is its object, its concept 'OBJECT/INSTANCE'. Relevance
            is the object: instances of equal name in two senses need not be one place of it.
        splits: UNSEEN or SAME or both -> split of the concepts, with groups of kind 'object'.
        details: concept -> how the instance was made (sensor unit, depth, ...), where known.
        backgrounds: sensor unit -> frames without contact, the one to subtract first.
        objects: object -> what is known of it (material, size, ...), where known.

    Raises:
        InputError: a split that mixes the two questions, or an object of a part without a file of
            one of the senses.
    """

    media: MediaSet
    splits: Mapping[str, Split]
    details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    backgrounds: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    objects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, split in self.splits.items():
            asked = protocol_of(split)
            if asked != name:
                raise InputError(f'split of {self.media.dataset}', asked, name, _CURE)
            self._require_senses(split)

    @cached_property
    def senses(self) -> tuple[str, ...]:
        """The senses that have files, in order of SENSES."""
        found = {file.modality for file in self.media.files}
        return tuple(sense for sense in SENSES if sense in found)

    def of(
        self, sense: str, protocol: str | None = None, part: str | None = None
    ) -> list[MediaFile]:
        """Files of one sense: all of them, or those of one part of a split."""
        files = self._by_sense[sense]
        if protocol is None:
            return list(files)
        part_of = self._part_of[protocol]
        return [f for f in files if f.concept in part_of and (part in (None, part_of[f.concept]))]

    def unit(self, file: MediaFile) -> str | None:
        """The sensor that felt it; None where that is not known."""
        found = self.details.get(file.concept, {}).get('unit')
        return None if found is None else str(found)

    @cached_property
    def _by_sense(self) -> dict[str, list[MediaFile]]:
        return {sense: self.media.of(sense) for sense in SENSES}

    @cached_property
    def _part_of(self) -> dict[str, dict[str, str]]:
        return {name: split.part_of() for name, split in self.splits.items()}

    def _require_senses(self, split: Split) -> None:
        part_of = split.part_of()
        wanted = {(part, name) for part in PARTS for name in split.by_group(part, 'object')}
        for sense in self.senses:
            have = {(part_of.get(f.concept), f.label) for f in self._by_sense[sense]}
            lacking = sorted(wanted - have)
            if lacking:
                raise InputError(
                    f'objects of {self.media.dataset} without {sense} in a part',
                    [f'{part}: {name}' for part, name in lacking],
                    'a file of every sense for each object of a part',
                    _CURE,
                )


def touch_file(sense: str, name: str, instance: str, path: Path) -> MediaFile:
    """One file of an object's instance."""
    return MediaFile(f'{sense}/{name}/{instance}', path, sense, name, f'{name}/{instance}')


def protocol_of(split: Split) -> str:
    """UNSEEN where no object lies in two parts, SAME where every object trains.

    Raises:
        InputError: neither; some objects are tested on that trained, others that did not.
    """
    parts = {part: set(split.by_group(part, 'object')) for part in PARTS}
    tested = parts['val'] | parts['test']
    both = sorted((tested & parts['train']) | (parts['val'] & parts['test'] - parts['train']))
    if not both:
        return UNSEEN
    unseen = sorted(tested - parts['train'])
    if not unseen:
        return SAME
    raise InputError(
        f'objects of {split.dataset} in two parts',
        both,
        f'none (unseen objects), or every object in train (not so: {", ".join(unseen[:3])})',
        'split by object, or split the instances of every object',
    )


def touch_split(dataset: str, rule: str, parts: Mapping[str, Sequence[str]]) -> Split:
    """Split of concepts 'OBJECT/INSTANCE' into parts that are given."""
    listed = {part: tuple(parts.get(part, ())) for part in PARTS}
    object_of = {name: name.rpartition('/')[0] for names in listed.values() for name in names}
    split = Split(dataset, rule, listed, {'object': object_of})
    disjoint = ('object',) if protocol_of(split) == UNSEEN else ()
    return Split(dataset, rule, listed, {'object': object_of}, disjoint)


def unseen_split(media: MediaSet, seed: int = 0) -> Split:
    """8/10 of the objects train, 1/10 validate and 1/10 are tested, drawn by seed.

    Raises:
        InputError: fewer than ten objects.
    """
    sizes = proportional(len(media.classes), SHARES)
    if min(sizes) < 1:
        raise InputError(
            f'objects of {media.dataset}', len(media.classes), 'at least 10', 'add objects'
        )
    drawn = shuffled_classes(media.classes, sizes, seed)
    parts = {part: [c for name in drawn[part] for c in _instances(media)[name]] for part in PARTS}
    rule = f'{"/".join(map(str, sizes))} objects by SHA-256, seed {seed}'
    return touch_split(media.dataset, rule, parts)


def same_split(media: MediaSet, seed: int = 0) -> Split:
    """Of every object 8/10 of the instances train, 1/10 validate and 1/10 are tested, by seed.

    Validation and test take at least one instance of each object.

    Raises:
        InputError: an object with fewer than three instances.
    """
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    for name, concepts in _instances(media).items():
        if len(concepts) < 3:
            raise InputError(
                f'instances of {name} of {media.dataset}', len(concepts), 'at least 3', _CURE
            )
        drawn = sorted(concepts, key=lambda c: hashlib.sha256(f'{seed}:{c}'.encode()).digest())
        few = max(1, len(drawn) // sum(SHARES))
        parts['test'] += sorted(drawn[:few])
        parts['val'] += sorted(drawn[few : 2 * few])
        parts['train'] += sorted(drawn[2 * few :])
    rule = f'8/1/1 of every object by SHA-256, seed {seed}'
    return touch_split(media.dataset, rule, parts)


def _instances(media: MediaSet) -> dict[str, list[str]]:
    """Object -> its concepts, both sorted."""
    found: dict[str, set[str]] = {name: set() for name in media.classes}
    for file in media.files:
        found[file.label].add(file.concept)
    return {name: sorted(concepts) for name, concepts in found.items()}
