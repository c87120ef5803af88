# SPDX-License-Identifier: Apache-2.0
"""The ring buffer against an endless list, with gaps, overlaps and clocks that jump."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.sound_window import Continuity, SoundWindow

RATE = 1000
MS = 1_000_000
START = 1_700_000_000_000_000_000


def ramp(first, count, rate=RATE):
    return Waveform(np.arange(first, first + count, dtype=np.float32), rate)


def push(window, first, count, late_ms=0):
    """Push samples numbered from ``first``, one a millisecond, stamped by their number."""
    return window.push(START + (first + late_ms) * MS, ramp(first, count))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 250), min_size=1, max_size=30), st.integers(1, 100))
def test_wraps_around_like_an_endless_list(sizes, wanted):
    window = SoundWindow(capacity_seconds=0.1)
    total = 0
    for size in sizes:
        assert push(window, total, size) is Continuity.CONTIGUOUS
        total += size
        found = window.window(wanted / RATE)
        if total < wanted:
            assert found is None
        else:
            start, sound = found
            assert sound.samples.tolist() == list(range(total - wanted, total))
            assert start == START + (total - wanted) * MS
            assert sound.sample_rate == RATE
    assert window._ring.size == 100
    assert window.end_stamp_ns == START + total * MS
    assert window.seconds == min(total, 100) / RATE


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(-60, 200), st.integers(1, 80)), max_size=30))
def test_the_stamp_of_each_sample_is_true_whatever_comes(steps):
    """Sample values are their own time, so a window must read as a ramp (or bridged silence)."""
    window = SoundWindow(capacity_seconds=0.15, tolerance_seconds=0.0, fill_seconds=0.1)
    end = 1000
    for step, size in steps:
        first = max(end + step, 1)
        push(window, first, size)
        found = window.window(0.03)
        if found is not None:
            start, sound = found
            times = (start - START) / MS + np.arange(30)
            assert ((sound.samples == times) | (sound.samples == 0)).all()
        end = first + size
    assert sum(window.counts.values()) == len(steps)


def test_jitter_within_tolerance_is_contiguous_and_does_not_add_up():
    window = SoundWindow(tolerance_seconds=0.005)
    for index in range(100):
        late = 4 if index % 2 else 0
        assert push(window, index * 20, 20, late_ms=late) is Continuity.CONTIGUOUS
    assert window.gaps == 0
    # A clock that runs 2 ms fast each chunk ends 200 ms off, with no gap.
    drifting = SoundWindow(tolerance_seconds=0.005)
    for index in range(100):
        drifting.push(START + index * 22 * MS, ramp(index * 20, 20))
    assert drifting.gaps == 0


def test_a_short_gap_is_bridged_with_silence():
    window = SoundWindow(tolerance_seconds=0.005, fill_seconds=0.1)
    push(window, 0, 50)
    assert push(window, 70, 30) is Continuity.FILLED
    start, sound = window.window(0.1)
    assert start == START
    assert sound.samples.tolist() == [*range(50), *[0] * 20, *range(70, 100)]
    assert window.gaps == 1


def test_a_long_gap_starts_anew():
    window = SoundWindow(fill_seconds=0.1)
    push(window, 0, 500)
    assert push(window, 700, 50) is Continuity.GAP
    assert window.window(0.1) is None
    push(window, 750, 50)
    start, sound = window.window(0.1)
    assert start == START + 700 * MS
    assert sound.samples.tolist() == list(range(700, 800))
    assert window.gaps == 1


def test_an_overlap_is_left_out():
    window = SoundWindow()
    push(window, 0, 50)
    assert push(window, 30, 50) is Continuity.OVERLAP
    assert window.window(0.08)[1].samples.tolist() == list(range(80))
    assert push(window, 30, 50) is Continuity.OVERLAP
    assert window.seconds == pytest.approx(0.08)
    assert window.end_stamp_ns == START + 80 * MS


def test_a_clock_set_back_starts_anew():
    window = SoundWindow()
    push(window, 5000, 100)
    assert push(window, 10, 60) is Continuity.BACKWARD
    start, sound = window.window(0.06)
    assert start == START + 10 * MS
    assert sound.samples.tolist() == list(range(10, 70))
    assert window.counts[Continuity.BACKWARD] == 1


def test_another_rate_starts_anew():
    window = SoundWindow(capacity_seconds=0.1)
    push(window, 0, 50)
    found = window.push(START + 50 * MS, ramp(0, 30, rate=2000))
    assert found is Continuity.RATE_CHANGE
    assert window.window(0.015)[1].sample_rate == 2000
    assert window._ring.size == 200


def test_the_window_is_a_copy():
    window = SoundWindow(capacity_seconds=0.1)
    push(window, 0, 100)
    sound = window.window(0.1)[1]
    push(window, 100, 100)
    assert sound.samples.tolist() == list(range(100))


def test_clear_and_an_empty_window():
    window = SoundWindow()
    assert window.window(1.0) is None
    assert window.end_stamp_ns == 0
    assert window.seconds == 0.0
    push(window, 0, 2000)
    window.clear()
    assert window.window(1.0) is None
    push(window, 0, 2000)
    assert window.window(1.0) is not None


@pytest.mark.parametrize('stamp', [0, -5])
def test_chunks_without_a_stamp(stamp):
    with pytest.raises(InputError, match='stamp'):
        SoundWindow().push(stamp, ramp(0, 5))


def test_chunks_without_samples():
    with pytest.raises(InputError, match='no samples'):
        SoundWindow().push(START, ramp(0, 0))


@pytest.mark.parametrize(
    'wrong',
    [
        {'capacity_seconds': 0.0},
        {'capacity_seconds': 1e9},
        {'tolerance_seconds': -1.0},
        {'tolerance_seconds': 1.0},
    ],
)
def test_wrong_parameters(wrong):
    with pytest.raises(InputError, match='Cure'):
        SoundWindow(**wrong)


@pytest.mark.parametrize('seconds', [0.0, -1.0, 11.0, float('nan')])
def test_windows_that_cannot_be(seconds):
    with pytest.raises(InputError, match='capacity'):
        SoundWindow(capacity_seconds=10.0).window(seconds)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(1, 90), min_size=1, max_size=20),
    st.integers(-10, 900),
    st.integers(-2, 120),
)
def test_stretches_by_position(sizes, position, count):
    window = SoundWindow(capacity_seconds=0.1)
    total = 0
    for size in sizes:
        push(window, total, size)
        total += size
    assert window.position == total
    assert window.first_position == max(total - 100, 0)
    found = window.stretch(position, count)
    if window.first_position <= position and count > 0 and position + count <= total:
        start, sound = found
        assert sound.samples.tolist() == list(range(position, position + count))
        assert start == START + position * MS
    else:
        assert found is None


def test_positions_go_on_over_gaps():
    window = SoundWindow(capacity_seconds=0.5)
    push(window, 0, 100)
    assert push(window, 100, 50, late_ms=50) is Continuity.FILLED
    assert (window.first_position, window.position) == (0, 200)
    assert push(window, 200, 40, late_ms=9000) is Continuity.GAP
    assert (window.first_position, window.position) == (200, 240)
    window.clear()
    assert (window.first_position, window.position) == (240, 240)
