# SPDX-License-Identifier: Apache-2.0
"""Frames of the visible camera: the last few are kept, to be paired with infrared ones."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image

from xsense_ros.errors import InputError, XsenseError
from xsense_ros.nodes.conversions import compressed_to_rgb, image_to_rgb, stamp_to_ns
from xsense_ros.nodes.hearing import Arrival
from xsense_ros.nodes.matching.surroundings import MatchingHearing, Surroundings
from xsense_ros.nodes.qos import CAMERA
from xsense_ros.senses.infrared import require_visible
from xsense_ros.units import NS

Size = tuple[int, int]


def visible_to_rgb(message: Image) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of a raw visible frame.

    Raises:
        InputError: as ``image_to_rgb``, or counts of a thermal camera.
    """
    require_visible(message.encoding)
    return image_to_rgb(message)


class VisibleFrames(MatchingHearing):
    """Hears the visible camera, raw and compressed. Frames are decoded when somebody needs them.

    Args:
        around: node, faults, diagnostics and settings.
    """

    def __init__(self, around: Surroundings) -> None:
        super().__init__('visible', around)
        self._lock = threading.Lock()
        self._kept: deque[Arrival] = deque(maxlen=around.settings.visible_frames)
        self._judged: Arrival | None = None
        self._decoded: tuple[Arrival, NDArray[np.uint8]] | None = None
        self._size: Size | None = None

    def open(self) -> None:
        """Subscribe."""
        self._subscribe(Image, 'visible/image', CAMERA, visible_to_rgb)
        self._subscribe(CompressedImage, 'visible/image/compressed', CAMERA, compressed_to_rgb)

    @property
    def size(self) -> Size | None:
        """Columns and rows of the newest frame of which they are known; None before one came."""
        newest = self._newest()
        if newest is not None and isinstance(newest.message, Image):
            return (newest.message.width, newest.message.height)
        return self._size

    def newest(self) -> tuple[Any, NDArray[np.uint8]]:
        """Header and RGB of the newest frame.

        Raises:
            InputError: none was heard, or it cannot be used.
        """
        newest = self._newest()
        if newest is None:
            topics = ' or '.join(topic.name for topic in self._topics)
            cure = f'publish on {topics}, or give a picture in `image` or `path`'
            raise InputError('visible frame', 'nothing', 'a frame heard before', cure)
        try:
            return newest.message.header, self.decode(newest)
        except XsenseError as error:
            self._refuse(newest.topic, error)
            raise

    def partner(self, stamp_ns: int, tolerance_seconds: float) -> Arrival | None:
        """The frame whose stamp is nearest to that of an infrared one.

        Args:
            stamp_ns: of the infrared frame; 0, an unknown time, has no partner.
            tolerance_seconds: most that the stamps differ.
        """
        with self._lock:
            kept = list(self._kept)
        if kept and kept[-1] is not self._judged:
            self._judged = kept[-1]
            self._check_stamp(kept[-1])
        stamped = (
            [(abs(ns - stamp_ns), a) for a in kept if (ns := _stamp_of(a))] if stamp_ns else []
        )
        distance, nearest = min(stamped, key=lambda pair: pair[0], default=(0, None))
        if nearest is None or distance > tolerance_seconds * NS:
            return None
        nearest.topic.answered += 1
        return nearest

    def picture(self, arrival: Arrival) -> NDArray[np.uint8] | None:
        """RGB of a frame; None, and a fault in diagnostics, where it cannot be used."""
        try:
            return self.decode(arrival)
        except XsenseError as error:
            self._refuse(arrival.topic, error)
            return None

    def decode(self, arrival: Arrival) -> NDArray[np.uint8]:
        """RGB of a frame, decoded once; InputError where it cannot be used."""
        known = self._decoded
        if known is None or known[0] is not arrival:
            rgb: NDArray[np.uint8] = arrival.topic.decode(arrival.message)
            known = self._decoded = (arrival, rgb)
            self._size = (rgb.shape[1], rgb.shape[0])
        return known[1]

    def _newest(self) -> Arrival | None:
        with self._lock:
            return self._kept[-1] if self._kept else None

    def _receive(self, arrival: Arrival) -> None:
        with self._lock:
            self._kept.append(arrival)

    def _dropped(self) -> int:
        return 0  # a frame that no infrared one belongs to is not missed


def _stamp_of(arrival: Arrival) -> int:
    return stamp_to_ns(arrival.message.header.stamp)
