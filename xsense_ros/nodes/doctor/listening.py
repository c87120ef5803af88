# SPDX-License-Identifier: Apache-2.0
"""Hears topics without decoding them: when messages come, their stamps and sizes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSHistoryPolicy, QoSProfile, QoSReliabilityPolicy
from rclpy.serialization import deserialize_message
from std_msgs.msg import Header

from xsense_ros.doctor.observation import Endpoint, Heard, Reply
from xsense_ros.errors import InputError
from xsense_ros.msg import AudioChunk, HeterologousMatch, MatchArray
from xsense_ros.nodes.adapters import message_class
from xsense_ros.nodes.conversions import chunk_to_waveform, stamp_to_ns

# The header is the first field; the rest of a picture need not be looked at.
_HEADER_BYTES = 4096
_MOST = 20_000  # messages kept of one topic
_FEW, _MANY = 5, 100  # queued: pictures are large

_REPLIES: dict[str, tuple[type[Any], Callable[[Any], Reply]]] = {
    'xsense_ros/msg/MatchArray': (
        MatchArray,
        lambda m: Reply(m.query_modality, m.accepted, m.total_ms),
    ),
    'xsense_ros/msg/HeterologousMatch': (
        HeterologousMatch,
        lambda m: Reply('infrared', m.found, m.total_ms),
    ),
}


class Listener:
    """Keeps what is to be known of the messages of one topic.

    Args:
        node: subscribes.
        topic: full name.
        hearer: the subscription of a node of ours, whose type and reliability are taken.
        publishers: that are there already; a best-effort one is heard by best effort alone.
        clock: tells simulated time in ns.
    """

    def __init__(
        self,
        node: Node,
        topic: str,
        hearer: Endpoint,
        publishers: Sequence[Endpoint],
        clock: Callable[[], int],
    ) -> None:
        self.heard: list[Heard] = []
        self._clock = clock
        self._kind = message_class(hearer.type, topic)
        fields = self._kind.get_fields_and_field_types()
        self._stamped = next(iter(fields.values()), '') == 'std_msgs/Header'
        offers = {end.qos.reliability for end in publishers}
        both = hearer.qos.reliability == 'reliable' and 'best_effort' not in offers
        large = 'Image' in hearer.type
        profile = _profile(reliable=both, depth=_FEW if large else _MANY)
        node.create_subscription(
            self._kind, topic, self._take, profile, raw=True, event_callbacks=quiet()
        )

    def _take(self, raw: bytes) -> None:
        wall = time.time_ns()
        if len(self.heard) >= _MOST:
            return
        try:
            stamp, sound = self._look_into(raw)
        except Exception:  # whatever rclpy raises for bytes of another definition of the type
            stamp, sound = None, 0.0
        self.heard.append(Heard(wall, self._clock(), stamp, len(raw), sound))

    def _look_into(self, raw: bytes) -> tuple[int | None, float]:
        """Stamp [ns], and how long a sound lasts [s]."""
        if self._kind is AudioChunk:
            chunk = deserialize_message(raw, AudioChunk)
            return stamp_to_ns(chunk.header.stamp), _seconds(chunk)
        if not self._stamped:
            return None, 0.0
        return stamp_to_ns(deserialize_message(raw[:_HEADER_BYTES], Header).stamp), 0.0


def listen_to_replies(node: Node, topic: str, kind: str, replies: list[Reply]) -> bool:
    """Collect the answers of a topic; False where it is no topic of answers."""
    if kind not in _REPLIES:
        return False
    cls, read = _REPLIES[kind]
    qos = _profile(reliable=False, depth=_MANY)
    node.create_subscription(
        cls, topic, lambda m: replies.append(read(m)), qos, event_callbacks=quiet()
    )
    return True


def quiet() -> SubscriptionEventCallbacks:
    """No lines of rclpy about a QoS that does not fit: the report says it, with its cure."""
    return SubscriptionEventCallbacks(use_default_callbacks=False)


def _profile(*, reliable: bool, depth: int) -> QoSProfile:
    kinds = QoSReliabilityPolicy
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=kinds.RELIABLE if reliable else kinds.BEST_EFFORT,
    )


def _seconds(chunk: Any) -> float:
    """How long a chunk lasts; 0 where it does not fit what it says of itself."""
    try:
        waveform = chunk_to_waveform(chunk)
    except InputError:
        return 0.0
    return len(waveform.samples) / float(waveform.sample_rate)
