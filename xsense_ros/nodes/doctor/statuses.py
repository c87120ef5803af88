# SPDX-License-Identifier: Apache-2.0
"""Follows /diagnostics: the last word of every part, and what has changed since the first."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node

from xsense_ros.doctor.observation import Status
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.doctor.listening import quiet
from xsense_ros.nodes.qos import DIAGNOSTICS
from xsense_ros.units import NS


@dataclass
class _Part:
    first: dict[str, str]
    began: float
    status: Any
    last: float


class Statuses:
    """Keeps what nodes tell of their parts.

    Args:
        node: subscribes.
    """

    def __init__(self, node: Node) -> None:
        self._parts: dict[str, dict[str, _Part]] = {}
        self._skews: dict[str, float] = {}
        node.create_subscription(
            DiagnosticArray, '/diagnostics', self._take, DIAGNOSTICS, event_callbacks=quiet()
        )

    def of(self, name: str) -> dict[str, Status]:
        """Status by part of the node with this full name."""
        return {
            part: Status(
                one.status.level[0],
                one.status.message,
                _values(one.status),
                one.first,
                one.last - one.began,
            )
            for part, one in self._parts.get(name, {}).items()
        }

    def skew(self, name: str) -> float | None:
        """Clock of a node minus that of this computer [s]; None where it has told nothing."""
        return self._skews.get(name)

    def _take(self, message: DiagnosticArray) -> None:
        now = time.monotonic()
        skew = (stamp_to_ns(message.header.stamp) - time.time_ns()) / NS
        for status in message.status:
            owner, _, part = status.name.partition(': ')
            name = '/' + owner.lstrip('/')
            # A message that was long on its way makes a clock seem late: the latest is nearest.
            self._skews[name] = max(skew, self._skews.get(name, skew))
            parts = self._parts.setdefault(name, {})
            if part in parts:
                parts[part].status, parts[part].last = status, now
            else:
                parts[part] = _Part(_values(status), now, status, now)


def _values(status: Any) -> dict[str, str]:
    return {value.key: value.value for value in status.values}
