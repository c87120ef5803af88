# SPDX-License-Identifier: Apache-2.0
"""Windows of knocks: aligned to the sample, stamped to the sample, over gaps and jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.senses.test_onset import RATE, knock, stream
from xsense_ros.errors import InputError
from xsense_ros.senses.impact_window import ImpactWindow, align_impact
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.onset import OnsetDetector
from xsense_ros.senses.sound_window import Continuity

START = 1_700_000_000_000_000_000
BEFORE = 320  # samples, 20 ms


def stamp(sample):
    return START + sample * 1_000_000_000 // RATE


def listen(window, sound, sizes, at=0):
    """Push the sound in chunks of the given sizes and then the rest; the windows found."""
    found, start = [], 0
    for size in [*sizes, sound.size]:
        chunk = sound[start : start + size]
        if chunk.size:
            found += window.push(stamp(at + start), Waveform(chunk, RATE))
        start += size
    return found


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 6000), max_size=25))
def test_windows_are_the_same_however_the_sound_is_cut(sizes):
    sound = stream(3.0, [10000, 26000], noise_db=-50)
    expected = [index - BEFORE for index in OnsetDetector(RATE).push(sound)]
    found = listen(ImpactWindow(), sound, sizes)
    assert len(expected) == len(found) == 2
    for start, (start_ns, window) in zip(expected, found, strict=True):
        np.testing.assert_array_equal(window.samples, sound[start : start + RATE])
        assert abs(start_ns - stamp(start)) <= 2  # nanoseconds: rounding of chunk stamps


def test_given_as_soon_as_heard_whole():
    sound = stream(2.5, [8000])
    window = ImpactWindow(seconds=0.5)
    times = [
        at + 160
        for at in range(0, sound.size, 160)
        if window.push(stamp(at), Waveform(sound[at : at + 160], RATE))
    ]
    (time,) = times
    assert 0 <= time - (8000 - BEFORE + 8000) <= 160 + 16


def test_knock_before_the_stream_began_is_left():
    assert listen(ImpactWindow(), knock()[:20000], []) == []


def test_across_a_gap_listening_begins_anew():
    window = ImpactWindow()
    sound = stream(2.0, [16000], decay=0.05)
    assert listen(window, sound[:17000], [1600] * 10) == []
    assert window.push(stamp(40000), Waveform(sound[17000:24000], RATE)) == []
    assert window.continuity is Continuity.GAP
    assert listen(window, stream(2.0, [8000]), [1600] * 19, at=47000) != []
    assert window.continuity is Continuity.CONTIGUOUS
    assert window.end_stamp_ns == stamp(47000 + 32000)


def test_lost_chunk_is_bridged_and_the_stamp_stays_true():
    sound = stream(2.5, [16000])
    window, found = ImpactWindow(), []
    for at in range(0, sound.size, 800):
        if at != 3200:
            found += window.push(stamp(at), Waveform(sound[at : at + 800], RATE))
    ((start_ns, cut),) = found
    assert abs(start_ns - stamp(16000 - BEFORE)) < 1e9 * 32 / RATE
    np.testing.assert_array_equal(cut.samples[:10000], sound[_start(sound) :][:10000])


def _start(sound):
    return OnsetDetector(RATE).push(sound)[0] - BEFORE


def test_other_rate_and_clock_set_back():
    window = ImpactWindow()
    window.push(stamp(0), Waveform(stream(0.5), RATE))
    found = window.push(stamp(8000), Waveform(stream(3.0, [48000], rate=48000), 48000))
    assert window.continuity is Continuity.RATE_CHANGE
    ((_, cut),) = found
    assert cut.sample_rate == 48000 and cut.samples.size == 48000
    window.push(stamp(0), Waveform(stream(0.1), RATE))
    assert window.continuity is Continuity.RATE_CHANGE
    window.push(stamp(-1600), Waveform(stream(0.1), RATE))
    assert window.continuity is Continuity.BACKWARD


def test_clear_forgets_a_knock_under_way():
    window, sound = ImpactWindow(), stream(2.0, [8000])
    listen(window, sound[:16000], [1600] * 9)
    window.clear()
    assert listen(window, sound[16000:], [], at=16000) == []


def test_bad_chunk_is_left_out():
    window, sound = ImpactWindow(), stream(2.5, [16000])
    window.push(stamp(0), Waveform(sound[:8000], RATE))
    with pytest.raises(InputError, match='finite'):
        window.push(stamp(8000), Waveform(np.full(10, np.nan, np.float32), RATE))
    with pytest.raises(InputError, match='stamp'):
        window.push(0, Waveform(sound[:10], RATE))
    with pytest.raises(InputError, match='no samples'):
        window.push(stamp(8000), Waveform(sound[:0], RATE))
    assert len(window.push(stamp(8000), Waveform(sound[8000:], RATE))) == 1


def test_recording_is_aligned():
    sound = stream(2.0, [9000])
    aligned = align_impact(Waveform(sound, RATE))
    start = _start(sound)
    np.testing.assert_array_equal(aligned.samples, sound[start : start + RATE])


def test_short_recording_is_padded_on_both_sides():
    sound = knock()[:5000]
    aligned = align_impact(Waveform(sound, RATE)).samples
    assert aligned.size == RATE
    first = int(np.flatnonzero(aligned)[0])
    assert first == pytest.approx(BEFORE, abs=8)
    assert not aligned[first + 5001 :].any()
    # What is aligned stays as it is.
    np.testing.assert_array_equal(align_impact(Waveform(aligned, RATE)).samples, aligned)


@pytest.mark.parametrize(
    'sound', [stream(2.0), np.zeros(100, np.float32), np.zeros(0, np.float32)]
)
def test_recording_without_a_knock(sound):
    with pytest.raises(InputError, match='without a knock') as caught:
        align_impact(Waveform(sound, RATE))
    assert 'single knock' in caught.value.cure


@pytest.mark.parametrize('seconds', [0.0, 31.0, float('nan')])
def test_length_out_of_range(seconds):
    with pytest.raises(InputError):
        ImpactWindow(seconds)
    with pytest.raises(InputError):
        align_impact(Waveform(knock(), RATE), seconds)
