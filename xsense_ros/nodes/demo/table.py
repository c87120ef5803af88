# SPDX-License-Identifier: Apache-2.0
"""The lines of the demo: a live table on a terminal, plain lines elsewhere, one a stretch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from rich import box
from rich.table import Table
from rich.text import Text

_ROWS = 14  # shown
_KEPT = 300  # more than begin before the longest one is over
_BAR = 8
_QUESTION, _ANSWER, _VERDICT = 34, 62, 11  # characters of a plain line


class Row(ABC):
    """What is shown of one stretch of the recording; it changes with every answer about it.

    Attributes:
        sense: whose answers end it.
        end_ns: stamp of the first moment after it.
    """

    sense: str
    end_ns: int

    @abstractmethod
    def cells(self) -> tuple[str | Text, ...]:
        """Of the live table: time, question, best answer, probability, others, verdict, ms."""

    @abstractmethod
    def line(self) -> str:
        """The same as a plain line."""


R = TypeVar('R', bound=Row)


class LiveTable:
    """One row a stretch, newest last. A thing in view is asked about many times: its row changes.

    Args:
        start_ns: stamp of the beginning of the recording.
    """

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self._rows: dict[Hashable, Any] = {}
        self._told: set[Hashable] = set()
        self._newest_ns: dict[str, int] = {}

    def hear(self, sense: str, stamp_ns: int) -> None:
        """The newest answer of a sense is about this stamp, rounds of the loop unrolled."""
        self._newest_ns[sense] = stamp_ns

    def row(self, key: Hashable, make: Callable[[], R]) -> R:
        """The row of this key, which is made where there is none; old ones are forgotten."""
        row: R = self._rows.get(key) or make()
        self._rows[key] = row
        for old in list(self._rows)[:-_KEPT]:
            del self._rows[old]
        return row

    def seconds(self, stamp_ns: int) -> float:
        """Of the recording."""
        return (stamp_ns - self._start_ns) * 1e-9

    def render(self, title: str) -> Table:
        """The newest lines, as a table."""
        table = Table(title=title, title_justify='left', expand=True, box=box.SIMPLE)
        table.add_column('time', justify='right', width=5)
        table.add_column('the robot', ratio=3, no_wrap=True)
        table.add_column('and remembers', ratio=2, no_wrap=True)
        table.add_column('probability', width=_BAR + 5, no_wrap=True)
        table.add_column('or', ratio=3, no_wrap=True)
        table.add_column('verdict', width=_VERDICT, no_wrap=True)
        table.add_column('ms', justify='right', width=4)
        for row in list(self._rows.values())[-_ROWS:]:
            table.add_row(*row.cells())
        return table

    def finished(self, every: bool = False) -> list[str]:
        """Plain lines of stretches that are over, or of `every`, and have not been told yet."""
        lines = []
        for key, row in self._rows.items():
            over = self._newest_ns.get(row.sense, 0) >= row.end_ns
            if key not in self._told and (over or every):
                self._told.add(key)
                lines.append(row.line())
        return lines


def plain_line(when: str, question: str, answer: str, verdict: str, milliseconds: float) -> str:
    """A line of fixed columns."""
    return (
        f'{when:>7}  {_fit(question, _QUESTION)} {_fit(answer, _ANSWER)} '
        f'{verdict:<{_VERDICT}} {milliseconds:3.0f} ms'
    )


def question(verb: str, colour: str, shown: str, count: int) -> Text:
    """Such as 'sees fox x5'."""
    times = f' x{count}' if count > 1 else ''
    return Text.assemble((f'{verb} ', colour), (shown, 'bold'), (times, 'dim'))


def probability_bar(probability: float, sure: bool) -> Text:
    """A bar of eight characters, in steps of a sixteenth, and the number."""
    filled, half = divmod(round(probability * _BAR * 2), 2)
    bar = ('━' * filled + '╸' * half).ljust(_BAR)
    return Text.assemble((bar, 'green' if sure else 'blue'), f' {probability:.2f}')


def share(part: int, whole: int) -> str:
    """Such as '50% of 4'."""
    return f'{percent(part, whole)} of {whole}'


def percent(part: int, whole: int) -> str:
    """Such as '50%'; '-' of nothing."""
    return f'{part / whole:.0%}' if whole else '-'


def summary_table(title: str, *columns: str) -> Table:
    """An empty table at the end of a run; the first column holds words, the others numbers."""
    table = Table(title=title, title_justify='left', box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for place, column in enumerate(columns):
        table.add_column(column, justify='right' if place else 'left', no_wrap=True)
    return table


def _fit(text: str, width: int) -> str:
    """The text in exactly so many characters."""
    return text.ljust(width) if len(text) <= width else text[: width - 1] + '…'
