# SPDX-License-Identifier: Apache-2.0
"""The topics on which a managed node publishes, shown in diagnostics while they exist."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile

from xsense_ros.nodes.diagnostics import DiagnosticsPublisher, Report
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.qos import advertise


class Outlets:
    """Publishers by relative topic name.

    Args:
        node: publishes.
        faults: told of listeners whose quality of service does not fit.
        diagnostics: show every topic.
        table: name, type of message and quality of service of each.
    """

    def __init__(
        self,
        node: LifecycleNode,
        faults: FaultRegistry,
        diagnostics: DiagnosticsPublisher,
        table: Sequence[tuple[str, type[Any], QoSProfile]],
    ) -> None:
        self._node = node
        self._diagnostics = diagnostics
        self._publishers: dict[str, LifecyclePublisher] = {}
        for name, kind, profile in table:
            publisher = advertise(node, kind, name, profile, faults)
            self._publishers[name] = publisher
            diagnostics.add(publisher.topic_name, _describe(publisher))

    def __getitem__(self, name: str) -> LifecyclePublisher:
        """The publisher of a topic."""
        return self._publishers[name]

    def heard(self, *names: str) -> bool:
        """Whether anybody listens to one of these topics, or without names to any."""
        return any(
            self._publishers[name].get_subscription_count() > 0
            for name in names or self._publishers
            if name in self._publishers
        )

    def close(self) -> None:
        """Withdraw all of them."""
        while self._publishers:
            publisher = self._publishers.popitem()[1]
            self._diagnostics.remove(publisher.topic_name)
            self._node.destroy_lifecycle_publisher(publisher)


def _describe(publisher: LifecyclePublisher) -> Callable[[], Report]:
    def describe() -> Report:
        listeners = publisher.get_subscription_count()
        return f'{listeners} listening', {'subscribers': listeners}

    return describe
