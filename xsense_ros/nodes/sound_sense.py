# SPDX-License-Identifier: Apache-2.0
"""Hearing: chunks of sound become windows, and those in which something sounds are asked."""

from __future__ import annotations

import time

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.nodes.chunk_sense import ChunkSense
from xsense_ros.nodes.question import Question
from xsense_ros.nodes.sense import Surroundings
from xsense_ros.senses.microphone import Waveform, rms_dbfs
from xsense_ros.senses.sound_questions import SoundQuestions
from xsense_ros.senses.sound_window import Continuity


class SoundSense(ChunkSense):
    """Every chunk is heard; of the windows, those that the thread has time for are asked.

    A window is asked whenever `sound.hop_seconds` of new sound have come, unless it is silent.
    """

    def __init__(self, around: Surroundings) -> None:
        self._questions = SoundQuestions()
        super().__init__('sound', 'microphone/audio', around)

    def _subscribe_all(self) -> None:
        super()._subscribe_all()
        self._topics[0].extra['silent'] = 0

    def latest_sample(self) -> Waveform:
        """The newest window; InputError while too little was heard."""
        seconds = self._settings.sound_window_seconds
        found = self._questions.newest(seconds)
        if found is None:
            name = self._topics[0].name
            raise InputError(
                'live sound',
                f'{self._questions.seconds:.2f} s',
                f'{seconds} s of unbroken sound on {name}',
                'wait, shorten sound.window_seconds, or send a sample of it',
            )
        return found[1]

    def _handle(self, work: None) -> None:
        begun = time.perf_counter()
        heard = self._heard()
        found = self._questions.take()
        if not heard or found is None or not self._asker.wanted():
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
        settings = self._settings
        return self._questions.push(
            stamp_ns, waveform, settings.sound_window_seconds, settings.sound_hop_seconds
        )

    def _end_ns(self) -> int:
        return self._questions.end_stamp_ns

    def _dropped(self) -> int:
        """Windows that were due while an older one was in work."""
        return self._questions.missed
