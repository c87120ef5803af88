# SPDX-License-Identifier: Apache-2.0
"""Stretches of time in which one thing is there for a sense, and which of them was asked about."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

NOTHING, UNKNOWN = '', 'unknown'  # truths that are not items
# A window of sound counts for an event of which it holds this much (or all of a shorter one) ...
_HEARD_NS = 1_000_000_000
# ... and for none while it holds more than this of another.
_STRAY_NS = 200_000_000


@dataclass(frozen=True)
class Event:
    """A stretch of the recording in which one thing is there for a sense.

    Attributes:
        sense: one of xsense_ros.names.MODALITIES.
        kind: of the question that it is, such as 'sound -> picture, by kind'.
        begin_ns: stamp of its first moment.
        end_ns: stamp of the first moment after it.
        truth: id of the item that should be found, UNKNOWN, or NOTHING.
        target: modality of the views among which it should be found; '' for any.
    """

    sense: str
    kind: str
    begin_ns: int
    end_ns: int
    truth: str
    target: str = ''

    @property
    def known(self) -> bool:
        """Whether there is an item to find."""
        return self.truth not in (NOTHING, UNKNOWN)


def event_of(events: Sequence[Event], stamp_ns: int, window_ns: int = 0) -> Event | None:
    """The event that a question was about.

    Args:
        events: of one sense, in order of time.
        stamp_ns: first moment of the question.
        window_ns: length of the sound that is asked; 0 for a single moment.

    Returns:
        None where it was about none or about two: sound between two events.
    """
    if window_ns:
        return _heard(events, stamp_ns, window_ns)
    place = bisect_right([event.begin_ns for event in events], stamp_ns) - 1
    return events[place] if place >= 0 and stamp_ns < events[place].end_ns else None


def _heard(events: Sequence[Event], stamp_ns: int, window_ns: int) -> Event | None:
    sounding = [event for event in events if event.truth != NOTHING]
    end_ns = stamp_ns + window_ns
    shares = [min(end_ns, e.end_ns) - max(stamp_ns, e.begin_ns) for e in sounding]
    for index, event in enumerate(sounding):
        others = shares[:index] + shares[index + 1 :]
        enough = min(_HEARD_NS, event.end_ns - event.begin_ns)
        if shares[index] >= enough and max(others, default=0) <= _STRAY_NS:
            return event
    return None
