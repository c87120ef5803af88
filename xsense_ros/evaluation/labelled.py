# SPDX-License-Identifier: Apache-2.0
"""The truth about the questions of a recording, wherever it was written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from xsense_ros.errors import InputError
from xsense_ros.evaluation.events import NOTHING, UNKNOWN, Event, event_of
from xsense_ros.evaluation.questions import Question
from xsense_ros.evaluation.truth import Truth, asked_events
from xsense_ros.evaluation.truth_file import read_truth_file
from xsense_ros.recording import Recording


class Labelled:
    """Events by sense and target.

    Args:
        events: in any order.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self._groups: dict[tuple[str, str], list[Event]] = {}
        for event in sorted(events, key=lambda event: event.begin_ns):
            self._groups.setdefault((event.sense, event.target), []).append(event)

    @classmethod
    def read(cls, path: Path | None, recording: Recording, window_ns: int) -> Labelled:
        """From a CSV or JSON file, or from the topics /truth of a bag.

        Args:
            path: a file, or the folder of a bag; None: the recording itself says it.
            recording: whose questions will be labelled.
            window_ns: length of the windows in which sound is asked.

        Raises:
            InputError: a file or a bag that does not say it.
        """
        if path is not None and path.is_file():
            return cls(read_truth_file(path, recording.start_ns))
        told = recording if path is None else Recording.open(path)
        truth = Truth(told, window_ns)
        events = [event for listed in truth.events.values() for event in listed]
        events += asked_events(told, window_ns)
        if not events:
            raise InputError(
                'truth of the recording',
                str(told.path),
                'topics /truth/SENSE that say what is there',
                'write the intervals into a CSV or JSON file (docs/fitting-in.md), and give it '
                'with --truth',
            )
        return cls(events)

    @property
    def senses(self) -> set[str]:
        """Senses of which something is known."""
        return {sense for sense, _ in self._groups}

    @property
    def items(self) -> set[str]:
        """Ids and labels of items that are named."""
        return {event.truth for group in self._groups.values() for event in group if event.known}

    def about(self, question: Question) -> list[Event]:
        """The events that a question was about: at most one for each of their targets."""
        found = (
            event_of(group, question.stamp_ns, question.window_ns)
            for (sense, _), group in self._groups.items()
            if sense == question.modality
        )
        return [event for event in found if event is not None]

    def resolved(self, labels: Mapping[str, Sequence[str]], ids: set[str]) -> Labelled:
        """The same truth with the ids of items in place of their labels.

        Args:
            labels: ids of the items of each label.
            ids: of all items.

        Raises:
            InputError: a label of several items.
        """
        named: dict[str, str] = {NOTHING: NOTHING, UNKNOWN: UNKNOWN}
        for name in self.items:
            having = labels.get(name, ())
            if name not in ids and len(having) > 1:
                expected = f'the id of an item; {list(having)} have this label'
                raise InputError('item of the truth', name, expected, 'name the item by its id')
            named[name] = name if name in ids or not having else having[0]
        return Labelled(
            replace(event, truth=named[event.truth])
            for group in self._groups.values()
            for event in group
        )
