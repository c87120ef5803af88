# SPDX-License-Identifier: Apache-2.0
"""Watches a running robot for some seconds and tells what was seen."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import rclpy
from rclpy.context import Context
from rclpy.signals import SignalHandlerOptions
from rosgraph_msgs.msg import Clock

from xsense_ros.doctor.machine import look_at_machine
from xsense_ros.doctor.observation import Observation, Reply, SeenNode, SimClock, Topic
from xsense_ros.errors import InputError
from xsense_ros.nodes.conversions import stamp_to_ns
from xsense_ros.nodes.doctor import graph
from xsense_ros.nodes.doctor.asking import Interview
from xsense_ros.nodes.doctor.listening import Listener, listen_to_replies, quiet
from xsense_ros.nodes.doctor.statuses import Statuses
from xsense_ros.nodes.executor import make_executor
from xsense_ros.nodes.qos import CAMERA

_LOOK_SECONDS = 0.25
_TURN_SECONDS = 0.02


class Watch:
    """A hidden node that looks around, as a context manager.

    Args:
        namespace: only nodes in it are looked at; '' for all.
        rates: what the user expects, topic -> Hz.

    Raises:
        RuntimeError: rclpy cannot start, for a ROS_DOMAIN_ID that is none, say.
    """

    def __init__(self, namespace: str = '', rates: Mapping[str, float] | None = None) -> None:
        self._namespace = f'/{namespace.strip("/")}' if namespace.strip('/') else ''
        self._rates = dict(rates or {})
        self._context = Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node(
            f'_xsense_doctor_{os.getpid()}',
            context=self._context,
            start_parameter_services=False,
            enable_rosout=False,
        )
        self._executor = make_executor(self._context)
        self._executor.add_node(self._node)
        self._ends = graph.EndReader(self._node)
        self._statuses = Statuses(self._node)
        self._interviews: dict[str, Interview] = {}
        self._listeners: dict[str, Listener] = {}
        self._replies: dict[str, list[Reply]] = {}
        self._seen: dict[str, SeenNode] = {}
        self._clock_ns = self._ticks = 0
        self._node.create_subscription(
            Clock, '/clock', self._tick, CAMERA, event_callbacks=quiet()
        )

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.shutdown()

    def run(
        self,
        seconds: float,
        on_progress: Callable[[float], object] = lambda share: None,
        patience: float = 0.0,
    ) -> Observation:
        """Look around for so long, from when the first node of ours is there.

        What is seen adds up over several calls.

        Args:
            seconds: to watch; as long is waited for the first node.
            on_progress: told the share that is done, in [0, 1].
            patience: longer with nodes that have not answered by then.
        """
        begun = time.monotonic()
        due = 0.0
        while (now := time.monotonic()) - begun < seconds + (
            0.0 if self._answered() else patience
        ):
            if now >= due:
                alone = not self._seen
                self._look()
                if alone and self._seen:
                    begun = now
                due = time.monotonic() + _LOOK_SECONDS
                on_progress(min(1.0, (now - begun) / seconds))
            self._executor.spin_once(timeout_sec=_TURN_SECONDS)
        self._look()
        return self._observation(seconds)

    def _answered(self) -> bool:
        """Whether there are nodes of ours, and all have told their state and parameters."""
        return bool(self._seen) and all(self._interviews[name].done for name in self._seen)

    def _tick(self, message: Clock) -> None:
        self._clock_ns = stamp_to_ns(message.clock)
        self._ticks += 1

    def _look(self) -> None:
        """Find nodes of ours, ask them, and listen where they do."""
        named = graph.all_nodes(self._node)
        copies = Counter(one.full for one in named)
        self._seen = {}
        for one in dict.fromkeys(named):
            if not one.full.startswith(f'{self._namespace}/'):
                continue
            offered = graph.services(self._node, one)
            if offered.get(f'{one.full}/get_state') != graph.GET_STATE:
                continue
            interview = self._interviews.setdefault(one.full, Interview(self._node, one.full))
            interview.go_on()
            kind = graph.kind_of(one, offered, interview.names)
            if kind:
                self._seen[one.full] = SeenNode(
                    one.full,
                    kind,
                    hears=graph.subscribed(self._node, one),
                    tells=graph.published(self._node, one),
                    copies=copies[one.full],
                )
        for node in self._seen.values():
            for topic in node.hears:
                self._listen(node, topic)
            for topic in node.tells:
                self._hear_replies(topic)

    def _listen(self, node: SeenNode, topic: str) -> None:
        if topic in self._listeners:
            return
        own = [end for end in self._ends.subscriptions(topic) if end.node == node.name]
        if own:
            publishers = self._ends.publishers(topic)
            try:
                listener = Listener(self._node, topic, own[0], publishers, self._simulated)
            except InputError:
                return  # a type that is not installed here
            self._listeners[topic] = listener

    def _hear_replies(self, topic: str) -> None:
        if topic in self._replies:
            return
        for end in self._ends.publishers(topic):
            replies: list[Reply] = []
            if listen_to_replies(self._node, topic, end.type, replies):
                self._replies[topic] = replies
                return

    def _simulated(self) -> int:
        return self._clock_ns

    def _observation(self, seconds: float) -> Observation:
        nodes = [self._finished(node) for node in self._seen.values()]
        names = sorted({name for node in nodes for name in (*node.hears, *node.tells)})
        topics = {name: self._topic(name) for name in names}
        named = {one.full for one in graph.all_nodes(self._node)}
        clocks = [end.node for end in self._ends.publishers('/clock')]
        return Observation(
            seconds,
            self._namespace,
            nodes,
            topics,
            self._replies,
            SimClock(sorted(clocks), self._ticks),
            sorted(named - set(self._seen)),
            self._elsewhere(nodes, set(names)),
            look_at_machine(),
            {_full(name): hz for name, hz in self._rates.items()},
        )

    def _finished(self, node: SeenNode) -> SeenNode:
        """A node with everything that it and others have told of it."""
        ends = (
            end
            for topic in (*node.tells, *node.hears)
            for end in (*self._ends.publishers(topic), *self._ends.subscriptions(topic))
            if end.node == node.name
        )
        interview, status = self._interviews[node.name], self._statuses.of(node.name)
        state = interview.state
        if state and 'lifecycle' in status:  # it may have changed since it was asked
            state = status['lifecycle'].values.get('state', state)
        return replace(
            node,
            state=state,
            parameters=interview.parameters,
            status=status,
            skew=self._statuses.skew(node.name),
            endpoint=next(ends, None),
        )

    def _topic(self, name: str) -> Topic:
        listener = self._listeners.get(name)
        return Topic(
            name,
            self._ends.publishers(name),
            self._ends.subscriptions(name),
            list(listener.heard) if listener else [],
        )

    def _elsewhere(self, nodes: list[SeenNode], known: set[str]) -> dict[str, str]:
        """Topics of others that somebody publishes, and that nobody of ours hears."""
        return {
            name: types[0]
            for name, types in self._node.get_topic_names_and_types()
            if nodes and name not in known and self._ends.publishers(name)
        }


def _full(topic: str) -> str:
    return f'/{topic.lstrip("/")}'
