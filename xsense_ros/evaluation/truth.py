# SPDX-License-Identifier: Apache-2.0
"""What a recording itself says of what is there: the topics /truth/SENSE and /truth/asked."""

from __future__ import annotations

from pathlib import Path

from xsense_ros.adapters.stamps import message_ns
from xsense_ros.errors import InputError
from xsense_ros.evaluation.decoding import Decoder
from xsense_ros.evaluation.events import NOTHING, Event, event_of
from xsense_ros.names import MODALITIES
from xsense_ros.recording import Recording

ASKED = '/truth/asked'
# The modality of each word in which kinds of questions are told.
_MODALITY = {name: name for name in MODALITIES} | {'picture': 'image', 'knock': 'impact'}


def modalities(kind: str) -> tuple[str, str]:
    """Modality of the question and of the answer of a kind such as 'picture -> sound, by kind'.

    Raises:
        InputError: words that mean no modality.
    """
    query, _, rest = kind.partition(' -> ')
    target = rest.partition(',')[0]
    if query not in _MODALITY or target not in _MODALITY:
        expected = f"QUERY -> ANSWER with two of {sorted(_MODALITY)}, such as 'picture -> sound'"
        raise InputError('kind of question', kind, expected, 'correct header.frame_id')
    return _MODALITY[query], _MODALITY[target]


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
        decode = Decoder(recording)
        for message in recording.messages(topics) if topics else ():
            mark = decode(message)
            sense = message.topic.rpartition('/')[2]
            marks[sense].append((message_ns(mark), mark.text, mark.header.frame_id))
        self.events: dict[str, list[Event]] = {}
        for sense, listed in marks.items():
            ends = [stamp for stamp, _, _ in listed[1:]] + [end_ns]
            self.events[sense] = [
                Event(sense, kind, begin, end, text, modalities(kind)[1])
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
        window_ns = self.window_ns if sense == 'sound' else 0
        event = event_of(self.events[sense], self._start_ns + inside, window_ns)
        return None if event is None else (lap, event)


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


def asked_events(recording: Recording, window_ns: int) -> list[Event]:
    """The questions that a recording names under /truth/asked, in order of time.

    Args:
        recording: with the truth of each question, and its kind as ``header.frame_id``.
        window_ns: how long a question lasts from its stamp on.
    """
    if ASKED not in recording.kinds:
        return []
    decode = Decoder(recording)
    found = []
    for message in recording.messages((ASKED,)):
        mark = decode(message)
        begin_ns, kind = message_ns(mark), mark.header.frame_id
        sense, target = modalities(kind)
        found.append(Event(sense, kind, begin_ns, begin_ns + window_ns, mark.text, target))
    return sorted(found, key=lambda event: event.begin_ns)
