# SPDX-License-Identifier: Apache-2.0
"""The running part of the demo: a recording is played, every answer is shown and scored."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rich.console import Console
from rich.live import Live

from xsense_ros.nodes.demo.part import Part
from xsense_ros.nodes.demo.processes import Processes
from xsense_ros.nodes.demo.table import LiveTable
from xsense_ros.recording import Recording

_QUIET_SECONDS = 1.5  # without an answer, after which no more is expected
_REFRESH_SECONDS = 0.1
_REPLAY = 'xsense_ros.nodes.replay_node'
_TRUTH = '/truth/'


def play(
    processes: Processes,
    recording: Recording,
    rate: float,
    loop: bool,
    parts: Sequence[Part],
    table: LiveTable,
    console: Console,
) -> None:
    """Replay the recording, and let the parts hear every answer until it is over."""
    node = rclpy.create_node('demo', start_parameter_services=False)
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    for part in parts:
        part.listen(node)
    options = ['--rate', str(rate), '--clock', *(['--loop'] if loop else [])]
    # Nobody listens to the truth: without it the replay begins when all the rest is listened to.
    for topic in recording.kinds:
        options += [] if topic.startswith(_TRUTH) else ['--topics', topic]
    processes.start('replay', _REPLAY, str(recording.path), *options)
    seconds = recording.duration_ns * 1e-9
    title = f'A recording of {seconds:.0f} s, played {rate:g} times as fast as it was recorded'
    ended_at = time.monotonic()
    with _display(table, title, console) as refresh:
        while True:
            executor.spin_once(timeout_sec=0.05)
            refresh()
            for part in parts:
                part.look()
                processes.check_alive(part.name)
            if not processes.ended('replay'):
                ended_at = time.monotonic()
            heard_at = max(part.heard_at for part in parts)
            if time.monotonic() - max(ended_at, heard_at) > _QUIET_SECONDS:
                break
    executor.shutdown()
    node.destroy_node()


@contextlib.contextmanager
def _display(table: LiveTable, title: str, console: Console) -> Iterator[Callable[[], None]]:
    """A function that shows the state of things, called often: a live table, or lines."""
    if not console.is_terminal:
        console.print(title, highlight=False)

        def tell(every: bool = False) -> None:
            for line in table.finished(every):
                print(line, flush=True)

        try:
            yield tell
        finally:
            tell(every=True)
        return
    shown_at = 0.0
    with Live(table.render(title), console=console, auto_refresh=False) as live:

        def show() -> None:
            nonlocal shown_at
            if time.monotonic() - shown_at > _REFRESH_SECONDS:
                shown_at = time.monotonic()
                live.update(table.render(title), refresh=True)

        try:
            yield show
        finally:
            live.update(table.render(title), refresh=True)
