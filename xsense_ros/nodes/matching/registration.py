# SPDX-License-Identifier: Apache-2.0
"""Where visible pixels lie in the infrared frame: by parameters, or by what both cameras say."""

from __future__ import annotations

import threading

from sensor_msgs.msg import CameraInfo

from xsense_ros.adapters.cameras import camera_of
from xsense_ros.errors import InputError
from xsense_ros.matching.mapping import Camera, Mapping
from xsense_ros.nodes.hearing import Arrival
from xsense_ros.nodes.matching.settings import MatchingSettings
from xsense_ros.nodes.matching.surroundings import MatchingHearing, Surroundings
from xsense_ros.nodes.qos import CAMERA

_TOPICS = ('visible/camera_info', 'infrared/camera_info')


class Registration(MatchingHearing):
    """Hears both CameraInfo topics, and makes the mapping that the parameters ask for.

    Args:
        around: node, faults, diagnostics and settings.
    """

    def __init__(self, around: Surroundings) -> None:
        super().__init__('calibration', around)
        self._lock = threading.Lock()
        self._settings = around.settings
        self._heard: dict[str, CameraInfo] = {}
        self._mapping: Mapping | None = None

    def open(self) -> None:
        """Subscribe."""
        for name in _TOPICS:
            self._subscribe(CameraInfo, name, CAMERA, camera_of)

    def apply(self, settings: MatchingSettings) -> None:
        """Follow changed parameters."""
        with self._lock:
            before, self._settings = self._settings, settings
            if before.registration != settings.registration:
                self._mapping = None

    def mapping(self) -> Mapping:
        """The mapping as it is now; the same object until something changes.

        Raises:
            InputError: cameras that have not said anything yet, or nothing that can be used.
        """
        with self._lock:
            if self._mapping is None:
                self._mapping = self._settings.registration.mapping(self._cameras)
            return self._mapping

    def _cameras(self) -> tuple[Camera, Camera]:
        cameras = []
        for topic in self._topics:
            info = self._heard.get(topic.name)
            if info is None:
                raise InputError(
                    f'camera_info on {topic.name}', 'none',
                    "that of a calibrated camera, for the mapping 'cameras'",
                    'publish it, or set the parameter mapping to same or homography',
                )  # fmt: skip
            cameras.append(camera_of(info))
            topic.answered = topic.received
        return cameras[0], cameras[1]

    def _receive(self, arrival: Arrival) -> None:
        with self._lock:
            before = self._heard.get(arrival.topic.name)
            self._heard[arrival.topic.name] = arrival.message
            if before is None or _content(before) != _content(arrival.message):
                self._mapping = None

    def _dropped(self) -> int:
        return 0


def _content(info: CameraInfo) -> tuple[object, ...]:
    """All of it that a mapping depends on."""
    return info.width, info.height, info.distortion_model, tuple(info.d), tuple(info.k)
