# SPDX-License-Identifier: Apache-2.0
"""What the nodes themselves complain about on /diagnostics, in their own words."""

from __future__ import annotations

from collections.abc import Iterator

from xsense_ros.doctor.finding import Finding, Level, Outcome, from_message
from xsense_ros.doctor.observation import Observation, SeenNode, Status

_COUNT, _LAST = ': count', ': last'
# The graph and the stamps themselves say more than the node can.
_SEEN_BY_OTHERS = ('incompatible QoS', 'zero stamp', 'backward stamp', 'future stamp')


def judge(seen: Observation) -> Outcome:
    """A finding for every fault that is present, or was counted while the robot was watched."""
    findings = []
    for node in seen.nodes:
        for part, status in node.status.items():
            heard = part in seen.topics and bool(seen.topics[part].heard)
            findings += list(_part(node, part, status, heard))
    return Outcome('' if findings or not seen.nodes else 'no complaints', findings)


def _part(node: SeenNode, part: str, status: Status, heard: bool) -> Iterator[Finding]:
    subject = part if part.startswith('/') else f'{node.name} {part}'
    told = {}
    for key, message in status.values.items():
        kind = key.removesuffix(_LAST)
        if not key.endswith(_LAST) or kind == _SEEN_BY_OTHERS[0] or (
            kind in _SEEN_BY_OTHERS and heard
        ):  # fmt: skip
            continue
        present = status.level > 0 and message == status.message
        if present or status.rise(f'{kind}{_COUNT}') > 0:
            worst = Level.ERROR if present and status.level > 1 else Level.WARNING
            told[message] = from_message(worst, subject, message)
    yield from told.values()
