# SPDX-License-Identifier: Apache-2.0
"""Do messages come as often as their source sends them, and as often as is needed?"""

from __future__ import annotations

from collections.abc import Iterator

from xsense_ros.doctor.cadence import ENOUGH, lost_share, rate
from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Observation, SeenNode, Topic
from xsense_ros.doctor.publishers import EVENTS
from xsense_ros.doctor.shared_memory import too_small
from xsense_ros.units import NS

_LOST = 0.25  # share that is not jitter any more
_QUIET = 0.95  # seconds of sound a second
_BELOW = 0.8  # of what the user expects
_SLOW_HZ = 1.0


def judge(seen: Observation) -> Outcome:
    """Findings for silence, lost messages, sound with holes, and rates below what is expected."""
    findings: dict[tuple[str, str], Finding] = {}
    told: dict[str, str] = {}
    for node, topic in seen.inputs():
        if topic.heard:
            told[topic.name] = f'{rate(topic.heard):.1f} Hz {topic.name}'
        for finding in _input(seen, node, topic):
            findings.setdefault((finding.subject, finding.seen), finding)
    missing = [name for name in seen.rates if name not in seen.topics]
    for name in missing:
        cure = f'correct --rate; they hear {", ".join(sorted(seen.topics)) or "nothing"}'
        absent = Finding(Level.ERROR, name, 'no node of ours hears it', 'an input topic', cure)
        findings[name, ''] = absent
    return Outcome(', '.join(told.values()), list(findings.values()))


def _input(seen: Observation, node: SeenNode, topic: Topic) -> Iterator[Finding]:
    name, heard = topic.name, topic.heard
    wanted = seen.rates.get(name)
    hz = rate(heard)
    if wanted is not None and hz < _BELOW * wanted:
        yield Finding(
            Level.WARNING, name, f'{hz:.1f} Hz', f'{wanted:g} Hz (--rate)',
            'look at the driver (exposure time, USB bandwidth), and at lost frames below',
        )  # fmt: skip
    event = node.sense(name) in EVENTS or not node.sense(name)
    if topic.publishers and not heard and not event:
        yield Finding(
            Level.WARNING, name, f'nothing in {seen.seconds:g} s from '
            f'{", ".join(sorted({end.node for end in topic.publishers}))}', 'a stream of messages',
            'look at the driver: it is there and publishes nothing; a QoS that does not fit is '
            'told apart from this',
        )  # fmt: skip
        return
    if event:
        return
    if too_small(seen.machine, topic):
        return  # that rule tells of the loss and of its cure
    share = lost_share(heard)
    # What gets lost on the way to the doctor alone is no loss of the node.
    if share > _LOST and _taken_rate(node, topic) < (1 - _LOST) * hz / (1 - share):
        yield Finding(
            Level.WARNING, name, f'{share:.0%} of the messages are lost on the way: '
            f'{hz:.1f} Hz come, their stamps tell of {hz / (1 - share):.1f} Hz', 'nothing lost',
            'look at the load of network and computer (`top`), lower the size or rate, or '
            'make both ends reliable',
        )  # fmt: skip
    if 0.0 < hz < _SLOW_HZ and len(heard) > 1 and wanted is None:
        yield Finding(
            Level.NOTE, name, f'{hz:.2f} Hz', f'{_SLOW_HZ:g} Hz or more',
            'raise the rate of the driver: answers are as old as the last message',
        )  # fmt: skip
    yield from _sound(topic)
    yield from _taken(node, topic)


def _sound(topic: Topic) -> Iterator[Finding]:
    heard = topic.heard
    span = (heard[-1].wall - heard[0].wall) / NS if heard else 0.0
    if len(heard) < ENOUGH or not heard[0].sound or span <= 0:
        return
    # The first chunk was recorded before the watch began.
    share = sum(one.sound for one in heard[1:]) / span
    if share < _QUIET:
        yield Finding(
            Level.WARNING, topic.name, f'{share:.2f} s of sound a second', 'one second',
            'look at the driver and the network for lost chunks, and at its sample_rate: it must '
            'be that of the data',
        )  # fmt: skip


def _taken(node: SeenNode, topic: Topic) -> Iterator[Finding]:
    """Whether the node itself takes what comes here."""
    status = node.status.get(topic.name)
    if status is None or status.seconds <= 0 or len(topic.heard) < ENOUGH:
        return
    here, there = rate(topic.heard), _taken_rate(node, topic)
    if there < (1 - _LOST) * here and (here - there) * status.seconds > ENOUGH:
        yield Finding(
            Level.WARNING, topic.name,
            f'{here:.1f} Hz come here, {node.name} takes {there:.1f} Hz', 'the same',
            'look at the load of its computer (`top`), and at the network to it',
        )  # fmt: skip


def _taken_rate(node: SeenNode, topic: Topic) -> float:
    """Messages a second that the node says it has taken [Hz]; 0 where it has not said."""
    status = node.status.get(topic.name)
    known = status is not None and status.seconds > 0
    return status.rise('received') / status.seconds if status and known else 0.0
