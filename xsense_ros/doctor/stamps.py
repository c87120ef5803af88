# SPDX-License-Identifier: Apache-2.0
"""Are the stamps of messages the times of their measurement?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Heard, Observation, SeenNode, Topic
from xsense_ros.units import NS

_TOLERANCE = 0.1  # ahead of the clock [s], where the node does not say
_STALE = 1.0  # behind it [s], where the node does not say
_RECORDED = 3600.0  # so far behind is a recording, not a slow network [s]


def judge(seen: Observation) -> Outcome:
    """Findings for zero, backward, future and stale stamps, one of each kind a topic."""
    findings: dict[tuple[str, str], Finding] = {}
    for node, topic in seen.inputs():
        stamped = [one for one in topic.heard if one.stamp is not None]
        for kind, finding in _topic(node, topic, stamped):
            findings.setdefault((topic.name, kind), finding)
    heard = any(topic.heard for _, topic in seen.inputs())
    return Outcome('stamps right' if heard and not findings else '', list(findings.values()))


def _topic(node: SeenNode, topic: Topic, heard: Sequence[Heard]) -> Iterator[tuple[str, Finding]]:
    name, count = topic.name, len(heard)
    zeros = sum(one.stamp == 0 for one in heard)
    if zeros:
        yield 'zero', Finding(
            Level.WARNING, name, f'{zeros} of {count} stamps are 0', 'the time of the measurement',
            'let the driver fill header.stamp in; until then nobody knows how old an answer is',
        )  # fmt: skip
    stamps = [one.stamp for one in heard if one.stamp]
    back = [a - b for a, b in pairwise(stamps) if b < a]
    if back:
        several = len({end.node for end in topic.publishers}) > 1 or len(topic.publishers) > 1
        cure = 'end all publishers of this topic but one' if several else (
            'look at the driver; a bag that starts again, or a clock that was set, does this once'
        )  # fmt: skip
        yield 'backward', Finding(
            Level.WARNING, name, f'{len(back)} of {count} stamps lie before the one before them, '
            f'by up to {max(back) / NS:.3f} s', 'rising stamps', cure,
        )  # fmt: skip
    yield from _ages(node, name, heard)


def _ages(node: SeenNode, name: str, heard: Sequence[Heard]) -> Iterator[tuple[str, Finding]]:
    """How far stamps lie from the clock that the node goes by."""
    ages = [
        (now - one.stamp) / NS - one.sound
        for one in heard
        if one.stamp and (now := one.clock if node.simulated else one.wall)
    ]
    if not ages:
        return
    tolerance = float(node.parameters.get('stamp_tolerance_seconds', _TOLERANCE))
    ahead = [-age for age in ages if age < -tolerance]
    if ahead:
        yield 'future', Finding(
            Level.WARNING, name, f'{len(ahead)} of {len(ages)} stamps lie ahead of the clock, by '
            f'up to {max(ahead):.2f} s', f'at most {tolerance:g} s (stamp_tolerance_seconds)',
            'synchronise the clocks of both computers (chrony), and set use_sim_time alike in '
            'all nodes',
        )  # fmt: skip
    limit = float(node.parameters.get('stale_after', 0.0)) or _STALE
    old = [age for age in ages if age > limit]
    if not old:
        return
    recorded = min(old) > _RECORDED and not node.simulated
    cure = (
        'this is a recording: play it with `ros2 bag play --clock` (or `xsense replay`, which '
        'moves the stamps to now), and set use_sim_time:=true in the node'
        if recorded
        else 'lower the size or rate where the network cannot follow, shorten the queue of the '
        'driver, and synchronise the clocks (chrony)'
    )
    age = f'{min(old) / 86400:.1f} days' if recorded else f'up to {max(old):.2f} s'
    yield 'stale', Finding(
        Level.WARNING, name, f'{len(old)} of {len(ages)} messages are old: {age}',
        f'at most {limit:g} s', cure,
    )  # fmt: skip
