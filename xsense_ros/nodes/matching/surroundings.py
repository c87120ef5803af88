# SPDX-License-Identifier: Apache-2.0
"""What everything that hears a topic of the node `matching` works with."""

from __future__ import annotations

from dataclasses import dataclass

from rclpy.lifecycle import LifecycleNode

from xsense_ros.nodes.diagnostics import DiagnosticsPublisher
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.hearing import Hearing
from xsense_ros.nodes.matching.settings import MatchingSettings


@dataclass(frozen=True)
class Surroundings:
    """The node that subscribes, where faults and diagnostics of topics go, and the settings."""

    node: LifecycleNode
    faults: FaultRegistry
    diagnostics: DiagnosticsPublisher
    settings: MatchingSettings


class MatchingHearing(Hearing):
    """Topics that the node `matching` hears.

    Args:
        what: is heard, for people.
        around: node, faults, diagnostics and settings.
    """

    def __init__(self, what: str, around: Surroundings) -> None:
        tolerance = around.settings.stamp_tolerance_seconds
        super().__init__(what, around.node, around.faults, around.diagnostics, tolerance)
