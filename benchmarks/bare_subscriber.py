# SPDX-License-Identifier: Apache-2.0
"""A node that answers every frame with an empty message: what DDS and rclpy cost by themselves."""

from __future__ import annotations

import rclpy
from rclpy.qos import qos_profile_sensor_data
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import Image
from xsense_ros.msg import MatchArray

from xsense_ros.nodes.executor import make_executor, spin, stop_on_signals

TOPIC_IN, TOPIC_OUT = 'bare/image', 'bare/matches'


def main() -> None:
    """Answer until SIGTERM."""
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    stop = stop_on_signals()
    node = rclpy.create_node('bare_subscriber')
    answers = node.create_publisher(MatchArray, TOPIC_OUT, 10)
    node.create_subscription(
        Image,
        TOPIC_IN,
        lambda message: answers.publish(MatchArray(header=message.header)),
        qos_profile_sensor_data,
    )
    executor = make_executor()
    executor.add_node(node)
    spin(executor, stop, rclpy.get_default_context())


if __name__ == '__main__':
    main()
