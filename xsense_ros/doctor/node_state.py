# SPDX-License-Identifier: Apache-2.0
"""Do our nodes answer, are they active, and is each there once?"""

from __future__ import annotations

from collections.abc import Iterator

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Observation, SeenNode

_NEXT = {'unconfigured': ('configure', 'activate'), 'inactive': ('activate',)}
_MOST_SKEW = 0.5


def judge(seen: Observation) -> Outcome:
    """Findings for nodes that do nothing, are there twice, or live in another time."""
    well = ', '.join(f'{node.name} {node.state}' for node in seen.nodes if node.state == 'active')
    return Outcome(well, [finding for node in seen.nodes for finding in _node(node)])


def _node(node: SeenNode) -> Iterator[Finding]:
    lifecycle = node.status.get('lifecycle')
    if not node.state:
        yield Finding(
            Level.ERROR, node.name, 'it is there, but does not answer', 'an answer within seconds',
            'look at its process (`top`, its log) and start it again; where it runs in another '
            'container or on another computer, let both ends use the same DDS profile',
        )  # fmt: skip
    elif node.state != 'active' and not (lifecycle and lifecycle.level):
        # Where a transition has failed, the node's own words are a finding of complaints.py.
        steps = _NEXT.get(node.state, ())
        commands = ' and '.join(f'`ros2 lifecycle set {node.name} {step}`' for step in steps)
        yield Finding(
            Level.WARNING, node.name, f'{node.state}: it hears and answers nothing', 'active',
            (commands or 'start the node again') + '; the parameter autostart does it at start',
        )  # fmt: skip
    if node.state and not node.status:
        yield Finding(
            Level.WARNING, node.name, 'silent on /diagnostics', 'a message every second',
            'lower its parameter diagnostics_period, or watch for longer (--seconds)',
        )  # fmt: skip
    if node.copies > 1:
        yield Finding(
            Level.ERROR, node.name, f'{node.copies} nodes of this name', 'one',
            'end the others, or give each a namespace of its own (namespace:=robot1): services '
            'and parameters reach one of them by chance',
        )  # fmt: skip
    if node.skew is not None and not node.simulated and abs(node.skew) > _MOST_SKEW:
        side = 'ahead of' if node.skew > 0 else 'behind'
        yield Finding(
            Level.WARNING, node.name, f'its clock is {abs(node.skew):.1f} s {side} the one here',
            f'at most {_MOST_SKEW:g} s', 'synchronise the clocks of both computers (chrony)',
        )  # fmt: skip
