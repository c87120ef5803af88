# SPDX-License-Identifier: Apache-2.0
"""How long things take to be there: the `xsense` command, and nodes until they are active."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable

from benchmarks.statistics import median_row
from xsense_ros.bench.rows import Row

RUNS, NODE_RUNS = 9, 3


def run(runs: int = RUNS, node_runs: int = NODE_RUNS) -> list[Row]:
    """Each in turns with the bare thing: a Python that only starts, a node that does nothing."""
    command = _alternated(
        runs,
        lambda: _python('-m', 'xsense_ros.cli', '--help'),
        lambda: _python('-c', 'pass'),
    )
    row = median_row(
        *command,
        group='startup',
        name='xsense --help',
        variant='',
        figure='time',
        unit='s',
        reference='python -c pass',
        goal='value <= 0.3',
    )
    nodes = ('retrieval', 'matching') if node_runs else ()
    return [row, *(_node_row(name, node_runs) for name in nodes)]


def _node_row(name: str, runs: int) -> Row:
    """From nothing to active: process, ROS, models loaded and warm, subscribed."""
    from benchmarks.rig import NodeRig  # needs ROS, which the command does not

    def ours() -> None:
        with NodeRig(name):
            pass

    bare = 'import rclpy; rclpy.init(); rclpy.create_node("bare")'
    return median_row(
        *_alternated(runs, ours, lambda: _python('-c', bare)),
        group='startup',
        name=f'{name} node until it is active, and ended',
        variant='all its bundles',
        figure='time',
        unit='s',
        reference='a Python process that makes a bare node',
    )


def _alternated(
    runs: int, ours: Callable[[], None], bare: Callable[[], None]
) -> tuple[list[float], list[float]]:
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(runs):
        for call, seconds in zip((ours, bare), taken, strict=True):
            begin = time.perf_counter()
            call()
            seconds.append(time.perf_counter() - begin)
    return taken


def _python(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
