# SPDX-License-Identifier: Apache-2.0
"""Answers of a running node in the terminal, where `ros2 topic echo` is missing."""

from __future__ import annotations

import json
from typing import Any

import rclpy
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rich.console import Console
from rich.text import Text

from xsense_ros.fusion.rules import JOINT
from xsense_ros.msg import MatchArray
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.demo.table import probability_bar
from xsense_ros.nodes.executor import make_executor, spin, stop_on_signals
from xsense_ros.nodes.plain import to_plain

_UNKNOWN = 'unknown: nothing remembered is certain enough'
# Ranked is not recognised.
_UNMEASURED = ', or nobody has measured these senses together: see fusion.min_probability'


def to_json(message: Any) -> str:
    """All fields of a message, on one line."""
    return json.dumps(to_plain(message), ensure_ascii=False)


def answer_lines(message: MatchArray) -> list[str]:
    """An answer for people: a line a match; then the senses, and that nothing is certain."""
    lines = [
        f'{match.rank:>3}  {match.probability:.3f}  {match.item_id:<24} {match.label}'
        + ('  accepted' if match.accepted else '')
        for match in message.matches
    ]
    joint = JOINT in message.query_modality
    if joint:
        lines.append(f'answered as one: {message.query_modality}')
    if not message.accepted:
        lines.append(_UNKNOWN + _UNMEASURED * joint)
    return lines


def describe(message: MatchArray) -> Text:
    """An answer as one line."""
    asked = f'"{message.query_text}"' if message.query_text else message.query_modality
    line = Text(f'{stamp_to_ns(message.header.stamp) * 1e-9:.3f}  {asked:<24.24} ')
    line.append(f'{"accepted" if message.accepted else "unknown":<9}')
    for match in message.matches[:3]:
        line.append(f' {match.label} ', 'bold' if match.accepted else '')
        if match.rank == 1:
            line.append_text(probability_bar(match.probability, match.accepted)).append(' ')
        else:
            line.append(f'{match.probability:.2f} ', 'dim')
    return line.append(f' {message.total_ms:.1f} ms', 'dim')


def echo(topic: str, *, as_json: bool, once: bool) -> None:
    """Print answers as they come, until SIGINT or SIGTERM.

    Args:
        topic: of the answers.
        as_json: all fields, one object a line.
        once: end after the first.
    """
    console = Console()
    stop = stop_on_signals()
    rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('xsense_echo', start_parameter_services=False)

    def hear(message: MatchArray) -> None:
        if stop.is_set():
            return
        if as_json:
            print(to_json(message), flush=True)
        else:
            console.print(describe(message), no_wrap=True, overflow='ellipsis')
        if once:
            stop.set()

    qos = QoSProfile(depth=100, reliability=QoSReliabilityPolicy.RELIABLE)
    node.create_subscription(MatchArray, topic, hear, qos)
    executor = make_executor()
    executor.add_node(node)
    try:
        spin(executor, stop, rclpy.get_default_context())
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
