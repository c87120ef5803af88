# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from xsense_ros.errors import InputError
from xsense_training.data.media import MediaSet
from xsense_training.data.splits import PARTS
from xsense_training.data.touch_set import (
    SAME,
    UNSEEN,
    TouchSet,
    protocol_of,
    same_split,
    touch_file,
    touch_split,
    unseen_split,
)


def media(objects: int = 12, instances: int = 10) -> MediaSet:
    return MediaSet(
        'made',
        tuple(
            touch_file(sense, f'thing {name}', str(i), Path(f'{sense}-{name}-{i}.png'))
            for sense in ('image', 'touch')
            for name in range(objects)
            for i in range(instances)
        ),
    )


def test_unseen_objects_lie_in_one_part() -> None:
    split = unseen_split(media(), seed=3)
    assert [len(split.by_group(part, 'object')) for part in PARTS] == [10, 1, 1]
    assert sum(len(ids) for ids in split.parts.values()) == 120
    assert split.disjoint == ('object',)
    assert split.parts != unseen_split(media(), seed=4).parts


def test_every_object_is_in_every_part_of_the_same_split() -> None:
    split = same_split(media(), seed=3)
    for part, size in zip(PARTS, (8, 1, 1), strict=True):
        assert {len(ids) for ids in split.by_group(part, 'object').values()} == {size}
        assert len(split.by_group(part, 'object')) == 12
    assert split.disjoint == ()


def test_too_little_to_split_is_refused() -> None:
    with pytest.raises(InputError, match='got 9, expected at least 10'):
        unseen_split(media(9))
    with pytest.raises(InputError, match='instances of thing 0 of made: got 2'):
        same_split(media(12, 2))


def test_a_split_answers_one_of_the_two_questions() -> None:
    assert protocol_of(touch_split('made', '', {'train': ['a/1'], 'test': ['b/1']})) == UNSEEN
    assert protocol_of(touch_split('made', '', {'train': ['a/1'], 'test': ['a/2']})) == SAME
    # Objects that validate must not be those that are tested, either.
    with pytest.raises(InputError, match=r"in two parts: got \['b'\]"):
        touch_split('made', '', {'train': ['a/1'], 'val': ['b/1'], 'test': ['b/2']})
    with pytest.raises(InputError, match='not so: b'):
        touch_split('made', '', {'train': ['a/1'], 'test': ['a/2', 'b/1']})


def test_a_split_under_the_wrong_name_is_refused() -> None:
    made = media()
    with pytest.raises(InputError, match="got 'unseen objects', expected same objects"):
        TouchSet(made, {SAME: unseen_split(made)})


def test_an_object_without_one_sense_in_a_part_is_named() -> None:
    made = media()
    split = unseen_split(made)
    name = next(iter(split.by_group('test', 'object')))
    less = MediaSet(
        'made', tuple(f for f in made.files if (f.label, f.modality) != (name, 'touch'))
    )
    with pytest.raises(InputError, match=f'without touch in a part.*test: {name}'):
        TouchSet(less, {UNSEEN: split})


def test_object_names_may_hold_what_separates() -> None:
    split = touch_split('made', '', {'train': ['a/b/1'], 'test': ['a/c/1']})
    assert list(split.by_group('train', 'object')) == ['a/b']
