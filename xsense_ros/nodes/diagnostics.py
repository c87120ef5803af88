# SPDX-License-Identifier: Apache-2.0
"""Tells /diagnostics once a second how every part of a node fares."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from xsense_ros.nodes.faults import FaultRegistry, Level
from xsense_ros.nodes.qos import DIAGNOSTICS

# A part describes itself: a sentence and figures.
Report = tuple[str, Mapping[str, object]]


class DiagnosticsPublisher:
    """One DiagnosticStatus per part of the node (topics, engine, gallery, lifecycle).

    The level of a part is that of its worst present fault. A fault's count and last message stay
    among the values after it is over.

    Args:
        node: publishes; it names the statuses.
        faults: of all parts.
        hardware_id: of the computer or robot.
        period_seconds: between two messages, of wall time: a paused simulation stays observable.
    """

    def __init__(
        self, node: Node, faults: FaultRegistry, hardware_id: str, period_seconds: float
    ) -> None:
        self._node = node
        self._faults = faults
        self._hardware_id = hardware_id
        self._parts: dict[str, Callable[[], Report]] = {}
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', DIAGNOSTICS)
        self._timer = node.create_timer(
            period_seconds, self.publish, clock=Clock(clock_type=ClockType.STEADY_TIME)
        )

    def add(self, source: str, report: Callable[[], Report]) -> None:
        """Show a part from now on. ``source`` is the one under which its faults are reported."""
        self._parts[source] = report

    def shows(self, source: str) -> bool:
        """Whether there is a part of this name."""
        return source in self._parts

    def remove(self, source: str) -> None:
        """Show a part no longer."""
        self._parts.pop(source, None)

    def publish(self) -> None:
        """Publish now."""
        message = DiagnosticArray()
        message.header.stamp = self._node.get_clock().now().to_msg()
        message.status = [self._status(source) for source in list(self._parts)]
        self._publisher.publish(message)

    def close(self) -> None:
        """Stop publishing."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)

    def _status(self, source: str) -> DiagnosticStatus:
        fault = self._faults.present(source)
        try:
            summary, figures = self._parts[source]()
        except Exception as error:  # a part that cannot describe itself must not hide the others
            summary, figures = f'cannot be described: {error}', {}
        values = [KeyValue(key=key, value=str(value)) for key, value in figures.items()]
        for past in self._faults.history(source):
            values.append(KeyValue(key=f'{past.kind}: count', value=str(past.count)))
            values.append(KeyValue(key=f'{past.kind}: last', value=past.message))
        return DiagnosticStatus(
            level=bytes([fault.level if fault else Level.OK]),
            name=f'{self._node.get_fully_qualified_name().lstrip("/")}: {source}',
            message=fault.message if fault else summary,
            hardware_id=self._hardware_id,
            values=values,
        )
