# SPDX-License-Identifier: Apache-2.0
"""What every table of a report is put together from: cells, verdicts, one table a protocol."""

from __future__ import annotations

from collections.abc import Sequence

from xsense_training.evaluate.summary import Comparison, Row, Size, Summary

HEADLINE = 'mAP'  # of rankings
MATCHED = 'hit@5px'  # of found boxes


def headline(summary: Summary) -> str:
    """The metric by which a system is judged: MATCHED where it finds boxes."""
    return MATCHED if any(row.metric == MATCHED for row in summary.rows) else HEADLINE


def by_protocol(summary: Summary) -> list[Summary]:
    """A summary for every protocol: what a split's name says before its first comma.

    Two protocols are two questions (objects never seen, new touches of objects that were), whose
    numbers must not be read beside each other.
    """
    named = list(dict.fromkeys(_protocol(size) for size in summary.sizes))
    return [
        Summary(
            [r for r in summary.rows if _protocol(r) == name],
            [c for c in summary.comparisons if _protocol(c) == name],
            [s for s in summary.sizes if _protocol(s) == name],
        )
        for name in named
    ]


def titled(part: Summary, table: str, whole: Summary) -> str:
    """A table under the name of its protocol, where there are several."""
    if len(part.sizes) == len(whole.sizes):
        return table
    name = _protocol(part.sizes[0])
    return f'**{name[0].upper()}{name[1:]}**\n\n{table}'


def _protocol(entry: Size | Row | Comparison) -> str:
    return entry.split.partition(',')[0]


def verdict(comparison: Comparison) -> str:
    """'above', 'below' or 'not shown', by the paired test over runs at the 5 % level.

    'one run' where there is no such test.
    """
    if comparison.runs == 1:
        return 'one run'
    if comparison.p_runs is None or comparison.p_runs >= 0.05:
        return 'not shown'
    return 'above' if comparison.difference > 0 else 'below'


def verdict_of_queries(comparison: Comparison) -> str:
    """The same by `p_of`: of a single run, by the paired test over its queries."""
    p = p_of(comparison)
    if p is None or p >= 0.05:
        return 'not shown'
    return 'above' if comparison.difference > 0 else 'below'


def p_of(comparison: Comparison) -> float | None:
    """Over runs where there are several, else over queries."""
    return comparison.p_runs if comparison.runs > 1 else comparison.p_queries


def surely_above(comparison: Comparison) -> bool:
    """Whether the difference is above zero at the 5 % level, by `p_of`."""
    p = p_of(comparison)
    return comparison.difference > 0 and p is not None and p < 0.05


def line(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    escaped = (cell.replace('|', '\\|') for cell in cells)
    return f'| {" | ".join(escaped)} |'


def interval(row: Row) -> str:
    """The mean, and its 95 % interval where there is one."""
    if row.ci_low is None or row.ci_high is None:
        return number(row.mean)
    return f'{number(row.mean)} ({number(row.ci_low)}-{number(row.ci_high)})'


def number(value: float | None) -> str:
    """Three decimals, or a dash."""
    return '-' if value is None else f'{value:.3f}'


def p_value(value: float | None) -> str:
    """A p value as tables show it."""
    if value is None:
        return '-'
    return '< 0.001' if value < 0.001 else f'{value:.3f}'
