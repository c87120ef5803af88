# SPDX-License-Identifier: Apache-2.0
"""Tactile sensors for a node: topics whose frames alternate between contact and none."""

from __future__ import annotations

import time
from collections.abc import Callable

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from xsense_ros.msg import MatchArray

from benchmarks.rig import Rig, image_message
from benchmarks.samples import gel

BUNDLE = 'touch-vision-sound'
RATE = 30
_RESTING = 30  # frames, many more than a background is learnt from: some are skipped


class Fingers:
    """One publisher a sensor, each named in the frames that it sends.

    Attributes:
        publishers: one a sensor.
        frames: (contact, rest) of each sensor, to be sent in turns: each contact is a touch.
    """

    def __init__(self, rig: Rig, topics: list[str], height: int, width: int) -> None:
        self.publishers = [
            rig.node.create_publisher(Image, topic, qos_profile_sensor_data) for topic in topics
        ]
        self.frames = []
        for number in range(len(topics)):
            pair = (
                image_message(gel(height, width, True)),
                image_message(gel(height, width, False)),
            )
            for frame in pair:
                frame.header.frame_id = _serial(number)
            self.frames.append(pair)
        rig.wait(
            lambda: all(one.get_subscription_count() for one in self.publishers), 'tactile topics'
        )
        for count in range(_RESTING):
            resting = image_message(gel(height, width, False, count))
            for number, publisher in enumerate(self.publishers):
                resting.header.frame_id = _serial(number)
                rig.stamp(resting)
                publisher.publish(resting)
            time.sleep(1 / RATE)


def finger_rig(on_match: Callable[[MatchArray, float], None], topics: list[str]) -> Rig:
    """A node that asks with the first frame of each touch, without waiting for what follows."""
    listed = ','.join(f'"{topic}"' for topic in topics)
    return Rig(on_match, BUNDLE, ['touch.event_seconds:=0.0', f'touch.topics:=[{listed}]'])


def _serial(number: int) -> str:
    """Name of a sensor, as its frames have it."""
    return f'bench{number}'
