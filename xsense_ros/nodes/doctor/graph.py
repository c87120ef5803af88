# SPDX-License-Identifier: Apache-2.0
"""The ROS graph as plain values: which nodes are ours, what they hear, and who is at each end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rclpy.node import Node
from rclpy.qos import QoSDurabilityPolicy, QoSLivelinessPolicy, QoSProfile, QoSReliabilityPolicy

from xsense_ros.doctor.observation import MATCHING, RETRIEVAL, Endpoint, Qos

GET_STATE = 'lifecycle_msgs/srv/GetState'
_SERVICES = {'xsense_ros/srv/Query': RETRIEVAL, 'xsense_ros/srv/SetTemplate': MATCHING}
_PARAMETERS = {'touch.topics': RETRIEVAL, 'infrared.palette': MATCHING}
# Topics that every node has, or that are not about samples.
_PLUMBING = ('/parameter_events', '/rosout', '/clock', '/diagnostics')
_TRANSITIONS = '/transition_event'
_FAST_DDS = (0x01, 0x0F)
_DURATION_END = 2**63 - 1  # infinite, in nanoseconds


@dataclass(frozen=True)
class Named:
    """A node of the graph: name with namespace, and its two parts."""

    full: str
    name: str
    namespace: str


def all_nodes(node: Node) -> list[Named]:
    """Every node that is not hidden, as often as its name is there."""
    return [
        Named(f'{namespace.rstrip("/")}/{name}', name, namespace)
        for name, namespace in node.get_node_names_and_namespaces()
        if not name.startswith('_')
    ]


def services(node: Node, other: Named) -> dict[str, str]:
    """Services of a node: full name -> type. Empty where it has just gone."""
    return _first_types(node.get_service_names_and_types_by_node, other)


def subscribed(node: Node, other: Named) -> list[str]:
    """Topics that a node hears, apart from the plumbing."""
    return _about_samples(_first_types(node.get_subscriber_names_and_types_by_node, other))


def published(node: Node, other: Named) -> list[str]:
    """Topics that a node publishes, apart from the plumbing."""
    return _about_samples(_first_types(node.get_publisher_names_and_types_by_node, other))


def kind_of(other: Named, offered: dict[str, str], parameters: Sequence[str]) -> str:
    """RETRIEVAL or MATCHING for a managed node of ours, else ''.

    A node that is not configured offers no service of ours, and one that hangs does not tell its
    parameters: then its name is all there is.
    """
    if offered.get(f'{other.full}/get_state') != GET_STATE:
        return ''
    for kind in offered.values():
        if kind in _SERVICES:
            return _SERVICES[kind]
    if parameters:
        return next((kind for name, kind in _PARAMETERS.items() if name in parameters), '')
    return other.name if other.name in (RETRIEVAL, MATCHING) else ''


class EndReader:
    """Reads the two ends of topics; knows which processes are on this computer.

    Args:
        node: of this process, whose own ends are left out.
    """

    def __init__(self, node: Node) -> None:
        self._node = node
        self._host: Sequence[int] | None = None

    def publishers(self, topic: str) -> list[Endpoint]:
        """Everybody else who publishes it."""
        return list(self._ends(self._node.get_publishers_info_by_topic(topic)))

    def subscriptions(self, topic: str) -> list[Endpoint]:
        """Everybody else who hears it."""
        return list(self._ends(self._node.get_subscriptions_info_by_topic(topic)))

    def _ends(self, found: Sequence[Any]) -> Iterator[Endpoint]:
        for info in found:
            name = f'{info.node_namespace.rstrip("/")}/{info.node_name}'
            if name == self._node.get_fully_qualified_name():
                continue
            gid = info.endpoint_gid
            local = tuple(gid[:2]) == _FAST_DDS and gid[2:4] == self._own_host()
            yield Endpoint(
                name,
                info.topic_type,
                plain_qos(info.qos_profile),
                str(info.topic_type_hash or ''),
                _process_of(gid) if local else None,
                local,
            )

    def _own_host(self) -> Sequence[int] | None:
        """Part of the address of every endpoint of Fast DDS on this computer."""
        if self._host is None:
            own = self._node.get_fully_qualified_name()
            for info in self._node.get_publishers_info_by_topic('/parameter_events'):
                if f'{info.node_namespace.rstrip("/")}/{info.node_name}' == own:
                    self._host = info.endpoint_gid[2:4]
        return self._host


def plain_qos(profile: QoSProfile) -> Qos:
    """The policies that must fit, as words and nanoseconds."""
    return Qos(
        QoSReliabilityPolicy(profile.reliability).name.lower(),
        QoSDurabilityPolicy(profile.durability).name.lower(),
        QoSLivelinessPolicy(profile.liveliness).name.lower(),
        _finite(profile.deadline.nanoseconds),
        _finite(profile.liveliness_lease_duration.nanoseconds),
    )


def _finite(nanoseconds: int) -> int | None:
    # Both zero and the largest stand for "no limit".
    return nanoseconds if 0 < nanoseconds < _DURATION_END else None


def _process_of(gid: Sequence[int]) -> int:
    """The lower 16 bits of the process number, from a GUID prefix of Fast DDS."""
    return int(gid[4]) | int(gid[5]) << 8


def _first_types(read: Any, other: Named) -> dict[str, str]:
    try:
        return {name: types[0] for name, types in read(other.name, other.namespace)}
    except Exception as error:  # rclpy's NodeNameNonExistentError, which it exports nowhere steady
        if type(error).__name__ != 'NodeNameNonExistentError':
            raise
        return {}


def _about_samples(topics: dict[str, str]) -> list[str]:
    return sorted(t for t in topics if t not in _PLUMBING and not t.endswith(_TRANSITIONS))
