# SPDX-License-Identifier: Apache-2.0
"""Hearing: chunks of sound become windows, and those in which something sounds are asked."""

from __future__ import annotations

import time

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.nodes.asker import Question
from xsense_ros.nodes.chunk_sense import ChunkSense
from xsense_ros.nodes.sense import Surroundings
from xsense_ros.senses.microphone import Waveform, rms_dbfs
from xsense_ros.senses.sound_window import Continuity, SoundWindow
from xsense_ros.units import NS

# Longest window that may be asked (the limit of the parameter), plus one hop.
_CAPACITY_SECONDS = 31.0


class SoundSense(ChunkSense):
    """Every chunk is heard; of the windows, those that the thread has time for are asked.

    A window is asked whenever `sound.hop_seconds` of new sound have come, unless it is silent.
    """

    def __init__(self, around: Surroundings) -> None:
        self._window = SoundWindow(_CAPACITY_SECONDS)
        self._asked_until_ns = 0
        self._skipped = 0
        super().__init__('sound', 'microphone/audio', around)

    def _subscribe_all(self) -> None:
        super()._subscribe_all()
        self._topics[0].extra['silent'] = 0

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

    def _handle(self, work: None) -> None:
        begun = time.perf_counter()
        heard = self._heard()
        if not heard or not self._due() or not self._asker.wanted():
            return
        found = self._window.window(self._settings.sound_window_seconds)
        if found is None:
            return
        start_ns, waveform = found
        newest, topic = heard[-1], heard[-1].topic
        if rms_dbfs(waveform) < self._settings.sound_silence_dbfs:
            topic.extra['silent'] += 1
            return
        header = self._header(start_ns, newest.message)
        try:
            self._asker.ask(
                Question('sound', header, (waveform,), '', newest.time, begun, time.perf_counter())
            )
        except XsenseError as error:
            self._refuse(topic, error)
        else:
            topic.answered += 1

    def _join(self, stamp_ns: int, waveform: Waveform) -> Continuity:
        continuity = self._window.push(stamp_ns, waveform)
        if continuity in (Continuity.BACKWARD, Continuity.GAP, Continuity.RATE_CHANGE):
            self._asked_until_ns = 0
        return continuity

    def _end_ns(self) -> int:
        return self._window.end_stamp_ns

    def _due(self) -> bool:
        """Whether a hop has passed since the last window; counts the windows missed meanwhile."""
        end_ns = self._window.end_stamp_ns
        hop_ns = round(self._settings.sound_hop_seconds * NS)
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
