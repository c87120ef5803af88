# SPDX-License-Identifier: Apache-2.0
"""Compares the answers of the demo with the truth that lies in its recording."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from typing import Any

from rclpy.serialization import deserialize_message

from xsense_ros.errors import InputError
from xsense_ros.msg import MatchArray, TextStamped
from xsense_ros.names import MODALITIES
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.recording import Recording

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
    """

    sense: str
    kind: str
    begin_ns: int
    end_ns: int
    truth: str

    @property
    def known(self) -> bool:
        """Whether there is an item to find."""
        return self.truth not in (NOTHING, UNKNOWN)


class Truth:
    """The events of a recording, by stamp.

    Args:
        recording: with a topic /truth/SENSE for each of its senses. Each message says what is
            there from its stamp on: ``text`` is the truth, ``header.frame_id`` the kind of the
            question.
        window_ns: length of the windows in which sound is asked.

    Attributes:
        window_ns: as given.
        senses: those of the recording.
        events: by sense, in order of time.
    """

    def __init__(self, recording: Recording, window_ns: int) -> None:
        self.window_ns = window_ns
        self._start_ns, self._period_ns = recording.start_ns, recording.duration_ns
        end_ns = recording.start_ns + recording.duration_ns + 1
        self.senses = tuple(s for s in MODALITIES if f'/truth/{s}' in recording.kinds)
        marks: dict[str, list[tuple[int, str, str]]] = {sense: [] for sense in self.senses}
        topics = {f'/truth/{sense}' for sense in self.senses}
        for message in recording.messages(topics):
            mark = deserialize_message(message.data, TextStamped)
            sense = message.topic.rpartition('/')[2]
            stamp_ns = stamp_to_ns(mark.header.stamp)
            marks[sense].append((stamp_ns, mark.text, mark.header.frame_id))
        self.events: dict[str, list[Event]] = {}
        for sense, listed in marks.items():
            ends = [stamp for stamp, _, _ in listed[1:]] + [end_ns]
            self.events[sense] = [
                Event(sense, kind, begin, end, text)
                for (begin, text, kind), end in zip(listed, ends, strict=True)
            ]

    @property
    def kinds(self) -> dict[str, str]:
        """Sense of each kind of question, in the order of the senses."""
        return {event.kind: sense for sense in self.senses for event in self.events[sense]}

    @property
    def touches(self) -> dict[str, int]:
        """How many things are touched, and knocked on, by sense."""
        return {
            sense: sum(event.truth != NOTHING for event in self.events[sense])
            for sense in ('touch', 'impact')
            if sense in self.events
        }

    def of(self, sense: str, stamp_ns: int) -> tuple[int, Event] | None:
        """The round of the loop (0 first) and the event that a query was about.

        None where it was about none or about two: sound between two events.
        """
        lap, inside = divmod(stamp_ns - self._start_ns, self._period_ns)
        stamp_ns = self._start_ns + inside
        events = self.events[sense]
        if sense == 'sound':
            event = self._heard(events, stamp_ns)
        else:
            place = bisect_right([event.begin_ns for event in events], stamp_ns) - 1
            event = events[place] if place >= 0 else None
        return None if event is None else (lap, event)

    def _heard(self, events: Sequence[Event], stamp_ns: int) -> Event | None:
        sounding = [event for event in events if event.truth != NOTHING]
        end_ns = stamp_ns + self.window_ns
        shares = [min(end_ns, e.end_ns) - max(stamp_ns, e.begin_ns) for e in sounding]
        for index, event in enumerate(sounding):
            others = shares[:index] + shares[index + 1 :]
            enough = min(_HEARD_NS, event.end_ns - event.begin_ns)
            if shares[index] >= enough and max(others, default=0) <= _STRAY_NS:
                return event
        return None


def read_truth(path: Path, window_ns: int) -> tuple[Recording, Truth]:
    """A recording and what is true in it; InputError where it does not say."""
    recording = Recording.open(path)
    if not any(f'/truth/{sense}' in recording.kinds for sense in MODALITIES):
        raise InputError(
            'recording',
            str(path),
            'topics /truth/SENSE',
            'give a recording made by `xsense-train data record-sample`',
        )
    return recording, Truth(recording, window_ns)


def percentile(values: Sequence[float], percent: int) -> float:
    """Of some values, such as percent = 99; 0 without values."""
    if len(values) < 2:
        return sum(values)
    return quantiles(values, n=100, method='inclusive')[percent - 1]


@dataclass
class Score:
    """Counts of one kind of question."""

    answers: int = 0
    known: int = 0
    first: int = 0
    first_five: int = 0
    strangers: int = 0
    refused: int = 0
    accepted: int = 0
    accepted_right: int = 0
    latencies_ms: list[float] = field(default_factory=list)

    def add(self, message: MatchArray, event: Event) -> None:
        """Count an answer to a question that was about an event."""
        self.answers += 1
        self.latencies_ms.append(message.total_ms)
        right = bool(message.matches) and message.matches[0].item_id == event.truth
        if event.known:
            self.known += 1
            self.first += right
            self.first_five += event.truth in [match.item_id for match in message.matches[:5]]
        else:
            self.strangers += 1
            self.refused += not message.accepted
        self.accepted += message.accepted
        self.accepted_right += message.accepted and right

    def latency(self, percent: int) -> float:
        """Percentile of arrival to publication in ms, such as percent = 99; 0 without answers."""
        return percentile(self.latencies_ms, percent)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        counts = {name: value for name, value in vars(self).items() if name != 'latencies_ms'}
        return counts | {'p50_ms': self.latency(50), 'p99_ms': self.latency(99)}
