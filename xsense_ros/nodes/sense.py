# SPDX-License-Identifier: Apache-2.0
"""What all senses of a node share: their topics, their faults and their figures."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.qos import QoSProfile
from rclpy.subscription import Subscription

from xsense_ros.nodes.asker import Asker
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.diagnostics import DiagnosticsPublisher, Report
from xsense_ros.nodes.faults import FaultRegistry, Level
from xsense_ros.nodes.qos import subscribe
from xsense_ros.nodes.settings import Settings
from xsense_ros.nodes.stamps import StampCheck
from xsense_ros.nodes.worker import LatestWorker


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


T = TypeVar('T')


@dataclass(frozen=True)
class Surroundings:
    """What a sense works with: the node that subscribes, and where answers and faults go."""

    node: LifecycleNode
    asker: Asker
    contacts: LifecyclePublisher
    faults: FaultRegistry
    diagnostics: DiagnosticsPublisher
    settings: Settings


class Sense(ABC, Generic[T]):
    """Topics of one modality and the thread that works on them.

    Subclasses say what the thread does with what the callbacks leave for it.

    Args:
        modality: one of xsense_ros.names.MODALITIES.
        around: node, answers, faults, diagnostics and settings.
        capacity: samples that may wait for the thread.
    """

    def __init__(self, modality: str, around: Surroundings, capacity: int = 1) -> None:
        self.modality = modality
        self._node = around.node
        self._asker = around.asker
        self._faults = around.faults
        self._diagnostics = around.diagnostics
        self._settings = around.settings
        self._topics: list[Topic] = []
        self._latest: Arrival | None = None
        self._worker: LatestWorker[T] = LatestWorker(
            f'xsense-{modality}', self._handle, self._report_bug, capacity
        )
        self.apply(around.settings)

    def open(self) -> None:
        """Start the thread and subscribe."""
        self._worker.start()
        self._subscribe_all()

    def apply(self, settings: Settings) -> None:
        """Follow changed parameters."""
        self._settings = settings
        self._worker.set_max_rate(settings.max_rates[self.modality])

    @abstractmethod
    def latest_sample(self) -> Any:
        """The newest sample that was heard, for enrolling; InputError where there is none."""

    def close(self) -> None:
        """Unsubscribe and end the thread."""
        for topic in self._topics:
            if topic.subscription is not None:
                self._node.destroy_subscription(topic.subscription)
            self._diagnostics.remove(topic.part)
        self._worker.stop()
        self._topics.clear()

    @abstractmethod
    def _subscribe_all(self) -> None:
        """Called at the start: subscribe to the topics of this sense."""

    @abstractmethod
    def _handle(self, work: T) -> None:
        """Called in the thread with what ``_receive`` left for it."""

    @abstractmethod
    def _receive(self, arrival: Arrival) -> None:
        """Called by the executor for each message: it stores, and nothing else."""

    def _subscribe(
        self, message_type: type[Any], name: str, profile: QoSProfile, decode: Callable[[Any], Any]
    ) -> None:
        full_name = self._node.resolve_topic_name(name)
        tolerance = self._settings.stamp_tolerance_seconds
        shared = self._diagnostics.shows(full_name)
        part = f'{full_name} ({self.modality})' if shared else full_name
        topic = Topic(full_name, part, decode, StampCheck(tolerance))

        def store(message: Any) -> None:
            topic.received += 1
            self._receive(Arrival(topic, message, time.perf_counter()))

        topic.subscription = subscribe(
            self._node, message_type, name, store, profile, self._faults
        )
        self._topics.append(topic)
        self._diagnostics.add(part, lambda: self._describe(topic))

    def _check_stamp(self, arrival: Arrival) -> None:
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
            self._faults.report_error(f'{self.modality} worker', error, Level.ERROR)

    def _dropped(self) -> int:
        """Samples of all topics that made room for newer ones."""
        return self._worker.dropped

    def _describe(self, topic: Topic) -> Report:
        figures: dict[str, object] = {
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
