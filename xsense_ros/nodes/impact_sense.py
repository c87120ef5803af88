# SPDX-License-Identifier: Apache-2.0
"""Knocking: a knock is found in the sound of a contact microphone, and each one is asked."""

from __future__ import annotations

import time

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.nodes.chunk_sense import ChunkSense
from xsense_ros.nodes.question import Question
from xsense_ros.nodes.sense import Surroundings
from xsense_ros.senses.impact_window import ImpactWindow
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.sound_window import Continuity


class ImpactSense(ChunkSense):
    """Asks with every knock, as soon as it has rung for as long as the models listen.

    The sound of a knock begins a moment before its onset; so does the stamp of its answer.
    """

    def __init__(self, around: Surroundings) -> None:
        self._window = ImpactWindow(rise_db=around.settings.impact_rise_db)
        self._found: list[tuple[int, Waveform]] = []
        self._newest: Waveform | None = None
        super().__init__('impact', 'impact', around)

    def _subscribe_all(self) -> None:
        super()._subscribe_all()
        self._topics[0].extra['knocks'] = 0

    def latest_sample(self) -> Waveform:
        """The newest knock; InputError where none was heard."""
        if self._newest is None:
            raise InputError(
                'live impact',
                'no knock',
                f'a knock on {self._topics[0].name}, {self._settings.impact_rise_db} dB louder '
                'than what was heard before it',
                'knock again, lower impact.rise_db, or send a sample of it',
            )
        return self._newest

    def _handle(self, work: None) -> None:
        begun = time.perf_counter()
        heard = self._heard()
        found, self._found = self._found, []
        if not found:
            return
        newest, topic = heard[-1], heard[-1].topic
        topic.extra['knocks'] += len(found)
        self._newest = found[-1][1]
        if not self._asker.wanted():
            return
        for start_ns, knock in found:
            header = self._header(start_ns, newest.message)
            try:
                decoded = time.perf_counter()
                self._asker.ask(
                    Question('impact', header, (knock,), '', newest.time, begun, decoded)
                )
            except XsenseError as error:
                self._refuse(topic, error)
            else:
                topic.answered += 1

    def _join(self, stamp_ns: int, waveform: Waveform) -> Continuity:
        self._found += self._window.push(stamp_ns, waveform)
        return self._window.continuity

    def _end_ns(self) -> int:
        return self._window.end_stamp_ns
