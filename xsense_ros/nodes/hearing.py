# SPDX-License-Identifier: Apache-2.0
"""Subscribed topics: how many messages came, what became of them, and what was wrong with them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.diagnostics import DiagnosticsPublisher, Report
from xsense_ros.nodes.faults import FaultRegistry, Level
from xsense_ros.nodes.qos import subscribe
from xsense_ros.nodes.stamps import StampCheck


@dataclass
class Topic:
    """A subscribed topic: how its messages become samples, and what came of them.

    ``part`` is what it is called in diagnostics: its name, unless another sense hears it too.
    """

    name: str
    part: str
    decode: Callable[[Any], Any]
    stamps: StampCheck
    subscription: Subscription | None = None
    received: int = 0
    answered: int = 0
    refused: int = 0
    extra: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Arrival:
    """A message and when it came (time.perf_counter, seconds)."""

    topic: Topic
    message: Any
    time: float


class Hearing(ABC):
    """Topics of one kind, shown in diagnostics while they are heard.

    Args:
        what: is heard, for people: told apart from another hearer of the same topic.
        node: subscribes.
        faults: of its topics.
        diagnostics: show its topics.
        stamp_tolerance_seconds: how far a stamp may lie ahead of the node's clock.
    """

    def __init__(
        self,
        what: str,
        node: LifecycleNode,
        faults: FaultRegistry,
        diagnostics: DiagnosticsPublisher,
        stamp_tolerance_seconds: float,
    ) -> None:
        self._what = what
        self._node = node
        self._faults = faults
        self._diagnostics = diagnostics
        self._stamp_tolerance = stamp_tolerance_seconds
        self._topics: list[Topic] = []

    def close(self) -> None:
        """Unsubscribe."""
        for topic in self._topics:
            if topic.subscription is not None:
                self._node.destroy_subscription(topic.subscription)
                topic.subscription = None
            self._diagnostics.remove(topic.part)

    @abstractmethod
    def _receive(self, arrival: Arrival) -> None:
        """Called by the executor for each message: it stores, and nothing else."""

    @abstractmethod
    def _dropped(self) -> int:
        """Messages of all topics that made room for newer ones."""

    def _subscribe(
        self, message_type: type[Any], name: str, profile: QoSProfile, decode: Callable[[Any], Any]
    ) -> None:
        full_name = self._node.resolve_topic_name(name)
        shared = self._diagnostics.shows(full_name)
        part = f'{full_name} ({self._what})' if shared else full_name
        topic = Topic(full_name, part, decode, StampCheck(self._stamp_tolerance))

        def store(message: Any) -> None:
            topic.received += 1
            self._receive(Arrival(topic, message, time.perf_counter()))

        topic.subscription = subscribe(
            self._node, message_type, name, store, profile, self._faults
        )
        self._topics.append(topic)
        self._diagnostics.add(part, lambda: self._describe(topic))

    def _check_stamp(self, arrival: Arrival) -> None:
        if not hasattr(arrival.message, 'header'):
            return
        now_ns = self._node.get_clock().now().nanoseconds
        stamp_ns = stamp_to_ns(arrival.message.header.stamp)
        fault = arrival.topic.stamps.check(stamp_ns, now_ns)
        if fault is not None:
            self._faults.report(arrival.topic.part, fault.kind, Level.WARN, fault.message)

    def _refuse(self, topic: Topic, error: Exception) -> None:
        topic.refused += 1
        self._faults.report_error(topic.part, error)

    def _report_bug(self, error: Exception) -> None:
        # A publisher is invalid once the context is shut down; that is no fault of a sample.
        if self._node.context.ok():
            self._faults.report_error(f'{self._what} worker', error, Level.ERROR)

    def _describe(self, topic: Topic) -> Report:
        figures: dict[str, object] = {
            'sense': self._what,
            'received': topic.received,
            'answered': topic.answered,
            'refused': topic.refused,
            'dropped': self._dropped(),
            'publishers': self._node.count_publishers(topic.name),
            **topic.extra,
        }
        if not topic.received:
            return 'nothing received yet', figures
        return f'{topic.answered} of {topic.received} messages answered', figures
