# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from xsense_training.data.names import normalise, short_name, singular


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ('A cat.', 'cat face'),
        ('black cat', 'kittens'),
        ('Chickens', 'A brown hen.'),
        ('A pair of open scissors', 'scissors'),
        ('firetruck', 'fire engine'),
        ('transverse flute', 'flute'),
        ('six o\u2019clock', 'twelve-thirty'),
        ('bunch of grapes', 'grape'),
        ('A great blue heron.', 'heron'),
        ('doughnut', 'donuts'),
        ('A bunny with an Easter egg.', 'rabbit face'),
        ('Pi\u00f1ata', 'pinata'),
    ],
)
def test_same_thing_has_one_key(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(
    ('one', 'other'),
    [
        ('cat', 'dog'),
        ('hot dog', 'dog'),
        ('polar bear', 'bear'),
        ('sea lion', 'lion'),
        ('orange', 'apple'),
        ('guitar', 'electric guitar'),
        ('glass', 'gas'),
    ],
)
def test_different_things_keep_apart(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


@pytest.mark.parametrize('name', ['', '...', 'a', 'the', 'red', '\u2013'])
def test_never_fails_on_odd_names(name: str) -> None:
    assert isinstance(normalise(name), str)


@pytest.mark.parametrize(
    ('plural', 'word'),
    [
        ('mice', 'mouse'),
        ('cherries', 'cherry'),
        ('boxes', 'box'),
        ('glasses', 'glass'),
        ('tomatoes', 'tomato'),
        ('dogs', 'dog'),
        ('bus', 'bus'),
        ('grass', 'grass'),
    ],
)
def test_singular(plural: str, word: str) -> None:
    assert singular(plural) == word


@pytest.mark.parametrize(
    ('caption', 'stem', 'name'),
    [
        ('A frog.', 'frog', 'frog'),
        ('Mars\u2014the red planet.', '4_mars', 'Mars'),
        ('Remember to flush the toilet and wash your hands!', 'toilet', 'toilet'),
        ('\u2013 Because a brain is terrible', 'football_helmet2', 'football helmet2'),
        ('', 'santa_hat', 'santa hat'),
    ],
)
def test_short_name(caption: str, stem: str, name: str) -> None:
    assert short_name(caption, stem) in (name, name.rstrip('2'))
