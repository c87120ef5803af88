# SPDX-License-Identifier: Apache-2.0
"""What the demo shows of the matching node: rows of its table, and a summary."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from xsense_ros.msg import HeterologousMatch
from xsense_ros.nodes.demo.sightings import CLOSE, HALF, Box, MatchScore, Stretch
from xsense_ros.nodes.demo.table import (
    Row,
    percent,
    plain_line,
    probability_bar,
    question,
    summary_table,
)

SENSE = 'infrared'  # whose frames end a row


class SightedRow(Row):
    """All answers to one stretch of infrared frames.

    Args:
        stretch: that they are about.
        seconds: of the recording, at its beginning.
    """

    def __init__(self, stretch: Stretch, seconds: float) -> None:
        self.sense, self.end_ns = SENSE, stretch.end_ns
        self._stretch = stretch
        self._seconds = seconds
        self._score = MatchScore()
        self._newest = HeterologousMatch()

    def take(self, message: HeterologousMatch, truth: Box | None) -> None:
        """The newest answer."""
        self._newest = message
        self._score.add(message, truth)

    def cells(self) -> tuple[str | Text, ...]:
        """See `Row`."""
        newest = self._newest
        return (
            f'{self._seconds:.1f}',
            self._question(),
            self._overlap(),
            probability_bar(newest.score, newest.found),
            self._count(),
            self._verdict(),
            f'{newest.total_ms:.0f}',
        )

    def line(self) -> str:
        """See `Row`."""
        answer = ', '.join(filter(None, (self._overlap(), self._count())))
        asked, verdict = self._question().plain, self._verdict().plain
        return plain_line(
            f'{self._seconds:.1f} s', asked, answer, verdict, self._score.latency(50)
        )

    def _question(self) -> Text:
        frames = self._score.there + self._score.gone
        if self._stretch.there:
            return question('finds in heat', 'bright_red', self._stretch.template, frames)
        return question('seeks in vain', 'bright_red', self._stretch.template, frames)

    def _overlap(self) -> str:
        found = self._score.overlaps
        if not found:
            return ''
        return f'IoU {self._score.mean_overlap:.2f} ({min(found):.2f} to {max(found):.2f})'

    def _count(self) -> str:
        score = self._score
        found, frames = score.found + score.false_alarms, score.there + score.gone
        return f'found in {found} of {frames}'

    def _verdict(self) -> Text:
        score = self._score
        if not self._stretch.there:
            wrong = score.false_alarms > 0
            return Text('false alarm' if wrong else 'not there', 'bold red' if wrong else 'green')
        if 2 * score.right > score.there:
            return Text('found', 'bold green')
        wrong = 2 * score.found > score.there
        return Text('mistaken' if wrong else 'missed', 'bold red' if wrong else 'dim')


def sighted_summary(scores: dict[str, MatchScore], frames: dict[str, int]) -> Table:
    """One line a template.

    Args:
        scores: by name of the template.
        frames: infrared frames that it should have been looked for in, by name.
    """
    table = summary_table(
        'Shown in visible light, found in infrared frames',
        *('template', 'frames with it', 'found', 'mean IoU', f'IoU>={HALF:g}', f'<={CLOSE:g} px'),
        *('without it', 'false alarms', 'ms p50/p99', 'skipped'),
    )
    for name, score in scores.items():
        answered = score.there + score.gone
        table.add_row(
            name,
            str(score.there),
            percent(score.found, score.there),
            f'{score.mean_overlap:.2f}' if score.overlaps else '-',
            percent(score.right, score.there),
            percent(score.hits, score.there),
            str(score.gone),
            percent(score.false_alarms, score.gone),
            f'{score.latency(50):.0f} / {score.latency(99):.0f}',
            str(max(0, frames[name] - answered)),
        )
    return table
