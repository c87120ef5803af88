# SPDX-License-Identifier: Apache-2.0
"""What came of an evaluation, for people and for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from xsense_ros.evaluation.evaluate import PairScore

_COLUMNS = (
    'pair', 'questions', 'recall@1', 'recall@5', 'mAP', 'accepted', 'right of them',
    'unknown refused', 'ms p50', 'p95', 'p99',
)  # fmt: skip


def pair_table(pairs: Mapping[str, PairScore]) -> Table:
    """A line a pair; in brackets what a blind guess would give."""
    table = Table(title='Answers compared with the truth', title_justify='left', box=None)
    for place, name in enumerate(_COLUMNS):
        table.add_column(name, justify='left' if not place else 'right', no_wrap=not place)
    for kind, pair in pairs.items():
        row = pair.as_dict()
        latency = row['latency_ms']
        chance = f' ({row["chance_at_1"]:.0%})' if row['chance_at_1'] else ''
        table.add_row(
            kind,
            str(row['questions']),
            f'{percent(row["recall_at_1"])}{chance}',
            percent(row['recall_at_5']),
            _number(row['mean_average_precision']),
            percent(row['accept_rate']),
            f'{row["accepted_right"]}/{row["accepted"]}',
            f'{row["unknown_refused"]}/{row["unknown"]}' if row['unknown'] else '-',
            *(f'{latency[name]:.1f}' for name in ('p50', 'p95', 'p99')),
        )
    return table


def as_dict(pairs: Mapping[str, PairScore], about: Mapping[str, Any]) -> dict[str, Any]:
    """For JSON: what was evaluated, and the counts by kind."""
    return {**about, 'pairs': {kind: pair.as_dict() for kind, pair in pairs.items()}}


def percent(share: float | None) -> str:
    """A share in percent, '-' for none."""
    return '-' if share is None else f'{share:.1%}'


def _number(value: float | None) -> str:
    return '-' if value is None else f'{value:.3f}'
