# SPDX-License-Identifier: Apache-2.0
"""`xsense doctor` on a running robot: watches it, with a bar on the terminal."""

from __future__ import annotations

from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from xsense_ros.doctor.observation import Observation
from xsense_ros.nodes.doctor.watch import Watch

_PATIENCE_SECONDS = 3.0  # a loaded computer answers late, and is no node that hangs


def watch_nodes(
    seconds: float, namespace: str = '', rates: Mapping[str, float] | None = None
) -> Observation:
    """Watch the nodes of xsense_ros, with a bar on the terminal.

    Args:
        seconds: to watch.
        namespace: only nodes in it; '' for all.
        rates: what the user expects, topic -> Hz.

    Raises:
        RuntimeError: rclpy cannot start.
    """
    bar = Progress(
        TextColumn('watching the nodes'), BarColumn(), console=Console(stderr=True), transient=True
    )
    with Watch(namespace, rates) as watch, bar:
        task = bar.add_task('', total=1.0)
        return watch.run(
            seconds, lambda share: bar.update(task, completed=share), _PATIENCE_SECONDS
        )
