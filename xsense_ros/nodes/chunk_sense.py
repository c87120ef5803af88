# SPDX-License-Identifier: Apache-2.0
"""What senses that hear have in common: every chunk is heard, and what is wrong is told."""

from __future__ import annotations

from abc import abstractmethod
from collections import deque
from typing import Any

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from xsense_ros.adapters.sounds import SoundFormat
from xsense_ros.adapters.stamps import message_ns
from xsense_ros.adapters.table import SOUND, SOUND_FORMAT, kinds_of
from xsense_ros.errors import InputError
from xsense_ros.nodes.adapters import header_of, heard
from xsense_ros.nodes.conversions import ns_to_stamp
from xsense_ros.nodes.faults import Level
from xsense_ros.nodes.hearing import Arrival, Topic
from xsense_ros.nodes.qos import MICROPHONE, SOUND_INFO
from xsense_ros.nodes.sense import Sense, Surroundings
from xsense_ros.senses.microphone import Waveform, is_clipped
from xsense_ros.senses.sound_questions import stamp_or_end
from xsense_ros.senses.sound_window import Continuity
from xsense_ros.units import NS

_MAX_CHUNKS_WAITING = 400
_BREAKS = {
    Continuity.FILLED: 'a short gap, filled with silence',
    Continuity.GAP: 'a gap; the window starts anew',
    Continuity.OVERLAP: 'a chunk that begins before the one before has ended',
    Continuity.RATE_CHANGE: 'another sample rate; the window starts anew',
}


class ChunkSense(Sense[None]):
    """Takes in the chunks of one topic in their order, none of them twice.

    Args:
        modality: 'sound' or 'impact'.
        topic: relative name of the topic.
        around: node, answers, faults, diagnostics and settings.
    """

    def __init__(self, modality: str, topic: str, around: Surroundings) -> None:
        self._chunks: deque[Arrival] = deque(maxlen=_MAX_CHUNKS_WAITING)
        self._unstamped = False
        self._told: SoundFormat | None = None  # by an AudioInfo
        self._topic_name = topic
        super().__init__(modality, around)

    def _subscribe_all(self) -> None:
        what = f'parameter {self.modality}.message_type'
        row, message_type = heard(SOUND, self._settings.message_types[self.modality], what)
        self._subscribe(
            message_type,
            self._topic_name,
            MICROPHONE,
            lambda message: row.read(message, self._told or self._settings.audio_format),
        )
        self._topics[0].extra = {'chunks_lost': 0}
        if row.told:
            (kind,) = kinds_of(SOUND_FORMAT)
            row, message_type = heard(SOUND_FORMAT, kind, what)
            self._subscribe(message_type, f'{self._topic_name}_info', SOUND_INFO, row.read)

    def _receive(self, arrival: Arrival) -> None:
        if arrival.topic is not self._topics[0]:
            self._learn_format(arrival)
            return
        self._latest = arrival
        arrival.topic.extra['chunks_lost'] += len(self._chunks) == _MAX_CHUNKS_WAITING
        self._chunks.append(arrival)
        self._worker.offer(None)

    def _learn_format(self, arrival: Arrival) -> None:
        try:
            self._told = arrival.topic.decode(arrival.message)
        except InputError as error:
            self._refuse(arrival.topic, error)

    @abstractmethod
    def _join(self, stamp_ns: int, waveform: Waveform) -> Continuity:
        """Append a chunk; how it joins those before. InputError where it cannot be used."""

    @abstractmethod
    def _end_ns(self) -> int:
        """Time just after the newest sample in nanoseconds; 0 before the first chunk."""

    def _heard(self) -> list[Arrival]:
        """Take in what waits; the chunks that could be used."""
        used = []
        while self._chunks:
            arrival = self._chunks.popleft()
            if self._hear(arrival):
                used.append(arrival)
        return used

    def _header(self, start_ns: int, chunk: Any) -> Header:
        """Of a question that begins at ``start_ns``, with a chunk that belongs to it."""
        # A stamp that the driver did not give is not made up for the answer.
        stamp = Time() if self._unstamped else ns_to_stamp(start_ns)
        return Header(stamp=stamp, frame_id=header_of(chunk).frame_id)

    def _hear(self, arrival: Arrival) -> bool:
        """Append a chunk; False where it cannot be used."""
        topic = arrival.topic
        self._check_stamp(arrival)
        stamp_ns = message_ns(arrival.message)
        try:
            waveform = topic.decode(arrival.message)
            self._unstamped = stamp_ns <= 0
            stamp_ns = stamp_or_end(stamp_ns, self._end_ns())
            continuity = self._join(stamp_ns, waveform)
        except InputError as error:
            self._refuse(topic, error)
            return False
        if is_clipped(waveform):
            self._report(
                topic,
                'clipped sound',
                f'sound level: got {waveform.clipped:.1%} of the samples at full scale, expected '
                'almost none. Cure: turn the gain of the microphone down',
            )
        if continuity in _BREAKS:
            self._report(
                topic,
                continuity.value,
                f'chunk at {stamp_ns / NS:.3f} s: got {_BREAKS[continuity]}, expected chunks '
                'without breaks. Cure: check the driver and the network for lost chunks, and that '
                'each stamp is the time of the first sample',
            )
        return True

    def _report(self, topic: Topic, kind: str, message: str) -> None:
        self._faults.report(topic.part, kind, Level.WARN, message)
