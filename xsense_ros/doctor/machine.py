# SPDX-License-Identifier: Apache-2.0
"""What this computer tells of its ROS processes: domains, users, and shared-memory segments.

Fast DDS keeps a segment /dev/shm/fastrtps_X for each participant, and its process holds a lock on
fastrtps_X_el; a receiving port is fastrtps_portN, whose number tells the domain (RTPS 2.2, 9.6.1:
7400 + 250 * domain + ...). /proc/locks therefore says which process has segments of which size.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# A segment's file is larger than what was asked for: 549,408 bytes for the default of 512 KiB.
_OVERHEAD = 549_408 / (512 * 1024)
_PORT_BASE, _PORTS_A_DOMAIN, _DOMAINS = 7400, 250, 233
_PREFIXES = ('ROS_', 'RMW_', 'FASTRTPS_', 'FASTDDS_', '_ROS_', 'AMENT_')


@dataclass(frozen=True)
class Process:
    """A process with a Fast DDS participant on this computer.

    Args:
        number: of the process.
        command: the name of what it runs.
        user: its number.
        domains: of ROS that it listens in.
        segments: usable bytes of each of its shared-memory segments.
    """

    number: int
    command: str
    user: int
    domains: frozenset[int] = frozenset()
    segments: Sequence[int] = ()

    @property
    def largest(self) -> int:
        """Of the segment that large messages take.

        Beside one that a profile makes, a participant keeps a small one of the default size.
        """
        return max(self.segments, default=0)


@dataclass(frozen=True)
class Machine:
    """This computer.

    Args:
        domain: of ROS in this terminal.
        variables: of the environment that ROS, DDS and ament look at.
        processes: with participants, by number.
        shm_free: bytes free in /dev/shm; None where there is none.
        leftover: bytes in segments that belong to no process any more.
    """

    domain: int = 0
    variables: Mapping[str, str] = field(default_factory=dict)
    processes: Mapping[int, Process] = field(default_factory=dict)
    shm_free: int | None = None
    leftover: int = 0

    def find(self, number: int | None) -> Process | None:
        """The process whose number ends in these 16 bits, which is all that DDS tells of it."""
        if number is None:
            return None
        found = [p for p in self.processes.values() if p.number & 0xFFFF == number & 0xFFFF]
        return found[0] if len(found) == 1 else None


def look_at_machine(proc: Path = Path('/proc'), shm: Path = Path('/dev/shm')) -> Machine:
    """Read what can be read without special rights; what cannot is left out.

    Args:
        proc: the kernel's files about processes.
        shm: where shared memory is.
    """
    variables = {k: v for k, v in os.environ.items() if k.startswith(_PREFIXES)}
    domain = variables.get('ROS_DOMAIN_ID', '')
    owners = _lock_owners(proc)
    segments: dict[int, list[int]] = {}
    ports: dict[int, set[int]] = {}
    leftover = 0
    for path in shm.glob('fastrtps_*'):
        if path.name.endswith('_el'):
            continue
        try:
            size = path.stat().st_size
            owner = owners.get(path.with_name(f'{path.name}_el').stat().st_ino)
        except OSError:  # gone since, or made by a later Fast DDS
            continue
        if path.name.startswith('fastrtps_port'):
            number = _domain_of(path.name.removeprefix('fastrtps_port'))
            if owner is not None and number is not None:
                ports.setdefault(owner, set()).add(number)
        elif owner is None:
            leftover += size
        else:
            segments.setdefault(owner, []).append(round(size / _OVERHEAD))
    processes = {
        number: _process(proc, number, ports.get(number, set()), segments.get(number, []))
        for number in segments.keys() | ports.keys()
    }
    return Machine(
        int(domain) if domain.isdecimal() else 0, variables, processes, _free(shm), leftover
    )


def own_segments() -> Sequence[int]:
    """Usable bytes of the shared-memory segments of this process."""
    process = look_at_machine().processes.get(os.getpid())
    return process.segments if process else ()


def _lock_owners(proc: Path) -> dict[int, int]:
    """File's inode -> number of the process that holds its lock."""
    owners = {}
    try:
        lines = (proc / 'locks').read_text().splitlines()
    except OSError:
        return {}
    for line in lines:
        words = line.split()
        # 1: FLOCK ADVISORY WRITE 7731 00:1b:915838 0 EOF; '->' is one who waits for a lock
        if len(words) >= 6 and words[1] == 'FLOCK' and words[4].isdecimal():
            owners[int(words[5].rpartition(':')[2])] = int(words[4])
    return owners


def _domain_of(port: str) -> int | None:
    """The domain of a port of Fast DDS; None for a number that is no port of a participant."""
    if not port.isdecimal():
        return None
    domain, rest = divmod(int(port) - _PORT_BASE, _PORTS_A_DOMAIN)
    return domain if 0 <= domain < _DOMAINS and rest > 1 else None


def _process(proc: Path, number: int, domains: set[int], segments: list[int]) -> Process:
    folder = proc / str(number)
    try:
        words = (folder / 'cmdline').read_bytes().decode(errors='replace').split('\0')
        user = folder.stat().st_uid
    except OSError:
        words, user = [], -1
    return Process(number, _name_of(words), user, frozenset(domains), tuple(sorted(segments)))


def _name_of(words: list[str]) -> str:
    """What people know a process by: its program, or the module or script that Python runs."""
    words = [word for word in words if word]
    if not words:
        return 'unknown'
    if not Path(words[0]).name.startswith('python'):
        return Path(words[0]).name
    if '-m' in words[:-1]:
        return words[words.index('-m') + 1]
    scripts = [word for word in words[1:] if not word.startswith('-')]
    if '-c' in words or not scripts:
        return Path(words[0]).name
    return Path(scripts[0]).name


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
