# SPDX-License-Identifier: Apache-2.0
"""Frames of the infrared camera: the newest is decoded and searched, what cannot be is refused."""

from __future__ import annotations

import time
from typing import Any

from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.diagnostics import Report
from xsense_ros.nodes.faults import Level
from xsense_ros.nodes.hearing import Arrival, Topic
from xsense_ros.nodes.matching.answers import InfraredFrame
from xsense_ros.nodes.matching.search import Search
from xsense_ros.nodes.matching.settings import MatchingSettings
from xsense_ros.nodes.matching.surroundings import MatchingHearing, Surroundings
from xsense_ros.nodes.qos import CAMERA
from xsense_ros.nodes.worker import LatestWorker
from xsense_ros.senses.infrared import (
    decode_infrared,
    decode_infrared_compressed,
    same_frame,
)
from xsense_ros.senses.palette import prepare
from xsense_ros.units import NS

_SILENT, _FROZEN = 'silent', 'frozen'


class InfraredFrames(MatchingHearing):
    """Hears the infrared camera, raw and compressed; a thread works on the newest frame.

    Args:
        around: node, faults, diagnostics and settings.
        search: looks for the templates in each frame.
    """

    def __init__(
        self,
        around: Surroundings,
        search: Search,
    ) -> None:
        super().__init__('infrared', around)
        self._search = search
        self._heard: Arrival | None = None  # the last frame, looked at or not
        self._last: NDArray[Any] | None = None  # the last picture that was decoded
        self._changed = 0.0  # when it came; time.perf_counter, seconds
        self._still = False  # whether it repeated the one before it
        self._frozen = self._silent = False  # whether that is reported as a fault
        self._worker: LatestWorker[Arrival] = LatestWorker(
            'xsense-infrared', self._handle, self._report_bug
        )
        self.apply(around.settings)

    def open(self) -> None:
        """Start the thread and subscribe."""
        self._worker.start()
        self._subscribe(Image, 'infrared/image', CAMERA, self._raw)
        self._subscribe(CompressedImage, 'infrared/image/compressed', CAMERA, self._compressed)
        for topic in self._topics:
            topic.extra[_FROZEN] = 0

    def apply(self, settings: MatchingSettings) -> None:
        """Follow changed parameters."""
        self._settings = settings
        if settings.infrared_palette:
            prepare(settings.infrared_palette)
        self._worker.set_max_rate(settings.infrared_max_rate)

    def close(self) -> None:
        """Unsubscribe and end the thread."""
        super().close()
        self._worker.stop()

    def _raw(self, message: Image) -> NDArray[Any]:
        return decode_infrared(
            message.data,
            height=message.height,
            width=message.width,
            encoding=self._settings.infrared_encoding or message.encoding,
            step=message.step,
            is_bigendian=bool(message.is_bigendian),
            palette=self._settings.infrared_palette,
        )

    def _compressed(self, message: CompressedImage) -> NDArray[Any]:
        palette = self._settings.infrared_palette
        return decode_infrared_compressed(message.data, message.format, palette=palette)

    def _receive(self, arrival: Arrival) -> None:
        self._heard = arrival
        self._worker.offer(arrival)

    def _dropped(self) -> int:
        return self._worker.dropped

    def _handle(self, arrival: Arrival) -> None:
        begun = time.perf_counter()
        topic, header = arrival.topic, arrival.message.header
        self._check_stamp(arrival)
        if not self._search.wanted():
            return
        try:
            self._require_fresh(header)
            values = topic.decode(arrival.message)
            frame = InfraredFrame(header, values, arrival.time, begun, time.perf_counter())
            if self._stands_still(arrival, values):
                topic.extra[_FROZEN] += 1
                self._search.refuse(frame, self._freeze_reason(arrival.time))
                return
            errors = self._search.look(frame, values)
        except XsenseError as error:
            errors = (error,)
            unseen = InfraredFrame(header, None, arrival.time, begun, begun)
            self._search.refuse(unseen, str(error))
        if errors:  # of several templates, but for the same frame
            self._refuse(topic, errors[0])
        else:
            topic.answered += 1

    def _require_fresh(self, header: Any) -> None:
        """InputError for a frame that shows what was long ago."""
        limit = self._settings.stale_after
        stamp_ns, now_ns = stamp_to_ns(header.stamp), self._node.get_clock().now().nanoseconds
        # Without a stamp, or before a simulated clock has started, nobody knows how old it is.
        age = (now_ns - stamp_ns) / NS if stamp_ns and now_ns else 0.0
        if limit and age > limit:
            raise InputError(
                'age of the infrared frame', f'{age:.2f} s', f'at most stale_after ({limit:g} s)',
                'synchronise the clocks (chrony), set use_sim_time for a bag that is played, or '
                'lower the rate or size of the frames where the network cannot follow',
            )  # fmt: skip

    def _stands_still(self, arrival: Arrival, values: NDArray[Any]) -> bool:
        """Whether a frame repeats the one before: what it shows is past."""
        limit = self._settings.freeze_seconds
        self._still = limit > 0 and same_frame(self._last, values)
        self._last = values
        if not self._still:
            if self._frozen:
                self._faults.clear(arrival.topic.part, _FROZEN)
            self._changed, self._frozen = arrival.time, False
            return False
        if not self._frozen and arrival.time - self._changed > limit:
            self._frozen = True
            self._faults.report(
                arrival.topic.part, _FROZEN, Level.WARN,
                f'infrared picture: the same for more than {limit:g} s, expected one that changes '
                'with the noise of the sensor. Cure: restart the camera; for a simulator or a '
                'still picture set infrared.freeze_seconds to 0', sticky=True,
            )  # fmt: skip
        return True

    def _freeze_reason(self, now: float) -> str:
        return (
            f'the infrared picture has stood still for {now - self._changed:.2f} s: the camera '
            'corrects its flat field, or hangs; nothing is lost, following goes on with the next '
            'picture that changes'
        )

    def _describe(self, topic: Topic) -> Report:
        summary, figures = super()._describe(topic)
        state = self._state(topic)
        return state or summary, {**figures, 'state': state or 'live' if topic.received else ''}

    def _state(self, topic: Topic) -> str:
        """What is special about the camera now; reports it when it falls silent."""
        heard = self._heard
        if heard is None or heard.topic is not topic:
            return ''
        silence = time.perf_counter() - heard.time
        if silence > self._settings.silent_seconds:
            if not self._silent:
                self._silent = True
                self._faults.report(
                    topic.part, _SILENT, Level.WARN,
                    f'no infrared frame for {silence:.1f} s, expected one at least every '
                    f'{self._settings.silent_seconds:g} s. Cure: look at the camera and its '
                    'driver; a flat-field correction that takes longer is allowed for by '
                    'infrared.silent_seconds', sticky=True,
                )  # fmt: skip
            return f'silent for {silence:.1f} s'
        if self._silent:
            self._silent = False
            self._faults.clear(topic.part, _SILENT)
        still = heard.time - self._changed
        return f'standing still for {still:.1f} s (flat-field correction)' if self._still else ''
