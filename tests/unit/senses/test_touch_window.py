# SPDX-License-Identifier: Apache-2.0
"""Fingers, frames and events, in simulated time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsense_ros.errors import InputError
from xsense_ros.senses.contact import Contact
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_sensor import Reading
from xsense_ros.senses.touch_window import TouchWindow

MS = 1_000_000
PRESS = Press(np.full((16, 16, 3), 128, np.uint8), 0.1)


def reading(ms, area, serial='A', centroid=(8.0, 8.0)):
    """A frame at ``ms``; in contact where it has an area."""
    return Reading(serial, ms * MS, PRESS, Contact(area, 0.1, centroid, 30.0), area > 0)


def play(window, frames):
    """Push (ms, topic, area) in turn; the events with the time at which each came."""
    events = []
    for ms, topic, area in frames:
        event = window.push(topic, reading(ms, area, serial=topic))
        if event is not None:
            events.append((ms, event))
    return events


def test_one_finger_one_event_of_its_best_frame():
    areas = [0, 0, 1, 4, 9, 10, 10, 6, 0, 0, 0, 0, 0]
    window = TouchWindow(event_seconds=0.2)
    frames = [(100 + 30 * n, 'thumb', area) for n, area in enumerate(areas)]
    ((when, event),) = play(window, frames)
    assert when == 370  # the first frame at least 200 ms after contact began at 160
    assert event.stamp_ns == 160 * MS
    (press,) = event.presses
    assert press.topic == 'thumb' and press.serial == 'thumb'
    assert press.contact.area_mm2 == 10
    assert press.stamp_ns == 280 * MS  # the second of the two largest: it had come to rest


def test_fingers_within_the_window_are_one_event_best_first():
    window = TouchWindow(event_seconds=0.3)
    frames = [(t, topic, area) for t in range(10, 500, 10) for topic, area in (
        ('index', 5 if t >= 100 else 0), ('thumb', 8 if t >= 250 else 0), ('ring', 0),
    )]  # fmt: skip
    ((when, event),) = play(window, frames)
    assert when == 400 and event.stamp_ns == 100 * MS
    assert [press.topic for press in event.presses] == ['thumb', 'index']


def test_several_frames_of_a_finger():
    window = TouchWindow(event_seconds=0.1, presses=3)
    areas = [2, 2, 5, 5, 7, 7, 3]
    frames = [(100 + 10 * n, 'f', area) for n, area in enumerate(areas)]
    assert play(window, frames) == []
    event = window.poll(200 * MS)
    assert [press.contact.area_mm2 for press in event.presses] == [7, 5, 7]
    assert [press.stamp_ns // MS for press in event.presses] == [150, 130, 140]


def test_lasting_contact_is_told_once_and_again_after_a_lift():
    window = TouchWindow(event_seconds=0.1)
    hold = [(t, 'f', 5) for t in range(100, 2000, 20)]
    assert len(play(window, hold)) == 1
    assert play(window, [(2000, 'f', 0)]) == []
    again = play(window, [(t, 'f', 5) for t in range(2020, 2300, 20)])
    assert len(again) == 1 and again[0][1].stamp_ns == 2020 * MS


def test_lasting_contact_is_repeated_where_wanted():
    window = TouchWindow(event_seconds=0.1, repeat_seconds=0.5)
    events = play(window, [(t, 'f', 5) for t in range(100, 2000, 20)])
    assert [when for when, _ in events] == [200, 800, 1400]


def test_finger_that_joins_a_held_contact_is_an_event_of_its_own():
    window = TouchWindow(event_seconds=0.1)
    frames = [(t, 'a', 5) for t in range(100, 400, 20)]
    frames += [(t + n, topic, 5) for t in range(400, 700, 20) for n, topic in enumerate('ab')]
    (_, first), (_, second) = play(window, frames)
    assert [press.topic for press in first.presses] == ['a']
    assert [press.topic for press in second.presses] == ['b']


def test_flicker_within_an_event_is_one_touch():
    areas = [3, 0, 3, 0, 3, 0, 0, 0, 0, 0, 0, 0]
    frames = [(100 + 20 * n, 'f', area) for n, area in enumerate(areas)]
    assert len(play(TouchWindow(event_seconds=0.2), frames)) == 1


def test_no_contact_no_event():
    window = TouchWindow()
    assert play(window, [(t, 'f', 0) for t in range(10, 3000, 30)]) == []
    assert window.poll(10_000 * MS) is None


def test_immediate_events():
    window = TouchWindow(event_seconds=0)
    events = play(window, [(100, 'f', 2), (120, 'f', 9), (140, 'f', 0), (160, 'f', 1)])
    assert [(when, e.presses[0].contact.area_mm2) for when, e in events] == [(100, 2), (160, 1)]


def test_time_ends_an_event_when_no_frame_does():
    window = TouchWindow(event_seconds=0.3)
    window.push('f', reading(100, 4))
    assert window.poll(399 * MS) is None
    event = window.poll(400 * MS)
    assert len(event.presses) == 1
    assert window.poll(500 * MS) is None


def test_frame_after_the_end_belongs_to_the_next_event():
    window = TouchWindow(event_seconds=0.1)
    window.push('f', reading(100, 4))
    event = window.push('g', reading(5000, 9))
    assert [press.topic for press in event.presses] == ['f']
    assert [press.topic for press in window.poll(5100 * MS).presses] == ['g']


def test_silent_finger_is_named_and_its_contact_ends():
    window = TouchWindow(event_seconds=0.1, silent_seconds=1.0)
    window.push('dropped', reading(100, 4, serial='D7'))
    assert window.poll(200 * MS) is not None
    for t in range(200, 1200, 50):
        window.push('other', reading(t, 0))
    ((topic, error),) = window.silent(1200 * MS)
    assert topic == 'dropped' and 'D7' in str(error) and 'cable' in error.cure
    window.poll(1200 * MS)
    # Its contact ended with it, so that the same contact found again is told.
    window.push('dropped', reading(1300, 4, serial='D7'))
    assert window.silent(1300 * MS) == []
    assert len(window.poll(1400 * MS).presses) == 1


def test_clock_that_jumps_back_begins_anew():
    window = TouchWindow(event_seconds=0.1)
    window.push('f', reading(90_000, 4))
    assert window.push('f', reading(100, 0)) is None
    assert play(window, [(200, 'f', 4), (310, 'f', 4)])[0][1].stamp_ns == 200 * MS


def test_swapped_unit_ends_a_contact():
    window = TouchWindow(event_seconds=0.1)
    window.push('f', reading(100, 4, serial='A'))
    assert window.push('f', reading(200, 4, serial='A')) is not None
    window.push('f', reading(300, 4, serial='B'))
    assert window.poll(400 * MS).presses[0].serial == 'B'


@pytest.mark.parametrize('stamp', [0, -5])
def test_time_is_needed(stamp):
    with pytest.raises(InputError, match='stamp'):
        TouchWindow().push('f', reading(stamp, 1))


@pytest.mark.parametrize(
    'wrong',
    [
        {'event_seconds': -1},
        {'event_seconds': float('nan')},
        {'presses': 0},
        {'repeat_seconds': -1},
        {'silent_seconds': 0},
    ],
)
def test_parameter_out_of_range(wrong):
    with pytest.raises(InputError):
        TouchWindow(**wrong)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 80), st.sampled_from('abc'), st.sampled_from([0, 0, 1, 2, 5])),
        max_size=120,
    ),
    st.integers(0, 300),
    st.integers(1, 4),
)
def test_whatever_fingers_do(steps, event_ms, presses):
    """Every contact is told, once; events hold frames of their own time only, best first."""
    window = TouchWindow(event_ms / 1000, presses)
    frames, now = [], 100
    for step, topic, area in steps:
        now += step
        frames.append((now, topic, area))
    events = play(window, frames)
    last = window.poll((now + 1000) * MS)
    events += [(now + 1000, last)] if last else []
    touches = {(topic, ms) for ms, topic, area in frames if area}
    told = [(press.topic, press.stamp_ns // MS) for _, e in events for press in e.presses]
    assert len(set(told)) == len(told) and set(told) <= touches
    for when, event in events:
        begin = event.stamp_ns // MS
        stamps = [press.stamp_ns // MS for press in event.presses]
        assert event.presses and begin <= min(stamps)
        assert max(stamps) <= begin + event_ms <= when
        assert all(sum(p.topic == t for p in event.presses) <= presses for t in 'abc')
    ends = [(event.stamp_ns // MS, event.stamp_ns // MS + event_ms) for _, event in events]
    assert all(one[1] <= other[0] for one, other in pairwise(ends))
    in_contact: dict[str, bool] = {}
    for ms, topic, area in frames:
        if area and not in_contact.get(topic):
            assert any(begin <= ms <= end for begin, end in ends)  # no beginning goes untold
        in_contact[topic] = bool(area)
