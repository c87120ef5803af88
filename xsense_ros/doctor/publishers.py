# SPDX-License-Identifier: Apache-2.0
"""Is each input topic published, as the type that the node hears?"""

from __future__ import annotations

from collections.abc import Iterator

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import MATCHING, Observation, SeenNode, Topic

# Things that people give now and then; nobody needs to publish them all the time.
EVENTS = ('text', 'sketch', 'regions', 'calibration')
_COMPRESSED = '/compressed'
_CALIBRATION = 'calibration'
_REGIONS = 'regions'  # one of several ways to mark a thing
# Without these a node of theirs does nothing.
_NEEDED = ('infrared', _CALIBRATION)
# A topic of this type elsewhere is likely the one that was meant.
_LIKELY = ('image', 'sound', 'visible', 'infrared')


def judge(seen: Observation) -> Outcome:
    """Findings for senses that nobody feeds, and for topics of the wrong type."""
    findings: list[Finding] = []
    inputs = fed = 0
    for node in seen.nodes:
        silent = []
        for group in _groups(seen, node):
            inputs += 1
            findings += [finding for topic in group for finding in _types(node, topic)]
            if any(_fitting(node, topic) for topic in group):
                fed += 1
            elif urgent := _missed(seen, node, group):
                findings.append(urgent)
            elif node.sense(group[0].name) != _REGIONS:
                silent.append(group)
        if silent:
            findings.append(_unfed(node, silent, alone=len(silent) == len(_groups(seen, node))))
    return Outcome(f'{fed} of {inputs} inputs published' if fed else '', findings)


def _groups(seen: Observation, node: SeenNode) -> list[list[Topic]]:
    """Topics that stand for each other, raw and compressed; without those that are not needed."""
    names = [
        name
        for name in node.hears
        if node.sense(name) != _CALIBRATION or node.parameters.get('mapping') == 'cameras'
    ]
    firsts = [n for n in names if n.removesuffix(_COMPRESSED) not in names or not _ends(n)]
    pairs = [[n, n + _COMPRESSED] if n + _COMPRESSED in names else [n] for n in firsts]
    return [[seen.topics[name] for name in pair] for pair in pairs]


def _ends(name: str) -> bool:
    return name.endswith(_COMPRESSED)


def _fitting(node: SeenNode, topic: Topic) -> int:
    types = {sub.type for sub in topic.subscriptions if sub.node == node.name}
    return sum(pub.type in types for pub in topic.publishers)


def _types(node: SeenNode, topic: Topic) -> Iterator[Finding]:
    wanted = {sub.type: sub.type_hash for sub in topic.subscriptions if sub.node == node.name}
    for publisher in topic.publishers:
        if publisher.type not in wanted:
            yield Finding(
                Level.ERROR, topic.name, f'{publisher.node} publishes {publisher.type}',
                f'{" or ".join(wanted)}, which {node.name} hears',
                'publish that type, or give one of the two another topic (`--ros-args -r '
                f'{topic.name}:=OTHER`)',
            )  # fmt: skip
        elif publisher.type_hash and wanted[publisher.type] not in ('', publisher.type_hash):
            yield Finding(
                Level.ERROR, topic.name,
                f'{publisher.node} has another version of {publisher.type}',
                f'the definition that {node.name} was built with',
                'build and install the same version of the package at both ends',
            )  # fmt: skip


def _missed(seen: Observation, node: SeenNode, group: list[Topic]) -> Finding | None:
    """A finding where somebody has published before, or where nothing works without it."""
    sense = node.sense(group[0].name)
    needed = sense in _NEEDED
    if sense in EVENTS and not needed:
        return None
    was = sum(node.status[one.name].number('received') for one in group if one.name in node.status)
    name = ' or '.join(one.name for one in group)
    kinds = {sub.type for one in group for sub in one.subscriptions if sub.node == node.name}
    namespace = node.name.rpartition('/')[0] + '/'
    others = sorted(
        (name for name, kind in seen.elsewhere.items() if kind in kinds),
        key=lambda other: (not other.startswith(namespace), other),
    )
    if was:
        gone = f'nobody publishes any more; {was} messages had come'
        cure = 'look whether the driver still runs, and start it again'
        return Finding(Level.WARNING, name, gone, 'a publisher', cure)
    if not needed and not (others and sense in _LIKELY):
        return None
    cure = 'start the driver, or remap its topic to this one'
    if others:
        cure = f'{", ".join(others[:3])} has this type: start {node.name} with '
        cure += (
            f'`-r {_relative(node, group[0].name)}:={others[0]}`, or name it in the launch file'
        )
    level = Level.WARNING if needed else Level.NOTE
    return Finding(level, name, 'nobody publishes', 'a publisher', cure)


def _unfed(node: SeenNode, silent: list[list[Topic]], *, alone: bool) -> Finding:
    """One finding for all senses that have never been fed; bad only where there is no other."""
    first = silent[0][0].name
    cure = f'start the drivers, or remap their topics (`-r {_relative(node, first)}:=/TOPIC`)'
    if alone:
        cure += f'; without any, {node.name} answers only its services'
    elif node.kind != MATCHING:
        cure = f'nothing, where the robot has no such sensor; else {cure}'
    return Finding(
        Level.WARNING if alone else Level.NOTE,
        ', '.join(group[0].name for group in silent), 'nobody publishes', 'a publisher', cure,
    )  # fmt: skip


def _relative(node: SeenNode, topic: str) -> str:
    """The name by which the node's code knows a topic of its namespace."""
    return topic.removeprefix(node.name.rpartition('/')[0]).lstrip('/')
