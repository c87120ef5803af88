# SPDX-License-Identifier: Apache-2.0
"""Samples of one event find each other; the rest go alone, and nothing is lost."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.fusion.event_window import WAITING, EventWindow, Waiting
from xsense_ros.units import NS


def sample(sense: str, stamp: float, arrived: float | None = None, name: str = '') -> Waiting[str]:
    """Stamps and arrival in seconds; without arrival it comes at once."""
    return Waiting(sense, round(stamp * NS), stamp if arrived is None else arrived, name or sense)


def names(events: list[list[Waiting[str]]]) -> list[list[str]]:
    return [[waiting.sample for waiting in event] for event in events]


def test_partners_are_answered_when_the_last_has_come() -> None:
    window: EventWindow[str] = EventWindow(['impact+touch'], 2.0)
    assert window.takes('touch') and not window.takes('image') and window.due() is None
    # The knock is heard to its end before it arrives, though it was first.
    assert window.push(sample('touch', 10.2, 10.3)) == []
    assert window.due() == pytest.approx(12.3)
    assert names(window.push(sample('impact', 10.0, 11.1))) == [['impact', 'touch']]
    assert window.due() is None and window.poll(99.0) == []


def test_a_lone_sample_goes_when_its_window_closes() -> None:
    window: EventWindow[str] = EventWindow(['impact+touch'], 2.0)
    window.push(sample('touch', 10.0))
    assert window.poll(11.99) == []
    assert names(window.poll(12.0)) == [['touch']]
    assert window.push(sample('impact', 12.1)) == []


def test_stamps_decide_and_arrival_where_there_are_none() -> None:
    window: EventWindow[str] = EventWindow(['impact+touch'], 1.0)
    window.push(sample('touch', 10.0, 10.0))
    assert window.push(sample('impact', 12.0, 10.1)) == []
    assert names(window.poll(20.0)) == [['touch'], ['impact']]
    window.push(Waiting('touch', 0, 30.0, 'touch'))
    assert names(window.push(sample('impact', 99.0, 30.9))) == [['touch', 'impact']]
    window.push(Waiting('touch', 0, 40.0, 'touch'))
    assert window.push(Waiting('impact', 0, 41.5, 'impact')) == []


def test_the_nearest_of_several_is_the_partner() -> None:
    window: EventWindow[str] = EventWindow(['image+sound'], 5.0)
    for number in range(4):
        window.push(sample('image', 10.0 + number, name=f'image {number}'))
    assert names(window.push(sample('sound', 12.1, 13.5))) == [['image 2', 'sound']]
    assert names(window.poll(99.0)) == [['image 0'], ['image 1'], ['image 3']]


def test_three_senses_wait_for_each_other_and_two_do_at_the_end() -> None:
    window: EventWindow[str] = EventWindow(['image+sound+text'], 1.0)
    assert window.push(sample('image', 1.0)) == window.push(sample('text', 1.1)) == []
    assert names(window.push(sample('sound', 1.2))) == [['image', 'text', 'sound']]
    window.push(sample('image', 5.0))
    window.push(sample('text', 5.1))
    assert names(window.poll(6.0)) == [['image', 'text']]


def test_a_fast_sense_loses_nothing_and_keeps_no_more_than_its_share() -> None:
    window: EventWindow[str] = EventWindow(['image+sound', 'impact+touch'], 60.0)
    window.push(sample('touch', 0.5))
    gone = []
    for number in range(WAITING + 5):
        gone += names(window.push(sample('image', 1.0 + number / 30, name=str(number))))
    assert gone == [[str(number)] for number in range(5)]
    assert len(window.poll(1e6)) == WAITING + 1


def test_every_sample_is_answered_once_whatever_comes() -> None:
    rng = np.random.default_rng(0)
    window: EventWindow[str] = EventWindow(['impact+touch', 'image+sound+text'], 0.3)
    senses = ('impact', 'touch', 'image', 'sound', 'text')
    seen: list[list[Waiting[str]]] = []
    now = 0.0
    for number in range(600):
        now += float(rng.exponential(0.05))
        stamp = now - float(rng.uniform(0, 0.5)) if rng.random() < 0.8 else 0.0
        seen += window.push(sample(str(rng.choice(senses)), stamp, now, str(number)))
        seen += window.poll(now)
    seen += window.poll(now + 1.0)
    found = sorted(int(name) for event in names(seen) for name in event)
    assert found == list(range(600))
    assert any(len(event) == 3 for event in seen) and any(len(event) == 1 for event in seen)
    for event in seen:
        assert len({waiting.sense for waiting in event}) == len(event)
        if all(waiting.stamp_ns > 0 for waiting in event):
            assert all(a.stamp_ns <= b.stamp_ns for a, b in pairwise(event))


@pytest.mark.parametrize(
    'groups', [['touch+touch'], ['touch'], ['touch+smell'], ['image+text', 'sketch+text']]
)
def test_bad_groups(groups: list[str]) -> None:
    with pytest.raises(InputError, match='senses asked together'):
        EventWindow(groups, 1.0)
