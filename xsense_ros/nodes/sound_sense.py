# SPDX-License-Identifier: Apache-2.0
"""Hearing: chunks of sound become windows, and those in which something sounds are asked."""

from __future__ import annotations

import time
from collections import deque

from builtin_interfaces.msg import Time
from std_msgs.msg import Header

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.msg import AudioChunk
from xsense_ros.nodes.asker import Question
from xsense_ros.nodes.conversions import chunk_to_waveform, ns_to_stamp, stamp_to_ns
from xsense_ros.nodes.faults import Level
from xsense_ros.nodes.qos import MICROPHONE
from xsense_ros.nodes.sense import Arrival, Sense, Surroundings, Topic
from xsense_ros.senses.microphone import Waveform, is_clipped, rms_dbfs
from xsense_ros.senses.sound_window import Continuity, SoundWindow

_NS = 1_000_000_000
# Longest window that may be asked (the limit of the parameter), plus one hop.
_CAPACITY_SECONDS = 31.0
_MAX_CHUNKS_WAITING = 400
_BREAKS = {
    Continuity.FILLED: 'a short gap, filled with silence',
    Continuity.GAP: 'a gap; the window starts anew',
    Continuity.OVERLAP: 'a chunk that begins before the one before has ended',
    Continuity.RATE_CHANGE: 'another sample rate; the window starts anew',
}


class SoundSense(Sense[None]):
    """Every chunk is heard; of the windows, those that the thread has time for are asked.

    A window is asked whenever `sound.hop_seconds` of new sound have come, unless it is silent.
    """

    def __init__(self, around: Surroundings) -> None:
        self._chunks: deque[Arrival] = deque(maxlen=_MAX_CHUNKS_WAITING)
        self._window = SoundWindow(_CAPACITY_SECONDS)
        self._asked_until_ns = 0
        self._unstamped = False
        self._skipped = 0
        super().__init__('sound', around)

    def _subscribe_all(self) -> None:
        self._subscribe(AudioChunk, 'microphone/audio', MICROPHONE, chunk_to_waveform)
        self._topics[0].extra = {'silent': 0, 'chunks_lost': 0}

    def latest_sample(self) -> Waveform:
        """The newest window; InputError while too little was heard."""
        seconds = self._settings.sound_window_seconds
        found = self._window.window(seconds)
        if found is None:
            name = self._topics[0].name
            raise InputError(
                'live sound',
                f'{self._window.seconds:.2f} s',
                f'{seconds} s of unbroken sound on {name}',
                'wait, shorten sound.window_seconds, or give the sample in `views`',
            )
        return found[1]

    def _receive(self, arrival: Arrival) -> None:
        self._latest = arrival
        arrival.topic.extra['chunks_lost'] += len(self._chunks) == _MAX_CHUNKS_WAITING
        self._chunks.append(arrival)
        self._worker.offer(None)

    def _handle(self, work: None) -> None:
        begun = time.perf_counter()
        newest = None
        while self._chunks:
            arrival = self._chunks.popleft()
            if self._hear(arrival):
                newest = arrival
        if newest is None or not self._due() or not self._asker.wanted():
            return
        found = self._window.window(self._settings.sound_window_seconds)
        if found is None:
            return
        start_ns, waveform = found
        topic = newest.topic
        if rms_dbfs(waveform) < self._settings.sound_silence_dbfs:
            topic.extra['silent'] += 1
            return
        # A stamp that the driver did not give is not made up for the answer.
        stamp = Time() if self._unstamped else ns_to_stamp(start_ns)
        header = Header(stamp=stamp, frame_id=newest.message.header.frame_id)
        try:
            self._asker.ask(
                Question('sound', header, waveform, '', newest.time, begun, time.perf_counter())
            )
        except XsenseError as error:
            self._refuse(topic, error)
        else:
            topic.answered += 1

    def _hear(self, arrival: Arrival) -> bool:
        """Append a chunk to the window; False where it cannot be used."""
        topic = arrival.topic
        self._check_stamp(arrival)
        stamp_ns = stamp_to_ns(arrival.message.header.stamp)
        try:
            waveform = topic.decode(arrival.message)
            self._unstamped = stamp_ns <= 0
            if self._unstamped:
                # Without stamps, chunks can only be taken as unbroken.
                stamp_ns = self._window.end_stamp_ns or _NS
            continuity = self._window.push(stamp_ns, waveform)
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
                f'chunk at {stamp_ns / _NS:.3f} s: got {_BREAKS[continuity]}, expected chunks '
                'without breaks. Cure: check the driver and the network for lost chunks, and that '
                'each stamp is the time of the first sample',
            )
        if continuity in (Continuity.BACKWARD, Continuity.GAP, Continuity.RATE_CHANGE):
            self._asked_until_ns = 0
        return True

    def _due(self) -> bool:
        """Whether a hop has passed since the last window; counts the windows missed meanwhile."""
        end_ns = self._window.end_stamp_ns
        hop_ns = round(self._settings.sound_hop_seconds * _NS)
        if self._window.seconds < self._settings.sound_window_seconds:
            return False
        if not self._asked_until_ns:
            self._asked_until_ns = end_ns
            return True
        hops = (end_ns - self._asked_until_ns) // hop_ns
        if hops < 1:
            return False
        self._skipped += hops - 1
        # Kept on the grid of hops, so that chunk lengths do not stretch the rate.
        self._asked_until_ns += hops * hop_ns
        return True

    def _dropped(self) -> int:
        """Windows that were due while an older one was in work."""
        return self._skipped

    def _report(self, topic: Topic, kind: str, message: str) -> None:
        self._faults.report(topic.name, kind, Level.WARN, message)
