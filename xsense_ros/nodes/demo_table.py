# SPDX-License-Identifier: Apache-2.0
"""What the demo shows: a live table of things sensed and what they were taken for; a summary."""

from __future__ import annotations

from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from xsense_ros.msg import Match, MatchArray
from xsense_ros.nodes.demo_score import NOTHING, UNKNOWN, Event, Score

_ROWS = 14
_BAR = 8
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


@dataclass
class Row:
    """All answers to one event; the newest is shown."""

    event: Event
    seconds: float
    newest: MatchArray
    answers: int = 0
    right: int = 0


class LiveTable:
    """One line an event, newest last. A thing in view is asked about many times: its line changes.

    Args:
        start_ns: stamp of the beginning of the recording.
        labels: of the items, by id.
    """

    def __init__(self, start_ns: int, labels: dict[str, str]) -> None:
        self._start_ns = start_ns
        self._labels = labels
        self._rows: dict[tuple[int, Event], Row] = {}
        self._told: set[tuple[int, Event]] = set()

    def add(self, lap: int, event: Event, message: MatchArray) -> None:
        """Take in an answer."""
        seconds = (event.begin_ns - self._start_ns) * 1e-9
        row = self._rows.setdefault((lap, event), Row(event, seconds, message))
        row.newest = message
        row.answers += 1
        row.right += _is_right(message, event)
        for key in list(self._rows)[: -3 * _ROWS]:
            del self._rows[key]

    def render(self, title: str) -> Table:
        """The newest lines, as a table."""
        table = Table(title=title, title_justify='left', expand=True, box=box.SIMPLE)
        table.add_column('time', justify='right', width=5)
        table.add_column('the robot', ratio=3, no_wrap=True)
        table.add_column('and remembers', ratio=2, no_wrap=True)
        table.add_column('probability', width=_BAR + 5, no_wrap=True)
        table.add_column('or', ratio=3, no_wrap=True)
        table.add_column('verdict', width=10, no_wrap=True)
        table.add_column('ms', justify='right', width=4)
        for row in list(self._rows.values())[-_ROWS:]:
            best = row.newest.matches[:1]
            table.add_row(
                f'{row.seconds:.1f}',
                self._question(row),
                best[0].label if best else 'nothing',
                probability_bar(best[0]) if best else '',
                _runners_up(row.newest),
                _verdict(row.newest, row.event),
                f'{row.newest.total_ms:.0f}',
            )
        return table

    def finished(self, sense_times: dict[str, int], every: bool = False) -> list[str]:
        """Plain lines of events that are over and have not been told yet.

        Args:
            sense_times: newest stamp of each sense [ns], rounds of the loop unrolled.
            every: those that are not over, too.
        """
        lines = []
        for key, row in self._rows.items():
            over = sense_times.get(row.event.sense, 0) >= row.event.end_ns
            if key not in self._told and (over or every):
                self._told.add(key)
                question = self._question(row).plain
                lines.append(_line(f'{row.seconds:5.1f} s', question, row.newest, row.event))
        return lines

    def _question(self, row: Row) -> Text:
        sense, truth = row.event.sense, row.event.truth
        if sense == 'text':
            shown = f'"{row.newest.query_text}"'
        elif truth == NOTHING:
            shown = 'an empty scene'
        elif truth == UNKNOWN:
            shown = 'something new'
        else:
            shown = self._labels.get(truth, truth)
        count = f' x{row.answers}' if row.answers > 1 else ''
        return Text.assemble(
            (f'{_VERBS[sense]} ', _COLOURS[sense]), (shown, 'bold'), (count, 'dim')
        )


def asked_line(event: Event, target: str, message: MatchArray, labels: dict[str, str]) -> str:
    """A question that was asked by service, and its answer, as a plain line.

    Args:
        event: that it was about.
        target: modality of the views that may answer: 'image' or 'sound'.
        message: the answer.
        labels: of the items, by id.
    """
    shown = labels.get(event.truth, 'something new')
    return _line('  asked', f'{_ON_PURPOSE[target]} {shown}?', message, event)


def _line(when: str, question: str, message: MatchArray, event: Event) -> str:
    matches = message.matches[:3]
    answer = ', '.join(f'{m.label} {m.probability:.2f}' for m in matches) or 'nothing'
    return (
        f'{when}  {_fit(question, 34)} {_fit(answer, 62)} '
        f'{_verdict(message, event).plain:<11} {message.total_ms:3.0f} ms'
    )


def _fit(text: str, width: int) -> str:
    """The text in exactly so many characters."""
    return text.ljust(width) if len(text) <= width else text[: width - 1] + '…'


def _is_right(message: MatchArray, event: Event) -> bool:
    if event.known:
        return bool(message.matches) and message.matches[0].item_id == event.truth
    return not message.accepted


def _runners_up(message: MatchArray) -> Text:
    """The second and third match with their probabilities."""
    others = (f'{match.label} {match.probability:.2f}' for match in message.matches[1:3])
    return Text(', '.join(others), 'dim')


def probability_bar(match: Match) -> Text:
    """A bar of eight characters, in steps of a sixteenth, and the number."""
    filled, half = divmod(round(match.probability * _BAR * 2), 2)
    bar = ('━' * filled + '╸' * half).ljust(_BAR)
    return Text.assemble((bar, 'green' if match.accepted else 'blue'), f' {match.probability:.2f}')


def _verdict(message: MatchArray, event: Event) -> Text:
    if not message.accepted:
        return Text('unknown', 'green' if not event.known else 'dim')
    right = _is_right(message, event)
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
    title = 'Answers compared with the truth'
    table = Table(title=title, title_justify='left', box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in (
        *('question', 'answers', 'first right', 'in first 5', 'accepted, right'),
        *('new refused', 'ms p50/p99', 'skipped'),
    ):
        left = column == 'question'
        table.add_column(column, justify='left' if left else 'right', no_wrap=True)
    for kind, score in scores.items():
        chance = 1 / max(1, candidates[kind])
        right = _percent(score.accepted_right, score.accepted)
        table.add_row(
            kind,
            str(score.answers),
            f'{_share(score.first, score.known)} ({chance:.0%})',
            f'{_percent(score.first_five, score.known)} ({min(1.0, 5 * chance):.0%})',
            f'{score.accepted}, {right}' if score.accepted else '0',
            _share(score.refused, score.strangers),
            f'{score.latency(50):.0f} / {score.latency(99):.0f}',
            str(dropped[kind]) if kind in dropped else '-',
        )
    return table


def _share(part: int, whole: int) -> str:
    return f'{_percent(part, whole)} of {whole}'


def _percent(part: int, whole: int) -> str:
    return f'{part / whole:.0%}' if whole else '-'
