# SPDX-License-Identifier: Apache-2.0
"""Named quality-of-service profiles, and what to say when two ends do not agree."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.lifecycle import LifecycleNode, LifecyclePublisher
from rclpy.node import Node
from rclpy.qos import (
    QoSDurabilityPolicy,
    QoSHistoryPolicy,
    QoSPolicyKind,
    QoSProfile,
    QoSReliabilityPolicy,
    qos_policy_name_from_kind,
)
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription

from xsense_ros.nodes.faults import FaultRegistry, Level


def _profile(
    reliability: QoSReliabilityPolicy,
    depth: int,
    durability: QoSDurabilityPolicy = QoSDurabilityPolicy.VOLATILE,
) -> QoSProfile:
    return QoSProfile(
        history=QoSHistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=reliability,
        durability=durability,
    )


# Best effort hears every publisher, reliable ones too (REP 2003); old frames are worth nothing.
CAMERA = _profile(QoSReliabilityPolicy.BEST_EFFORT, 5)
# A touch is short, and a background is learnt from frames in a row.
TACTILE = _profile(QoSReliabilityPolicy.BEST_EFFORT, 10)
# Chunks are small and every one counts: a short stall of this process must not cost any.
MICROPHONE = _profile(QoSReliabilityPolicy.BEST_EFFORT, 100)
# Said once, by a driver that may have started before this node.
SOUND_INFO = _profile(QoSReliabilityPolicy.RELIABLE, 1, QoSDurabilityPolicy.TRANSIENT_LOCAL)
# A word is said once, a sketch drawn once, a region marked once.
SKETCH = _profile(QoSReliabilityPolicy.RELIABLE, 5)
TEXT = _profile(QoSReliabilityPolicy.RELIABLE, 10)
REGION = _profile(QoSReliabilityPolicy.RELIABLE, 5)
ANSWERS = _profile(QoSReliabilityPolicy.RELIABLE, 10)
CONTACTS = _profile(QoSReliabilityPolicy.RELIABLE, 10)
PICTURES = _profile(QoSReliabilityPolicy.RELIABLE, 2)
DIAGNOSTICS = _profile(QoSReliabilityPolicy.RELIABLE, 10)

_OVERRIDABLE = (
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY,
)


def subscribe(
    node: Node,
    message_type: type[Any],
    topic: str,
    callback: Callable[[Any], None],
    profile: QoSProfile,
    faults: FaultRegistry,
) -> Subscription:
    """Subscribe with a profile that `qos_overrides` may change, and report what does not fit."""
    name = node.resolve_topic_name(topic)
    return node.create_subscription(
        message_type,
        topic,
        callback,
        _copy(profile),
        event_callbacks=SubscriptionEventCallbacks(
            incompatible_qos=lambda event: _report(faults, name, 'subscription', event)
        ),
        qos_overriding_options=QoSOverridingOptions(_OVERRIDABLE),
    )


def advertise(
    node: LifecycleNode,
    message_type: type[Any],
    topic: str,
    profile: QoSProfile,
    faults: FaultRegistry,
) -> LifecyclePublisher:
    """Advertise a managed topic with a profile that `qos_overrides` may change."""
    name = node.resolve_topic_name(topic)
    publisher: LifecyclePublisher = node.create_lifecycle_publisher(
        message_type,
        topic,
        _copy(profile),
        event_callbacks=PublisherEventCallbacks(
            incompatible_qos=lambda event: _report(faults, name, 'publisher', event)
        ),
        qos_overriding_options=QoSOverridingOptions(_OVERRIDABLE),
    )
    return publisher


def _copy(profile: QoSProfile) -> QoSProfile:
    """Overrides are written into the profile they are applied to; ours are shared."""
    return QoSProfile(
        history=profile.history,
        depth=profile.depth,
        reliability=profile.reliability,
        durability=profile.durability,
    )


def _report(faults: FaultRegistry, topic: str, side: str, event: Any) -> None:
    policy = qos_policy_name_from_kind(event.last_policy_kind)
    if side == 'subscription':
        other, offer = 'a publisher', 'offers less than this node asks for'
    else:
        other, offer = 'a subscriber', 'asks for more than this node offers'
    faults.report(
        topic,
        'incompatible QoS',
        Level.WARN,
        f'QoS: {other} {offer} in {policy}, so nothing flows between the two. Cure: set the '
        f'parameter qos_overrides.{topic}.{side}.{policy.lower()} of this node to what '
        f'`ros2 topic info -v {topic}` shows at the other end, or change the other end',
    )
