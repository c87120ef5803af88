# SPDX-License-Identifier: Apache-2.0
"""What all senses of a node share: topics that are heard, and the thread that asks."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from rclpy.lifecycle import LifecycleNode, LifecyclePublisher

from xsense_ros.nodes.asker import Asker
from xsense_ros.nodes.diagnostics import DiagnosticsPublisher
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.hearing import Arrival, Hearing
from xsense_ros.nodes.settings import Settings
from xsense_ros.nodes.worker import LatestWorker

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


class Sense(Hearing, Generic[T]):
    """Topics of one modality and the thread that works on them.

    Subclasses say what the thread does with what the callbacks leave for it.

    Args:
        modality: one of xsense_ros.names.MODALITIES.
        around: node, answers, faults, diagnostics and settings.
        capacity: samples that may wait for the thread.
    """

    def __init__(self, modality: str, around: Surroundings, capacity: int = 1) -> None:
        super().__init__(
            modality,
            around.node,
            around.faults,
            around.diagnostics,
            around.settings.stamp_tolerance_seconds,
        )
        self.modality = modality
        self._asker = around.asker
        self._settings = around.settings
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
        """The newest sample that was heard; InputError where there is none."""

    def close(self) -> None:
        """Unsubscribe and end the thread."""
        super().close()
        self._worker.stop()

    @abstractmethod
    def _subscribe_all(self) -> None:
        """Called at the start: subscribe to the topics of this sense."""

    @abstractmethod
    def _handle(self, work: T) -> None:
        """Called in the thread with what ``_receive`` left for it."""

    def _dropped(self) -> int:
        """Samples of all topics that made room for newer ones."""
        return self._worker.dropped
