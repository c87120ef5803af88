# SPDX-License-Identifier: Apache-2.0
"""Two records of measurements: what became better or worse by more than it wobbles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xsense_ros.bench.rows import LOWER, Record, Row

BETTER, WORSE, SAME = 'better', 'worse', 'same'


@dataclass(frozen=True)
class Change:
    """One figure in two records.

    Attributes:
        before: the row of the first record.
        after: that of the second.
        factor: ratio after / ratio before; of a figure without reference, value / value.
        wobble: what the spreads of both explain, as a share.
        verdict: 'better', 'worse' or 'same'.
    """

    before: Row
    after: Row
    factor: float
    wobble: float
    verdict: str


def compare(before: Record, after: Record, margin: float = 0.1) -> list[Change]:
    """Compare the figures that both records have.

    A ratio cancels the machine out, so ratios of two machines can be compared. Values without a
    reference cannot: they are compared where both records are of the same machine. A figure is
    worse where it got worse by more than the spreads of both records together, and by more than
    `margin`; better likewise.

    Args:
        before: the record to compare with.
        after: the record that is judged.
        margin: change that counts as none, as a share: 0.1 is ten per cent.
    """
    same_machine = before.title == after.title
    old = {row.key: row for row in before.rows}
    changes = []
    for row in after.rows:
        other = old.get(row.key)
        if other is None:
            continue
        factor = _factor(other, row, same_machine)
        if factor is None:
            continue
        wobble = other.spread + row.spread
        changes.append(Change(other, row, factor, wobble, _verdict(row, factor, wobble, margin)))
    return changes


def only_in_one(before: Record, after: Record) -> tuple[list[Row], list[Row]]:
    """Figures that have gone, and figures that are new."""
    return _missing(before.rows, after.rows), _missing(after.rows, before.rows)


def _missing(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    known = {row.key for row in others}
    return [row for row in rows if row.key not in known]


def _factor(before: Row, after: Row, same_machine: bool) -> float | None:
    one, other = before.ratio, after.ratio
    if one is None or other is None or before.reference != after.reference:
        if not same_machine:
            return None
        one, other = before.value, after.value
    # What was nothing before has no share to grow by.
    return other / one if one > 0 and other > 0 else None


def _verdict(row: Row, factor: float, wobble: float, margin: float) -> str:
    loss = factor if row.better == LOWER else 1 / factor
    limit = 1 + max(wobble, margin)
    if loss > limit:
        return WORSE
    return BETTER if 1 / loss > limit else SAME
