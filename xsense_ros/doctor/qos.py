# SPDX-License-Identifier: Apache-2.0
"""Do both ends of each topic agree? If not, which override makes them (DDS 1.4, 2.2.3: RxO)."""

from __future__ import annotations

from collections.abc import Iterator

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Endpoint, Observation, Qos, SeenNode, Topic

_STRENGTH = {
    'reliability': ('best_effort', 'reliable'),
    'durability': ('volatile', 'transient_local'),
    'liveliness': ('automatic', 'manual_by_topic'),
}
# What this package lets a user override.
_OVERRIDABLE = ('reliability', 'durability')
_FIXED_CURE = 'change the other end: this policy of ours cannot be overridden'


def judge(seen: Observation) -> Outcome:
    """A finding for every pair of a publisher and a subscription that cannot talk."""
    findings = []
    for node, topic in seen.inputs():
        own = [end for end in topic.subscriptions if end.node == node.name]
        pairs = [(pub, sub) for sub in own for pub in topic.publishers if pub.type == sub.type]
        findings += [f for pub, sub in pairs for f in _pair(node, topic, pub, sub)]
    for node in seen.nodes:
        for name in node.tells:
            topic = seen.topics[name]
            own = [end for end in topic.publishers if end.node == node.name]
            ends = [(pub, sub) for pub in own for sub in topic.subscriptions]
            findings += [f for pub, sub in ends for f in _pair(node, topic, pub, sub)]
    unique = list({(f.subject, f.seen): f for f in findings}.values())
    return Outcome('' if unique or not seen.nodes else 'QoS fits', unique)


def mismatches(offered: Qos, asked: Qos) -> list[str]:
    """Policies in which a publisher offers less than a subscription asks for; [] if none."""
    wrong = [
        policy
        for policy, order in _STRENGTH.items()
        if _rank(order, getattr(offered, policy)) < _rank(order, getattr(asked, policy))
    ]
    for policy, have, want in (
        ('deadline', offered.deadline_ns, asked.deadline_ns),
        ('liveliness_lease_duration', offered.lease_ns, asked.lease_ns),
    ):
        if want is not None and (have is None or have > want):
            wrong.append(policy)
    return wrong


def _rank(order: tuple[str, ...], value: str) -> int:
    return order.index(value) if value in order else 0


def _pair(node: SeenNode, topic: Topic, pub: Endpoint, sub: Endpoint) -> Iterator[Finding]:
    hears = sub.node == node.name
    other, side = (pub, 'subscription') if hears else (sub, 'publisher')
    for policy in mismatches(pub.qos, sub.qos):
        theirs, ours = (getattr(end.qos, policy, '') for end in (other, sub if hears else pub))
        verb = 'offers' if hears else 'asks for'
        seen = f'{other.node} {verb} {theirs or policy}, {node.name} '
        seen += f'{"asks for" if hears else "offers"} {ours or "another"}: nothing flows'
        settings = {}
        cure = _FIXED_CURE
        if policy in _OVERRIDABLE:
            name = f'qos_overrides.{topic.name}.{side}.{policy}'
            settings = {name: theirs}
            cure = f'start {node.name} with `-p {name}:={theirs}`, or change {other.node}'
        expected = f'the same {policy.replace("_", " ")} at both ends'
        yield Finding(Level.ERROR, topic.name, seen, expected, cure, settings, node.name)
