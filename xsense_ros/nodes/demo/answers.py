# SPDX-License-Identifier: Apache-2.0
"""What the demo shows of answers of the retrieval node: rows of its table, and a summary."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from xsense_ros.evaluation.events import NOTHING, UNKNOWN, Event
from xsense_ros.evaluation.score import Score
from xsense_ros.msg import MatchArray
from xsense_ros.nodes.demo.table import (
    Row,
    percent,
    plain_line,
    probability_bar,
    question,
    share,
    summary_table,
)

_VERBS = {
    'image': 'sees',
    'sketch': 'is drawn',
    'sound': 'hears',
    'text': 'reads',
    'touch': 'touches',
    'impact': 'knocks on',
}
_ON_PURPOSE = {'image': 'what sounds so:', 'sound': 'what sound has'}
_COLOURS = {
    'image': 'cyan',
    'sketch': 'green',
    'sound': 'magenta',
    'text': 'yellow',
    'touch': 'red',
    'impact': 'blue',
}


class AnswerRow(Row):
    """All answers to one event; the newest is shown.

    Args:
        event: that they are about.
        seconds: of the recording, at its beginning.
        labels: of the items, by id.
    """

    def __init__(self, event: Event, seconds: float, labels: dict[str, str]) -> None:
        self.sense, self.end_ns = event.sense, event.end_ns
        self._event = event
        self._seconds = seconds
        self._labels = labels
        self._newest = MatchArray()
        self._answers = 0

    def take(self, message: MatchArray) -> None:
        """The newest answer."""
        self._newest = message
        self._answers += 1

    def cells(self) -> tuple[str | Text, ...]:
        """See `Row`."""
        best = self._newest.matches[:1]
        return (
            f'{self._seconds:.1f}',
            self._question(),
            best[0].label if best else 'nothing',
            probability_bar(best[0].probability, best[0].accepted) if best else '',
            _runners_up(self._newest),
            _verdict(self._newest, self._event),
            f'{self._newest.total_ms:.0f}',
        )

    def line(self) -> str:
        """See `Row`."""
        asked = self._question().plain
        return _line(f'{self._seconds:.1f} s', asked, self._newest, self._event)

    def _question(self) -> Text:
        sense, truth = self._event.sense, self._event.truth
        if sense == 'text':
            shown = f'"{self._newest.query_text}"'
        elif truth == NOTHING:
            shown = 'an empty scene'
        elif truth == UNKNOWN:
            shown = 'something new'
        else:
            shown = self._labels.get(truth, truth)
        return question(_VERBS[sense], _COLOURS[sense], shown, self._answers)


def asked_line(event: Event, target: str, message: MatchArray, labels: dict[str, str]) -> str:
    """A question that was asked by service, and its answer, as a plain line.

    Args:
        event: that it was about.
        target: modality of the views that may answer: 'image' or 'sound'.
        message: the answer.
        labels: of the items, by id.
    """
    shown = labels.get(event.truth, 'something new')
    return _line('asked', f'{_ON_PURPOSE[target]} {shown}?', message, event)


def _line(when: str, asked: str, message: MatchArray, event: Event) -> str:
    matches = message.matches[:3]
    answer = ', '.join(f'{m.label} {m.probability:.2f}' for m in matches) or 'nothing'
    return plain_line(when, asked, answer, _verdict(message, event).plain, message.total_ms)


def _runners_up(message: MatchArray) -> Text:
    """The second and third match with their probabilities."""
    others = (f'{match.label} {match.probability:.2f}' for match in message.matches[1:3])
    return Text(', '.join(others), 'dim')


def _verdict(message: MatchArray, event: Event) -> Text:
    if not message.accepted:
        return Text('unknown', 'green' if not event.known else 'dim')
    right = event.known and message.matches[0].item_id == event.truth
    return Text('recognised' if right else 'mistaken', 'bold green' if right else 'bold red')


def summary(
    scores: dict[str, Score], dropped: dict[str, int], candidates: dict[str, int]
) -> Table:
    """One line a kind of question.

    Args:
        scores: by kind.
        dropped: questions of the recording that were not answered, because newer ones came; by
            kind.
        candidates: things that may answer, by kind; first right by chance is 1 in so many.
    """
    table = summary_table(
        'Answers compared with the truth',
        *('question', 'answers', 'first right', 'in first 5', 'accepted, right'),
        *('new refused', 'ms p50/p99', 'skipped'),
    )
    for kind, score in scores.items():
        chance = 1 / max(1, candidates[kind])
        right = percent(score.accepted_right, score.accepted)
        table.add_row(
            kind,
            str(score.answers),
            f'{share(score.first, score.known)} ({chance:.0%})',
            f'{percent(score.first_five, score.known)} ({min(1.0, 5 * chance):.0%})',
            f'{score.accepted}, {right}' if score.accepted else '0',
            share(score.refused, score.strangers),
            f'{score.latency(50):.0f} / {score.latency(99):.0f}',
            str(dropped[kind]) if kind in dropped else '-',
        )
    return table
