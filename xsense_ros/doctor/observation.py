# SPDX-License-Identifier: Apache-2.0
"""What was seen of a running robot in a few seconds, as plain values: the input of every rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xsense_ros.doctor.machine import Machine

RETRIEVAL, MATCHING = 'retrieval', 'matching'


@dataclass(frozen=True)
class Qos:
    """Quality of service that an endpoint offers or asks for; durations in ns, None: infinite."""

    reliability: str = 'best_effort'
    durability: str = 'volatile'
    liveliness: str = 'automatic'
    deadline_ns: int | None = None
    lease_ns: int | None = None


@dataclass(frozen=True)
class Endpoint:
    """A publisher or a subscription of a node.

    ``process`` is its process number where that is known and on this computer, ``local`` whether
    it is on this computer; ``type_hash`` tells versions of a message apart ('' where unknown).
    """

    node: str
    type: str
    qos: Qos
    type_hash: str = ''
    process: int | None = None
    local: bool = True


@dataclass(frozen=True)
class Heard:
    """One message: when it came, and what its header says.

    Times in ns: ``wall`` of this computer's clock, ``clock`` of /clock at that moment (0 before
    its first tick), ``stamp`` of the header (None for a message without one). ``size`` in bytes,
    ``sound`` in seconds that it lasts (0 for what is no sound).
    """

    wall: int
    clock: int
    stamp: int | None
    size: int
    sound: float = 0.0


@dataclass(frozen=True)
class Topic:
    """A topic that a node of ours hears or publishes, and what came on it while it was watched."""

    name: str
    publishers: Sequence[Endpoint] = ()
    subscriptions: Sequence[Endpoint] = ()
    heard: Sequence[Heard] = ()


@dataclass(frozen=True)
class Status:
    """One part of a node as /diagnostics told of it: its last status, and the values before.

    ``before`` holds the values of the first status that was seen, ``seconds`` what lay between.
    """

    level: int
    message: str
    values: Mapping[str, str]
    before: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    def number(self, key: str) -> int:
        """A value that counts something; 0 where it is missing."""
        return _whole(self.values.get(key, '0'))

    def rise(self, key: str) -> int:
        """How much such a value has grown while it was watched."""
        return self.number(key) - _whole(self.before.get(key, self.values.get(key, '0')))


@dataclass(frozen=True)
class SeenNode:
    """A node of ours.

    Args:
        name: with its namespace.
        kind: RETRIEVAL or MATCHING.
        state: of its lifecycle; '' where it did not answer.
        parameters: by name; empty where it did not answer.
        hears: input topics, by full name.
        tells: output topics, by full name.
        status: by part.
        skew: its clock minus this computer's, seconds; None where it told nothing.
        copies: how many nodes have this name.
        endpoint: one of its endpoints, to know where it runs; None where it has none.
    """

    name: str
    kind: str
    state: str = 'active'
    parameters: Mapping[str, Any] = field(default_factory=dict)
    hears: Sequence[str] = ()
    tells: Sequence[str] = ()
    status: Mapping[str, Status] = field(default_factory=dict)
    skew: float | None = None
    copies: int = 1
    endpoint: Endpoint | None = None

    @property
    def simulated(self) -> bool:
        """Whether it takes the time from /clock."""
        return bool(self.parameters.get('use_sim_time', False))

    def sense(self, topic: str) -> str:
        """What the node hears on a topic, 'image' or 'touch' say; '' where it has not told."""
        return self.status[topic].values.get('sense', '') if topic in self.status else ''


@dataclass(frozen=True)
class SimClock:
    """/clock: its publishers, and how often it ticked while it was watched."""

    publishers: Sequence[str] = ()
    ticks: int = 0


@dataclass(frozen=True)
class Reply:
    """One answer of a node: the sense that asked, whether it is certain, and its cost in ms."""

    sense: str
    accepted: bool
    total_ms: float


@dataclass(frozen=True)
class Observation:
    """Everything that was seen.

    Args:
        seconds: for how long.
        namespace: that was looked at; '' for all.
        nodes: of ours.
        topics: that they hear or publish, by full name.
        replies: answers by the full name of their topic.
        clock: simulated time.
        others: full names of the other nodes.
        elsewhere: topics with publishers that nobody of ours hears: name -> type.
        machine: this computer.
        rates: what the user expects, topic -> Hz.
    """

    seconds: float
    namespace: str = ''
    nodes: Sequence[SeenNode] = ()
    topics: Mapping[str, Topic] = field(default_factory=dict)
    replies: Mapping[str, Sequence[Reply]] = field(default_factory=dict)
    clock: SimClock = field(default_factory=SimClock)
    others: Sequence[str] = ()
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    machine: Machine = field(default_factory=Machine)
    rates: Mapping[str, float] = field(default_factory=dict)

    def galleries(self) -> list[str]:
        """Names of the galleries of nodes on this computer, as their parameters say."""
        here = [node for node in self.nodes if node.endpoint is not None and node.endpoint.local]
        return [node.parameters['gallery'] for node in here if 'gallery' in node.parameters]

    def inputs(self) -> list[tuple[SeenNode, Topic]]:
        """Every topic that a node of ours hears, with that node."""
        return [(node, self.topics[name]) for node in self.nodes for name in node.hears]


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() else 0
