# SPDX-License-Identifier: Apache-2.0
"""What nodes answer and how they fare, for the page; heard only while there is one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray
from rclpy.node import Node
from rclpy.subscription import Subscription

from xsense_ros.dashboard.hub import Hub
from xsense_ros.dashboard.rates import Latencies
from xsense_ros.msg import HeterologousMatch, MatchArray, Sample
from xsense_ros.nodes.dashboard.feeds import Feeds
from xsense_ros.nodes.dashboard.memory import Memory
from xsense_ros.nodes.dashboard.settings import DashboardSettings
from xsense_ros.nodes.dashboard.telling import (
    Json,
    parts_of,
    told_answer,
    told_sighting,
    told_status,
)
from xsense_ros.nodes.faults import FaultRegistry
from xsense_ros.nodes.qos import ANSWERS, DIAGNOSTICS, subscribe

_HEAT = 'heat'
# A node that has not told how it fares for so long is not there.
_SILENT_SECONDS = 3.5
_GONE = 'missing'
# Which answers tell how long a sense takes; all fingers are asked together.
_ASKED = {'camera': 'image', 'infrared': _HEAT}


class News:
    """Answers, sightings, states and rates.

    Args:
        node: subscribes.
        settings: of the dashboard.
        hub: is told everything.
        feeds: know how often sensors are heard.
        memory: knows the views of items.
        numbers: of answers.
        faults: told of quality of service that does not fit.
        on_version: told of the gallery's version when it is heard.
    """

    def __init__(
        self,
        node: Node,
        settings: DashboardSettings,
        hub: Hub,
        feeds: Feeds,
        memory: Memory,
        numbers: itertools.count[int],
        faults: FaultRegistry,
        on_version: Callable[[int], None],
    ) -> None:
        self._node = node
        self._hub = hub
        self._feeds = feeds
        self._memory = memory
        self._numbers = numbers
        self._faults = faults
        self._on_version = on_version
        # Full names, as diagnostics begin: without the first slash.
        self._names = {
            name: node.resolve_service_name(name).lstrip('/')
            for name in (settings.retrieval, settings.matching)
        }
        self._retrieval = settings.retrieval
        own = node.get_fully_qualified_name().lstrip('/')
        self._told_of = tuple(f'{name}: ' for name in (*self._names.values(), own))
        self._statuses: dict[str, tuple[float, Json]] = {}
        self._latencies: dict[str, Latencies] = {}
        self._subscriptions: list[Subscription] = []
        self._waiting: MatchArray | None = None

    def follow(self, wanted: bool) -> None:
        """Subscribe while somebody looks; in the executor's thread."""
        if wanted and not self._subscriptions:
            for kind, topic, hear, profile in (
                (MatchArray, 'matches', self._answer, ANSWERS),
                (HeterologousMatch, 'heterologous_matches', self._sighting, ANSWERS),
                (DiagnosticArray, '/diagnostics', self._diagnose, DIAGNOSTICS),
            ):
                subscription = subscribe(self._node, kind, topic, hear, profile, self._faults)
                self._subscriptions.append(subscription)
        elif not wanted:
            while self._subscriptions:
                self._node.destroy_subscription(self._subscriptions.pop())

    def tell(self) -> None:
        """Tell states and rates; called once a second while somebody looks."""
        horizon = time.monotonic() - _SILENT_SECONDS
        statuses = {
            name: s for name, (heard, s) in list(self._statuses.items()) if heard > horizon
        }
        nodes, engines, gallery = [], [], {}
        dropped: dict[str, int] = {}
        for name, full_name in self._names.items():
            parts = parts_of(statuses, full_name)
            lifecycle = parts.get('lifecycle')
            state = lifecycle['values'].get('state', '') if lifecycle else _GONE
            worst = max(parts.values(), key=lambda part: part['level'], default=None)
            troubled = worst is not None and worst['level'] > 0
            message = worst['message'] if worst is not None and troubled else ''
            nodes.append({'name': name, 'state': state, 'message': message})
            if 'engine' in parts:
                engines.append({**parts['engine'], 'name': name, 'state': state})
            if name == self._retrieval and 'gallery' in parts:
                gallery = _gallery(parts['gallery'])
            for part, status in parts.items():
                if part.startswith('/') and status['values'].get('dropped', '').isdigit():
                    dropped[part] = int(status['values']['dropped'])
        if gallery:
            self._on_version(gallery['version'])
        told = {
            'type': 'state',
            'nodes': nodes,
            'engines': engines,
            'gallery': gallery,
            'diagnostics': sorted(statuses.values(), key=lambda s: (-s['level'], s['name'])),
        }
        self._hub.tell(told, 'state')
        self._hub.tell({'type': 'rates', 'topics': self._rates(dropped)}, 'rates')

    def _rates(self, dropped: dict[str, int]) -> Json:
        told: Json = {}
        for topic, (tile, hz) in self._feeds.heard().items():
            asked = 'touch' if tile.startswith('touch') else _ASKED.get(tile, tile)
            latencies = self._latencies.get(asked)
            middle, high = (latencies and latencies.percentiles()) or (None, None)
            told[topic] = {
                'hz': round(hz, 2), 'dropped': dropped.get(topic), 'ms_p50': middle,
                'ms_p95': high,
            }  # fmt: skip
        return told

    def flush(self) -> None:
        """Tell the newest answer to a camera's pictures; called ten times a second.

        Nobody reads faster, and each answer is words in JSON for every page.
        """
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._tell_answer(waiting)

    def _answer(self, message: MatchArray) -> None:
        latencies = self._latencies.setdefault(message.query_modality, Latencies())
        latencies.add(message.total_ms)
        if message.query_modality == Sample.IMAGE:
            self._waiting = message
        else:
            self._tell_answer(message)

    def _tell_answer(self, message: MatchArray) -> None:
        self._hub.tell(told_answer(message, next(self._numbers), self._memory.views))
        self._on_version(message.gallery_version)

    def _sighting(self, message: HeterologousMatch) -> None:
        told = told_sighting(message)
        self._latencies.setdefault(_HEAT, Latencies()).add(message.total_ms)
        self._hub.tell(told, f'sighting {message.template_id}')

    def _diagnose(self, message: DiagnosticArray) -> None:
        now = time.monotonic()
        for status in message.status:
            if status.name.startswith(self._told_of):
                self._statuses[status.name] = now, told_status(status)
        # A part that is shown no longer must not be kept for ever.
        for name in [n for n, (heard, _) in self._statuses.items() if now - heard > 60.0]:
            del self._statuses[name]


def _gallery(part: Json) -> Json:
    values: dict[str, Any] = part['values']
    counts = {name: values.get(name, '') for name in ('items', 'version')}
    return {
        **{name: int(text) if text.isdigit() else 0 for name, text in counts.items()},
        'file': values.get('file', ''),
        'message': part['message'],
        'level': part['level'],
    }
