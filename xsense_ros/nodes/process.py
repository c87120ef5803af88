# SPDX-License-Identifier: Apache-2.0
"""A process with one node or several of them: made, brought up, run on one executor, released."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import cv2
import rclpy
from rclpy.context import Context
from rclpy.exceptions import ParameterException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.signals import SignalHandlerOptions

from xsense_ros.errors import XsenseError
from xsense_ros.nodes import build_only, garbage
from xsense_ros.nodes.executor import make_executor, spin, stop_on_signals
from xsense_ros.nodes.log_relay import relay_logs
from xsense_ros.nodes.managed_node import ManagedNode

# A node of ours: managed, or a plain one with a method `close` that destroys it.
Make = Callable[[], Any]


def run(make: Make, what: str, args: list[str] | None) -> int:
    """Run a node until SIGINT or SIGTERM, or have it build its engines and end.

    A managed node with the parameter `autostart` brings itself up.

    Args:
        make: constructs it.
        what: its name for people, in the message of a node that cannot be made.
        args: of the process, ROS arguments included; None: those of the command line.

    Returns:
        The exit status.
    """
    return run_all({what: make}, args)


def run_all(
    makes: Mapping[str, Make], args: list[str] | None, *, autostart: bool | None = None
) -> int:
    """Run nodes on one executor until SIGINT or SIGTERM, or have them build engines and end.

    A node that cannot be brought up says why and stays, as it does alone; the others go on.

    Args:
        makes: by name for people, what constructs each, in the order of their start.
        args: of the process, ROS arguments included; None: those of the command line.
        autostart: whether managed nodes are brought up; None: as the parameter of each says.

    Returns:
        The exit status: 0, or 2 where a node cannot be made; that of the builds where they were
        asked for.
    """
    # A worker whose engine is done shall not wait 5 ms for the thread that receives messages.
    sys.setswitchinterval(0.0005)
    # Nor shall a thread that prepares a frame wait for others, on cores that the engines use.
    cv2.setNumThreads(1)
    try:
        rclpy.init(args=args, signal_handler_options=SignalHandlerOptions.NO)
    except rclpy_implementation.RCLError as error:
        print(f'ROS arguments: {error}', file=sys.stderr)
        return 2
    context = rclpy.get_default_context()
    stop = stop_on_signals()
    nodes: list[Any] = []
    try:
        for what, make in makes.items():
            node = _made(what, make)
            if node is None:
                return 2
            nodes.append(node)
        # Lines of the rooms without ROS name no node; they go into the log of the first one.
        relay_logs(nodes[0])
        if any(build_only.wanted(node) for node in nodes):
            return max(build_only.build_for(node) for node in nodes if build_only.wanted(node))
        with garbage.owned():
            _serve(nodes, autostart, stop, context)
    finally:
        for node in reversed(nodes):
            node.close()
        rclpy.try_shutdown()
    return 0


def _made(what: str, make: Make) -> Any:
    """The node; None, with one clear line, where it cannot be made."""
    try:
        return make()
    except (ParameterException, XsenseError) as error:
        print(f'{what}: {error}', file=sys.stderr)
        return None


def _serve(
    nodes: Sequence[Any], autostart: bool | None, stop: threading.Event, context: Context
) -> None:
    executor = make_executor(context)
    for node in nodes:
        executor.add_node(node)
    try:
        for node in nodes:
            if stop.is_set():
                return
            if isinstance(node, ManagedNode) and _wanted(node, autostart):
                node.autostart()
        spin(executor, stop, context)
    finally:
        executor.shutdown()


def _wanted(node: ManagedNode, autostart: bool | None) -> bool:
    return bool(node.get_parameter('autostart').value) if autostart is None else autostart
