# SPDX-License-Identifier: Apache-2.0
"""The floor beneath a node: a bare subscriber in a process of its own, which stays beside it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from xsense_ros.msg import MatchArray

from benchmarks.bare_subscriber import TOPIC_IN, TOPIC_OUT
from benchmarks.rig import NodeRig, image_message
from benchmarks.samples import noise_frame
from benchmarks.stream import Stream
from xsense_ros.nodes.conversions import stamp_to_ns

FLOOR = 'a bare subscriber that answers'


@contextmanager
def bare_subscriber(rig: NodeRig) -> Iterator[Stream]:
    """Frame to empty answer: the share of DDS and rclpy, which no node can avoid."""
    child = subprocess.Popen([sys.executable, '-m', 'benchmarks.bare_subscriber'])
    try:
        frames = rig.node.create_publisher(Image, TOPIC_IN, qos_profile_sensor_data)
        stream = Stream(rig, frames)
        rig.node.create_subscription(
            MatchArray,
            TOPIC_OUT,
            lambda message: stream.heard(stamp_to_ns(message.header.stamp), 0.0),
            10,
        )
        stream.meet([image_message(noise_frame(0))])
        yield stream
    finally:
        child.terminate()
        child.wait(timeout=20)
