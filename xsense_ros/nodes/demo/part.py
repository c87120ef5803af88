# SPDX-License-Identifier: Apache-2.0
"""A part of the demo: one node, what it is shown and asked, and what its answers were worth."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod

from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rich.console import Console

from xsense_ros.nodes.demo.processes import Processes

# Answers are few and small, and each is counted.
QOS = QoSProfile(depth=200, reliability=QoSReliabilityPolicy.RELIABLE)


class Part(ABC):
    """One node of the demo, from its start to the table of what it has answered.

    Args:
        name: of the node and its process.

    Attributes:
        name: as given.
        heard_at: time of the newest answer (time.monotonic, seconds).
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.heard_at = time.monotonic()

    @abstractmethod
    def start(self, processes: Processes) -> None:
        """Start the process of the node."""

    def prepare(self, console: Console) -> None:
        """Called when the node is active, before anything is played."""
        return

    @abstractmethod
    def listen(self, node: Node) -> None:
        """Subscribe to what is answered."""

    def look(self) -> None:
        """Called often while it plays.

        Raises:
            XsenseError: something has gone wrong meanwhile.
        """
        return

    def finish(self) -> None:
        """Called when all has been played, while the node is still there."""
        return

    @abstractmethod
    def conclude(self, console: Console) -> dict[str, dict[str, float]]:
        """Print what the answers were worth; counts for JSON by kind. Nothing without answers."""

    @abstractmethod
    def silent(self) -> list[str]:
        """What should have been answered and was not."""
