# SPDX-License-Identifier: Apache-2.0
"""Which samples of different senses belong to one event: those whose stamps lie close together.

Senses are not equally fast: a knock is heard to its end before it is known, a touch ends when the
finger lets go. A sample therefore waits for its partners, and no longer than the window: what has
none by then is an event of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from xsense_ros.errors import InputError
from xsense_ros.fusion.rules import joint_name, senses_of
from xsense_ros.units import NS

T = TypeVar('T')
WAITING = 8  # of one sense; one more, and the oldest goes alone


@dataclass(frozen=True)
class Waiting(Generic[T]):
    """A sample that waits. ``stamp_ns`` <= 0: its driver gave none; ``arrived`` [s]: here."""

    sense: str
    stamp_ns: int
    arrived: float
    sample: T

    def apart(self, other: Waiting[T]) -> float:
        """Seconds between two, by their stamps, or by their arrival where one has none."""
        if self.stamp_ns > 0 and other.stamp_ns > 0:
            return abs(self.stamp_ns - other.stamp_ns) / NS
        return abs(self.arrived - other.arrived)


class EventWindow(Generic[T]):
    """Brings samples of one event together. Not thread-safe.

    Args:
        groups: senses of which samples are brought together, as 'impact+touch'; a sense may be in
            one group only.
        seconds: stamps of one event are at most so far apart, and a sample waits at most so long.

    Raises:
        InputError: a group that is none, or a sense in two groups.
    """

    def __init__(self, groups: Sequence[str], seconds: float) -> None:
        self._seconds = seconds
        self._partners: dict[str, tuple[str, ...]] = {}
        for group in groups:
            senses = senses_of(group)
            for sense in senses:
                if sense in self._partners:
                    both = joint_name((sense, *self._partners[sense]))
                    expected = f'each sense in one group ({sense} is in {both} already)'
                    cure = 'leave one of the groups out, or make one of both'
                    raise InputError('senses asked together', group, expected, cure)
                self._partners[sense] = tuple(other for other in senses if other != sense)
        self._waiting: list[Waiting[T]] = []

    def takes(self, sense: str) -> bool:
        """Whether samples of a sense are brought together with others."""
        return sense in self._partners

    def push(self, sample: Waiting[T]) -> list[list[Waiting[T]]]:
        """A new sample, whose sense must be one of a group.

        Returns:
            Events that are to be asked now, each with the newest sample last: the event of this
            sample if all its partners are here, and the oldest of a sense that comes too fast.
        """
        ready: list[list[Waiting[T]]] = []
        own = [waiting for waiting in self._waiting if waiting.sense == sample.sense]
        if len(own) >= WAITING:
            ready.append(self._take(own[0]))
        self._waiting.append(sample)
        if all(self._nearest(sample, sense) for sense in self._partners[sample.sense]):
            ready.append(self._take(sample))
        return ready

    def poll(self, now: float) -> list[list[Waiting[T]]]:
        """Events whose window has closed by ``now``, on the clock of `arrived`; as `push`."""
        ready: list[list[Waiting[T]]] = []
        while (due := self.due()) is not None and due <= now:
            ready.append(self._take(self._oldest()))
        return ready

    def due(self) -> float | None:
        """When the next window closes, on the clock of `arrived`; None while nothing waits."""
        return self._oldest().arrived + self._seconds if self._waiting else None

    def _oldest(self) -> Waiting[T]:
        # Senses work in threads of their own: what arrived first need not have come here first.
        return min(self._waiting, key=lambda waiting: waiting.arrived)

    def _take(self, sample: Waiting[T]) -> list[Waiting[T]]:
        """A sample and the nearest of its partners, the newest last; they wait no longer."""
        found = [self._nearest(sample, sense) for sense in self._partners[sample.sense]]
        event = [sample, *(partner for partner in found if partner is not None)]
        self._waiting = [w for w in self._waiting if not any(w is taken for taken in event)]
        stamped = all(waiting.stamp_ns > 0 for waiting in event)
        return sorted(event, key=lambda w: (w.stamp_ns if stamped else 0, w.arrived))

    def _nearest(self, sample: Waiting[T], sense: str) -> Waiting[T] | None:
        near = [
            waiting
            for waiting in self._waiting
            if waiting.sense == sense and sample.apart(waiting) <= self._seconds
        ]
        return min(near, key=sample.apart, default=None)
