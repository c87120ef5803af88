# SPDX-License-Identifier: Apache-2.0
"""What runs the models, in which precision, and what is missing?

A backend that could not serve or has failed is told by the node itself: see complaints.py.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Observation, SeenNode, Status

PART = 'engine'


def judge(seen: Observation) -> Outcome:
    """Says what runs where; findings for engines that are not built."""
    models: dict[str, str] = {}
    findings: list[Finding] = []
    for node in seen.nodes:
        status = node.status.get(PART)
        if status is not None:
            models |= {f'{node.name} {name}': told for name, told in _models(status).items()}
            findings += _node(node, status)
    kinds = Counter(', '.join(t.partition(';')[0].split(', ')[:2]) for t in models.values())
    return Outcome('; '.join(f'{n} models by {kind}' for kind, n in kinds.items()), findings)


def _models(status: Status) -> dict[str, str]:
    """Model -> 'BACKEND on DEVICE, PRECISION, N threads[; BUILDING]'; faults are left out."""
    return {name: told for name, told in status.values.items() if ' threads' in told}


def _node(node: SeenNode, status: Status) -> Iterator[Finding]:
    building = {m: t.partition('; ')[2] for m, t in _models(status).items() if '; ' in t}
    if building:
        model, state = next(iter(building.items()))
        yield Finding(
            Level.NOTE, f'{node.name} {PART}', f'{len(building)} engines are being built '
            f'({model}: {state}); the next backend answers meanwhile', 'engines that are there',
            'wait; `xsense engines build --all` or build_only:=true beforehand saves it the next '
            'time',
        )  # fmt: skip
    backends = list(node.parameters.get('backends', []))
    if node.parameters.get('engines.build') == 'never' and any('tensorrt' in b for b in backends):
        slow = [m for m, told in _models(status).items() if not told.startswith(backends[0][:8])]
        if slow:
            yield Finding(
                Level.WARNING, f'{node.name} {PART}', f'{", ".join(slow)} not by {backends[0]}, '
                "and engines.build is 'never'", f'engines for {backends[0]}',
                'build them (`xsense engines build --all`), or set engines.build to auto',
                {'engines.build': 'auto'}, node.name,
            )  # fmt: skip
