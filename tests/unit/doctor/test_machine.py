# SPDX-License-Identifier: Apache-2.0
"""What the kernel's files tell of processes and their shared memory."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from xsense_ros.doctor.machine import Machine, Process, look_at_machine, own_segments

DEFAULT_FILE = 549_408  # bytes of the file of a default segment, as Fast DDS makes it
LARGE_FILE = 70_255_136  # of one of 64 MiB


@pytest.fixture
def places(tmp_path: Path) -> tuple[Path, Path]:
    proc, shm = tmp_path / 'proc', tmp_path / 'shm'
    proc.mkdir()
    shm.mkdir()
    return proc, shm


def share(shm: Path, name: str, size: int, owner: int | None, locks: list[str]) -> None:
    with (shm / name).open('wb') as file:
        file.truncate(size)
    lock = shm / f'{name}_el'
    lock.touch()
    if owner is not None:
        inode = lock.stat().st_ino
        locks.append(f'{len(locks)}: FLOCK  ADVISORY  WRITE {owner} 00:1b:{inode} 0 EOF')


def test_segments_ports_and_what_is_left(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    proc, shm = places
    locks = ['1: POSIX  ADVISORY  READ 7 fe:00:16043373 128 128', '2: -> FLOCK X', 'rubbish']
    share(shm, 'fastrtps_0a', DEFAULT_FILE, 70_001, locks)
    share(shm, 'fastrtps_0b', LARGE_FILE, 70_001, locks)
    share(shm, 'fastrtps_port18411', 1000, 70_001, locks)
    share(shm, 'fastrtps_port7400', 1000, 70_001, locks)  # multicast: no process of a domain
    share(shm, 'fastrtps_0c', LARGE_FILE, None, locks)
    (shm / 'fastrtps_0d').touch()  # its lock has just gone
    (proc / 'locks').write_text('\n'.join(locks))
    (proc / '70001').mkdir()
    (proc / '70001' / 'cmdline').write_bytes(b'python3\0-u\0/opt/camera_driver.py\0--fast\0')
    monkeypatch.setenv('ROS_DOMAIN_ID', '7')
    machine = look_at_machine(proc, shm)
    assert machine.domain == 7 and machine.variables['ROS_DOMAIN_ID'] == '7'
    process = machine.processes[70_001]
    assert process.command == 'camera_driver.py' and process.user == os.getuid()
    assert process.domains == {(18411 - 7400) // 250} == {44}
    small, large = process.segments
    assert small == 512 * 1024 and abs(large - (64 << 20)) < 100_000
    assert process.largest == large and machine.leftover == LARGE_FILE
    assert machine.shm_free is not None and machine.shm_free > 0


@pytest.mark.parametrize(
    ('words', 'name'),
    [
        ('/usr/bin/python3 -m xsense_ros.nodes.retrieval_node --ros-args', None),
        ('/opt/ros/jazzy/lib/usb_cam/usb_cam_node_exe --ros-args', 'usb_cam_node_exe'),
        ('python3.11 -c import(rclpy)', 'python3.11'),
        ('', 'unknown'),
    ],
)
def test_names(places: tuple[Path, Path], words: str, name: str | None) -> None:
    proc, shm = places
    locks: list[str] = []
    share(shm, 'fastrtps_0a', DEFAULT_FILE, 5, locks)
    (proc / 'locks').write_text(locks[0])
    (proc / '5').mkdir()
    (proc / '5' / 'cmdline').write_bytes(words.replace(' ', '\0').encode())
    expected = name or 'xsense_ros.nodes.retrieval_node'
    assert look_at_machine(proc, shm).processes[5].command == expected


def test_nothing_to_read(tmp_path: Path) -> None:
    machine = look_at_machine(tmp_path / 'no', tmp_path / 'none')
    assert machine.processes == {} and machine.shm_free is None
    assert isinstance(own_segments(), (list, tuple))


def test_a_process_by_the_bits_that_dds_tells() -> None:
    machine = Machine(processes={70_001: Process(70_001, 'a', 0), 5: Process(5, 'b', 0)})
    assert machine.find(70_001 & 0xFFFF).command == 'a'
    assert machine.find(None) is None and machine.find(6) is None
    twins = Machine(processes={n: Process(n, 'a', 0) for n in (5, 5 + 0x10000)})
    assert twins.find(5) is None
