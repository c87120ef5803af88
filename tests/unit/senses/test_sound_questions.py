# SPDX-License-Identifier: Apache-2.0
"""The grid on which windows of sound are asked."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.sound_questions import SoundQuestions, stamp_or_end
from xsense_ros.senses.sound_window import Continuity

RATE = 8000
NS = 10**9


def chunk(begin: float, seconds: float = 0.1) -> tuple[int, Waveform]:
    """Samples that tell their own time."""
    times = begin + np.arange(round(seconds * RATE)) / RATE
    return round(begin * NS), Waveform((times % 1).astype(np.float32), RATE)


def windows(starts: list[float], taken_every: int = 1) -> tuple[list[float], SoundQuestions]:
    questions, found = SoundQuestions(), []
    for number, start in enumerate(starts, start=1):
        questions.push(*chunk(start), 1.0, 0.5)
        if number % taken_every == 0 and (due := questions.take()):
            begin_ns, sound = due
            assert sound.seconds == 1.0
            assert sound.samples[0] == pytest.approx(begin_ns / NS % 1, abs=1e-4)
            found.append(begin_ns / NS)
    return found, questions


def test_first_whole_window_and_then_every_hop() -> None:
    found, questions = windows([10 + number / 10 for number in range(30)])
    assert found == pytest.approx([10.0, 10.5, 11.0, 11.5, 12.0])
    assert questions.missed == 0 and questions.take() is None


def test_late_reader_gets_the_newest_of_the_same_grid() -> None:
    """However many chunks are taken at once: the windows do not depend on it."""
    found, questions = windows([10 + number / 10 for number in range(30)], taken_every=12)
    assert found == pytest.approx([10.0, 11.0])
    assert questions.missed == 2, 'those that began at 10.5 and 11.5'


def test_grid_begins_anew_after_a_break() -> None:
    before = [10 + number / 10 for number in range(12)]
    after = [20.03 + number / 10 for number in range(12)]
    found, _ = windows(before + after)
    assert found == pytest.approx([10.0, 20.03])


def test_long_chunk_counts_the_hops_that_it_skips() -> None:
    questions = SoundQuestions()
    assert questions.push(*chunk(10.0, 1.0), 1.0, 0.5) is Continuity.CONTIGUOUS
    assert questions.take() is not None
    questions.push(*chunk(11.0, 2.0), 1.0, 0.5)
    due = questions.take()
    assert due is not None and due[0] == 12 * NS
    assert questions.missed == 3


def test_newest_is_off_the_grid() -> None:
    _, questions = windows([10 + number / 10 for number in range(13)])
    found = questions.newest(1.0)
    assert found is not None and found[0] == pytest.approx(10.3 * NS)
    assert questions.newest(5.0) is None and questions.seconds == pytest.approx(1.3)


def test_chunk_without_a_stamp() -> None:
    assert stamp_or_end(5, 7) == 5
    assert stamp_or_end(0, 7) == 7
    assert stamp_or_end(0, 0) == NS
