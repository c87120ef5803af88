# SPDX-License-Identifier: Apache-2.0
"""Do large messages fit through Fast DDS's shared memory, or are frames lost in silence?

A message larger than the sender's segment is cut into fragments, of which best-effort QoS repeats
none: with the default segment of 512 KiB about half of all 640x480 colour frames are lost.
"""

from __future__ import annotations

from collections.abc import Iterator

from xsense_ros.doctor.cadence import lost_share
from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.machine import Machine, Process
from xsense_ros.doctor.observation import Endpoint, Observation, Topic
from xsense_ros.errors import InputError
from xsense_ros.resources import find_resource

_LEFTOVER = 1 << 30
_FREE = 128 << 20
_CURE = (
    'export FASTRTPS_DEFAULT_PROFILES_FILE={} before {} is started (and every other node), or '
    'make both ends reliable'
)


def judge(seen: Observation) -> Outcome:
    """Findings for segments that are too small, users that cannot share, and no memory left."""
    findings: list[Finding] = []
    for name in sorted({name for node in seen.nodes for name in (*node.hears, *node.tells)}):
        findings += _topic(seen, seen.topics[name])
    findings += _memory(seen.machine)
    sizes = {process.largest for process in seen.machine.processes.values() if process.segments}
    well = f'shared-memory segments of at least {_mib(min(sizes))}' if sizes else ''
    return Outcome('' if findings else well, findings)


def too_small(machine: Machine, topic: Topic) -> list[tuple[Endpoint, Process]]:
    """Publishers on this computer, and their processes, whose segments hold no whole message."""
    largest = max((one.size for one in topic.heard), default=0)
    found: dict[int, tuple[Endpoint, Process]] = {}
    for publisher in topic.publishers:
        sender = machine.find(publisher.process) if publisher.local else None
        if sender is not None and sender.segments and sender.largest < largest:
            found.setdefault(sender.number, (publisher, sender))
    return list(found.values())


def _topic(seen: Observation, topic: Topic) -> Iterator[Finding]:
    for publisher, sender in too_small(seen.machine, topic):
        yield _small(topic, publisher, sender, max(one.size for one in topic.heard))
    ends = (seen.machine.find(end.process) for end in topic.publishers if end.local)
    for number in {process.number for process in ends if process is not None}:
        yield from _users(seen.machine, topic, seen.machine.processes[number])


def _small(topic: Topic, publisher: Endpoint, sender: Process, largest: int) -> Finding:
    safe = _repeated(topic, publisher)
    share = lost_share(topic.heard)
    lost = f'; {share:.0%} are lost now' if share > 0.02 else ''
    how = 'they go in fragments, slowly' if safe else 'frames are lost in silence'
    return Finding(
        Level.NOTE if safe else Level.WARNING, topic.name,
        f'messages of {_mib(largest)} through a shared-memory segment of '
        f'{_mib(sender.largest)} of {publisher.node} ({sender.command}, process '
        f'{sender.number}): {how}{lost}',
        'a segment that holds several messages', _CURE.format(_profile(), publisher.node),
    )  # fmt: skip


def _repeated(topic: Topic, publisher: Endpoint) -> bool:
    """Whether what gets lost is sent again, for everybody who hears it."""
    asks = [end.qos.reliability for end in topic.subscriptions]
    return publisher.qos.reliability == 'reliable' and 'best_effort' not in asks


def _users(machine: Machine, topic: Topic, sender: Process) -> Iterator[Finding]:
    for hearer in topic.subscriptions:
        taker = machine.find(hearer.process) if hearer.local else None
        if taker is None or -1 in (taker.user, sender.user) or taker.user == sender.user:
            continue
        yield Finding(
            Level.WARNING, topic.name, f'{sender.command} runs as user {sender.user}, '
            f'{taker.command} as user {taker.user}',
            'one user: the shared memory of one cannot be opened by the other',
            'run both as the same user, or all over the network: export '
            'FASTDDS_BUILTIN_TRANSPORTS=UDPv4',
        )  # fmt: skip


def _memory(machine: Machine) -> Iterator[Finding]:
    if machine.shm_free is not None and machine.shm_free < _FREE:
        yield Finding(
            Level.WARNING, '/dev/shm', f'{_mib(machine.shm_free)} free', f'{_mib(_FREE)} or more',
            'give a container more (`docker run --ipc=host`, or --shm-size=1g); else remove what '
            'is left of killed processes, as below',
        )  # fmt: skip
    if machine.leftover > _LEFTOVER:
        yield Finding(
            Level.NOTE, '/dev/shm', f'{_mib(machine.leftover)} in segments of processes that were '
            'killed', 'nothing left', 'while no ROS process runs: `rm -f /dev/shm/fastrtps_* '
            '/dev/shm/sem.fastrtps_*`',
        )  # fmt: skip


def _profile() -> str:
    try:
        return str(find_resource('config/fastdds_shm.xml'))
    except InputError:
        return 'config/fastdds_shm.xml'


def _mib(size: int) -> str:
    return f'{size / (1 << 20):.1f} MiB' if size >= 1 << 20 else f'{size / 1024:.0f} KiB'
