# SPDX-License-Identifier: Apache-2.0
"""What is closed is gone from DDS: participants that stay hide later ones from discovery."""

from __future__ import annotations

import gc
from pathlib import Path

import psutil

from tests.ros.harness import Robot
from xsense_ros.nodes.doctor.watch import Watch


def sockets() -> int:
    """Of this process; each participant has several."""
    gc.collect()
    return len(psutil.Process().net_connections('udp'))


def test_closed_nodes_leave_no_participant(bundle: Path) -> None:
    before = sockets()
    for _ in range(2):
        with Robot(bundle) as robot:
            robot.lifecycle.bring_up()
            assert sockets() > before
        del robot  # its node holds the context until then
    assert sockets() <= before


def test_the_doctor_leaves_no_participant() -> None:
    before = sockets()
    with Watch() as watch:
        watch.run(0.2)
        assert sockets() > before
    assert sockets() <= before
