# SPDX-License-Identifier: Apache-2.0
"""How the demo counts, and what its sample holds."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from rich.console import Console
from xsense_ros.msg import Match, MatchArray

from xsense_ros.errors import InputError
from xsense_ros.evaluation.events import NOTHING, UNKNOWN, Event
from xsense_ros.evaluation.score import Score
from xsense_ros.evaluation.truth import Truth, modalities, read_truth
from xsense_ros.nodes.demo.answers import AnswerRow, summary
from xsense_ros.nodes.demo.asked import asked_questions
from xsense_ros.nodes.demo.table import LiveTable
from xsense_ros.recording import Recording
from xsense_ros.resources import find_resource

SECOND = 10**9


@pytest.fixture(scope='module')
def sample() -> Path:
    return find_resource('samples/robot_home')


@pytest.fixture(scope='module')
def recording(sample: Path) -> Recording:
    return Recording.open(sample / 'bag')


@pytest.fixture(scope='module')
def truth(recording: Recording) -> Truth:
    return Truth(recording, 2 * SECOND)


def answer(*items: str, accepted: bool = False, total_ms: float = 1.0) -> MatchArray:
    matches = [
        Match(item_id=name, label=name, rank=rank, probability=0.5)
        for rank, name in enumerate(items, 1)
    ]
    return MatchArray(
        query_modality='image', matches=matches, accepted=accepted, total_ms=total_ms
    )


def event(truth: str) -> Event:
    return Event('image', 'picture -> picture', SECOND, 2 * SECOND, truth)


class TestSample:
    def test_is_small_and_says_where_it_comes_from(self, sample: Path) -> None:
        assert sum(f.stat().st_size for f in sample.rglob('*') if f.is_file()) < 10e6
        assert 'GNU GENERAL PUBLIC LICENSE' in (sample / 'COPYING').read_text()
        attribution = (sample / 'ATTRIBUTION.md').read_text()
        for name in (
            'Tux Paint',
            'GCompris',
            'OpenMoji',
            'Twemoji',
            'Noto',
            'FluidR3',
            'pybullet',
            'taxim',
            'Geological Survey',
        ):
            assert name in attribution

    def test_every_truth_is_in_the_gallery(self, sample: Path, truth: Truth) -> None:
        items = json.loads((sample / 'gallery' / 'items.json').read_text())
        known = {item['item_id'] for item in items}
        assert len(known) == len(items)
        for item in items:
            files = [item[name] for name in ('picture', 'sound') if name in item]
            assert files and all((sample / 'gallery' / file).is_file() for file in files)
            assert item['licence'] and item['author']
        for events in truth.events.values():
            truths = {event.truth for event in events}
            assert truths <= known | {NOTHING, UNKNOWN}
            assert UNKNOWN in truths, 'every sense meets a stranger'
        assert NOTHING in {event.truth for event in truth.events['image']}

    def test_a_kind_of_question_belongs_to_one_sense(self, truth: Truth) -> None:
        assert truth.kinds == {
            'picture -> picture': 'image',
            'sketch -> picture': 'sketch',
            'sound -> sound': 'sound',
            'text -> picture': 'text',
            'touch -> picture': 'touch',
            'knock -> picture': 'impact',
        }
        assert truth.touches == {'touch': 15, 'impact': 15}

    def test_what_is_asked_on_purpose(self, recording: Recording, sample: Path) -> None:
        items = json.loads((sample / 'gallery' / 'items.json').read_text())
        views = {item['item_id']: item for item in items}
        questions = asked_questions(recording, 2 * SECOND)
        kinds = {question.event.kind for question in questions}
        assert kinds == {
            'picture -> sound, by kind',
            'sound -> picture, by kind',
            'sound -> picture, new thing',
        }
        for question in questions:
            event = question.event
            assert modalities(event.kind) == (event.sense, question.target)
            assert question.sample.modality == event.sense
            if event.known:
                # It can only be found across the senses: the other view was never enrolled.
                wanted, other = ('sound', 'picture')[:: 1 if event.sense == 'image' else -1]
                assert wanted in views[event.truth] and other not in views[event.truth]
            if event.sense == 'sound':
                sound = question.sample.sound
                assert len(sound.data) == 2 * 2 * sound.sample_rate
        assert UNKNOWN in {question.event.truth for question in questions}

    def test_sound_has_no_gap(self, recording: Recording) -> None:
        times = [message.time_ns for message in recording.messages(['/microphone/audio'])]
        assert {b - a for a, b in itertools.pairwise(times)} == {SECOND // 10}


class TestTruth:
    def test_first_and_last_moment_of_a_sight(self, truth: Truth) -> None:
        event = truth.events['image'][1]
        assert event.truth == 'fox'
        assert truth.of('image', event.begin_ns) == (0, event)
        assert truth.of('image', event.end_ns - 1) == (0, event)
        assert truth.of('image', event.end_ns) == (0, truth.events['image'][2])

    def test_second_round(self, truth: Truth, recording: Recording) -> None:
        event = truth.events['image'][1]
        assert truth.of('image', event.begin_ns + recording.duration_ns) == (1, event)

    def test_window_of_sound_must_hold_a_second_of_one_event(self, truth: Truth) -> None:
        sounding = [event for event in truth.events['sound'] if event.truth != NOTHING]
        first, last = sounding[0], sounding[-1]
        assert truth.of('sound', first.begin_ns) == (0, first)
        assert truth.of('sound', first.begin_ns - SECOND) == (0, first)
        assert truth.of('sound', first.begin_ns - SECOND - 1) is None
        assert truth.of('sound', last.end_ns - SECOND) == (0, last)
        assert truth.of('sound', last.end_ns - SECOND + 1) is None

    def test_recording_without_truth(self, tmp_path: Path, sample: Path) -> None:
        with pytest.raises(InputError, match='bag'):
            read_truth(tmp_path, SECOND)


class TestScore:
    def test_counts(self) -> None:
        score = Score()
        fox, stranger = event('fox'), event(UNKNOWN)
        score.add(answer('fox', 'dog', accepted=True), fox)
        score.add(answer('dog', 'fox', accepted=True), fox)
        score.add(answer('dog', 'cat'), fox)
        score.add(answer(), fox)
        score.add(answer('dog'), stranger)
        score.add(answer('dog', accepted=True), event(NOTHING))
        assert score.answers == 6
        assert (score.known, score.first, score.first_five) == (4, 1, 2)
        assert (score.strangers, score.refused) == (2, 1)
        assert (score.accepted, score.accepted_right) == (3, 1)

    def test_percentiles(self) -> None:
        score = Score()
        assert score.latency(50) == 0
        for value in range(101):
            score.add(answer(total_ms=float(value)), event('fox'))
        assert (score.latency(50), score.latency(99)) == (50, 99)


class TestTable:
    def test_line_of_an_event_is_told_once_when_it_is_over(self) -> None:
        table = LiveTable(0)
        fox = event('fox')
        for message in (answer('dog', 'fox'), answer('fox', 'dog', accepted=True)):
            table.row((0, fox), lambda: AnswerRow(fox, 1.0, {'fox': 'red fox'})).take(message)
        table.hear('image', 2 * SECOND - 1)
        assert table.finished() == []
        table.hear('image', 2 * SECOND)
        (line,) = table.finished()
        assert 'sees red fox x2' in line and 'fox 0.50, dog' in line and 'recognised' in line
        assert table.finished(every=True) == []

    def test_long_row_is_told_after_many_short_ones(self) -> None:
        table = LiveTable(0)
        for number in range(100):
            thing = Event('text', 'text -> picture', number, 200, str(number))
            table.row(number, lambda: AnswerRow(thing, 1.0, {})).take(answer())  # noqa: B023
        table.hear('text', 200)
        assert len(table.finished()) == 100

    def test_summary_of_nothing(self) -> None:
        kinds = ('picture -> picture', 'sound -> sound')
        empty = {kind: Score() for kind in kinds}
        assert summary(empty, {kinds[0]: 0}, dict.fromkeys(kinds, 48)).row_count == 2

    def test_summary_fits_a_terminal_of_120_columns(self) -> None:
        score = Score()
        for _ in range(200):
            score.add(answer('fox', accepted=True, total_ms=22.0), event('fox'))
            score.add(answer('fox', total_ms=22.0), event(UNKNOWN))
        kinds = ('sound -> picture, new thing', 'picture -> sound, by kind')
        console = Console(width=120)
        with console.capture() as capture:
            console.print(summary(dict.fromkeys(kinds, score), dict.fromkeys(kinds, 120),
                                  dict.fromkeys(kinds, 71)))  # fmt: skip
        assert '…' not in capture.get()
        assert '100% of 200 (1%)' in capture.get() and '200, 100%' in capture.get()
