# SPDX-License-Identifier: Apache-2.0
"""Senses whose messages each are one sample: pictures, sketches and texts."""

from __future__ import annotations

import time
from typing import Any

from sensor_msgs.msg import CompressedImage, Image

from xsense_ros.adapters.table import WORDS
from xsense_ros.errors import InputError, XsenseError
from xsense_ros.nodes.adapters import header_of, heard
from xsense_ros.nodes.conversions import (
    compressed_to_rgb,
    compressed_to_sketch,
    image_to_rgb,
    image_to_sketch,
)
from xsense_ros.nodes.hearing import Arrival
from xsense_ros.nodes.qos import CAMERA, SKETCH, TEXT
from xsense_ros.nodes.question import Question
from xsense_ros.nodes.sense import Sense, Surroundings
from xsense_ros.senses.scratch import Scratch

_TEXTS_WAITING = 10
_SKETCHES_WAITING = 5


class SampleSense(Sense[Arrival]):
    """Asks with each message that the thread has time for."""

    def latest_sample(self) -> Any:
        """Decode the newest message; InputError where there is none, or it is broken."""
        latest = self._latest
        if latest is None:
            topics = ' or '.join(topic.name for topic in self._topics)
            cure = f'publish on {topics}, or send a sample of it'
            raise InputError(f'live {self.modality}', 'nothing', 'a sample received before', cure)
        return latest.topic.decode(latest.message)

    def _receive(self, arrival: Arrival) -> None:
        self._latest = arrival
        self._worker.offer(arrival)

    def _handle(self, work: Arrival) -> None:
        begun = time.perf_counter()
        topic, message = work.topic, work.message
        self._check_stamp(work)
        if not self._asker.wanted():
            return
        try:
            sample = self._decode(work)
            self._asker.ask(
                Question(
                    self.modality,
                    header_of(message),
                    (sample,),
                    sample if isinstance(sample, str) else '',
                    work.time,
                    begun,
                    time.perf_counter(),
                )
            )
        except XsenseError as error:
            self._refuse(topic, error)
        else:
            topic.answered += 1

    def _decode(self, arrival: Arrival) -> Any:
        """The sample of a message, which is needed until the next one only."""
        return arrival.topic.decode(arrival.message)


class ImageSense(SampleSense):
    """Pictures, raw and compressed; the newest of both topics wins."""

    def __init__(self, around: Surroundings) -> None:
        self._scratch = Scratch()
        super().__init__('image', around)

    def _subscribe_all(self) -> None:
        self._subscribe(Image, 'camera/image', CAMERA, image_to_rgb)
        self._subscribe(CompressedImage, 'camera/image/compressed', CAMERA, compressed_to_rgb)

    def _decode(self, arrival: Arrival) -> Any:
        if isinstance(arrival.message, Image):
            return image_to_rgb(arrival.message, self._scratch)
        return super()._decode(arrival)


class SketchSense(SampleSense):
    """Drawings, raw and compressed; a few may wait, for each is drawn once."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__('sketch', around, _SKETCHES_WAITING)

    def _subscribe_all(self) -> None:
        self._subscribe(Image, 'sketch', SKETCH, image_to_sketch)
        self._subscribe(CompressedImage, 'sketch/compressed', SKETCH, compressed_to_sketch)


class TextSense(SampleSense):
    """Words and sentences; a few may wait, for each is said once."""

    def __init__(self, around: Surroundings) -> None:
        super().__init__('text', around, _TEXTS_WAITING)

    def _subscribe_all(self) -> None:
        kind = self._settings.message_types['text']
        row, message_type = heard(WORDS, kind, 'parameter text.message_type')
        self._subscribe(message_type, 'text', TEXT, row.read)
