# SPDX-License-Identifier: Apache-2.0
"""Unseen means unseen: subgroups, names, manifests."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.data.folds import FOLDS
from xsense_training.data.line_art import LineConcept, load_line_art
from xsense_training.data.line_art_split import (
    MANIFEST,
    ConceptSplit,
    balanced_folds,
    content_words,
    read_folds,
    split,
    write_folds,
)
from xsense_training.data.names import normalise
from xsense_training.data.root import data_root


@dataclass(frozen=True)
class Named:
    name: str
    fold: int


def test_parts_share_no_concept() -> None:
    one = np.array([True, False])
    with pytest.raises(InputError, match='two parts'):
        ConceptSplit(one, one, ~one)


def test_what_is_named_like_an_unseen_thing_does_not_train() -> None:
    concepts = [
        Named('cat', 0),
        Named('dog', 1),
        Named('cat face', 2),  # reduces to the name of an unseen thing
        Named('red apple', 3),
        Named('grinning cat', -1),  # shares a content word with one
        Named('grinning face', -1),
        Named('hot dog', 4),  # another thing: only the whole name counts among things
    ]
    parts = split(concepts, 0)
    assert parts.test.tolist() == [True] + [False] * 6
    assert parts.validation.tolist() == [False, True] + [False] * 5
    assert parts.train.tolist() == [False, False, False, True, False, True, True]


def test_content_words_leave_out_colours_and_small_words() -> None:
    assert content_words('glass of milk') == {'glass'} or 'of' not in content_words(
        'glass of milk'
    )
    assert content_words('black cats') == {'cat'}


def test_folds_are_balanced_and_survive_the_disk(tmp_path: Path) -> None:
    subgroups = [name for name, count in zip('abcdefghij', range(1, 11), strict=True)] * 3
    folds = balanced_folds(subgroups)
    load = np.bincount([folds[name] for name in subgroups], minlength=FOLDS)
    assert load.max() - load.min() <= 3
    write_folds(folds, tmp_path / 'folds.json')
    assert read_folds(tmp_path / 'folds.json') == folds


def test_a_subgroup_in_two_folds_is_refused(tmp_path: Path) -> None:
    (tmp_path / 'f.json').write_text('{"folds": {"0": ["a"], "1": ["a"]}}')
    with pytest.raises(InputError, match='fold manifest'):
        read_folds(tmp_path / 'f.json')
    with pytest.raises(InputError, match='fold manifest'):
        read_folds(tmp_path / 'missing.json')


def test_the_pinned_folds_hold_49_subgroups() -> None:
    assert len(read_folds(MANIFEST)) == 49


@pytest.fixture(scope='module')
def line_art() -> list[LineConcept]:
    try:
        return load_line_art(data_root())
    except InputError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize('fold', range(FOLDS))
def test_unseen_subgroups_and_names_are_absent_from_real_training(
    line_art: list[LineConcept], fold: int
) -> None:
    parts = split(line_art, fold)
    unseen = parts.test | parts.validation
    train = [line_art[i] for i in np.flatnonzero(parts.train)]
    held = [line_art[i] for i in np.flatnonzero(unseen)]
    assert len(held) > 300 and len(train) > 900
    assert not {c.subgroup for c in train} & {c.subgroup for c in held}
    assert not {normalise(c.name) for c in train} & {normalise(c.name) for c in held}
    words = set().union(*(content_words(c.name) for c in held))
    assert not any(content_words(c.name) & words for c in train if c.fold < 0)


def test_no_picture_is_the_colour_twin_of_the_drawing(line_art: list[LineConcept]) -> None:
    assert {style for c in line_art for style in c.pictures} == {'twemoji', 'noto'}
    assert all('openmoji' not in str(path) for c in line_art for path in c.svg.values())
