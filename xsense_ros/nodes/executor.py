# SPDX-License-Identifier: Apache-2.0
"""The executor of the nodes, and how it is run until a signal or somebody else ends it."""

from __future__ import annotations

import signal
import threading
from types import FrameType

from rclpy.context import Context
from rclpy.executors import Executor, ExternalShutdownException, SingleThreadedExecutor

try:
    # A third of the processor time per message, and no wait set to be rebuilt for each.
    from rclpy.experimental.events_executor import EventsExecutor
except ImportError:  # rclpy before 7.1.4
    EventsExecutor = SingleThreadedExecutor

# EventsExecutor.spin() waits for the end of time, which overflows where rclpy was built against an
# old C library (the wheels): it then burns a processor and never runs a callback. Any finite
# timeout avoids it. It is also how long a signal may go unnoticed.
_TURN_SECONDS = 0.2


def make_executor(context: Context | None = None) -> Executor:
    """The executor that costs least per message: rclpy's EventsExecutor where it exists.

    Shut it down before its nodes are destroyed. It holds their subscriptions where Python's
    collector cannot look: what is only removed from it keeps its DDS participant for good, and
    with some thirty of these on one machine the next one is not discovered.
    """
    return EventsExecutor(context=context)


def spin(executor: Executor, stop: threading.Event, context: Context) -> None:
    """Run callbacks until ``stop`` is set or the context is shut down."""
    try:
        while context.ok() and not stop.is_set():
            executor.spin_once(timeout_sec=_TURN_SECONDS)
    except ExternalShutdownException:
        pass  # somebody else ended the context: as good a reason as a signal


def stop_on_signals() -> threading.Event:
    """An event that SIGINT and SIGTERM set; call from the main thread.

    Use with SignalHandlerOptions.NO: rclpy's own handlers would shut the context down under
    threads that still publish, and raise KeyboardInterrupt in the middle of the clean-up.
    """
    stop = threading.Event()

    def request(number: int, frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, request)
    signal.signal(signal.SIGTERM, request)
    return stop
