# SPDX-License-Identifier: Apache-2.0
"""The short table of a system for README.md: one line a question, what ships against the rest."""

from __future__ import annotations

from xsense_training.evaluate.cells import (
    HEADLINE,
    MATCHED,
    by_protocol,
    headline,
    line,
    number,
    p_value,
    titled,
    verdict,
)
from xsense_training.evaluate.match_table import match_brief
from xsense_training.evaluate.summary import Row, Size, Summary
from xsense_training.evaluate.table import BESIDE

_HEAD = (
    'asked',
    'chance',
    'best control',
    'best baseline',
    'published',
    'ships: mAP (95 %)',
    'R@1',
    'against the best baseline',
)


def brief(summary: Summary) -> str:
    """A table of one system: mAP of chance, the best control, baseline and published method.

    Where boxes are found instead of ranks, `match_brief`.
    """
    if headline(summary) == MATCHED:
        return match_brief(summary)
    tables = []
    for part in by_protocol(summary):
        lines = [line(_HEAD), line(['---'] * len(_HEAD))]
        lines += [line(_cells(part, size)) for size in part.sizes]
        tables.append(titled(part, '\n'.join(lines) + '\n', summary))
    return '\n'.join(tables)


def _cells(summary: Summary, size: Size) -> list[str]:
    key = (size.dataset, size.split, size.direction)
    rows = [r for r in summary.rows if (r.dataset, r.split, r.direction) == key]
    shown = [r for r in rows if r.metric == HEADLINE]
    cells = [
        f'{size.dataset}, {size.split}: {size.direction} ({size.queries:,} x {size.gallery:,})'
    ]
    cells += [_best(shown, kind, named=kind != 'chance') for kind in _KINDS]
    ours = _top(shown, 'production')
    if ours is None:
        return [*cells, '', '', '']
    beside = [r for r in rows if r.metric == BESIDE and r.method == ours.method]
    interval = '' if ours.ci_low is None else f' ({number(ours.ci_low)}-{number(ours.ci_high)})'
    cells += [f'**{number(ours.mean)}**{interval}', *(number(r.mean) for r in beside)]
    compared = [
        c
        for c in summary.comparisons
        if (c.dataset, c.split, c.direction, c.metric) == (*key, HEADLINE)
        and (c.method, c.other_kind) == (ours.method, 'baseline')
    ]
    return [*cells, '; '.join(_against(c.difference, c.p_runs, verdict(c)) for c in compared)]


_KINDS = ('chance', 'control', 'baseline', 'published')


def _top(rows: list[Row], kind: str) -> Row | None:
    return max((r for r in rows if r.kind == kind), key=lambda r: r.mean, default=None)


def _best(rows: list[Row], kind: str, named: bool) -> str:
    found = _top(rows, kind)
    if found is None:
        return ''
    told = number(found.mean) + (f' {found.method}' if named else '')
    # A mean over fewer runs than the others is not quite comparable with them.
    fewer = found.runs < max(row.runs for row in rows)
    return told + (f' ({found.runs} run{"s" * (found.runs > 1)} only)' if fewer else '')


def _against(difference: float, p: float | None, said: str) -> str:
    return f'{difference:+.3f}, p {p_value(p)}: {said}'
