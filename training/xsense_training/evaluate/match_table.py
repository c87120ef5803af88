# SPDX-License-Identifier: Apache-2.0
"""Tables of a system that finds boxes: methods down, metrics across, a block a question."""

from __future__ import annotations

from xsense_training.evaluate.cells import (
    MATCHED,
    interval,
    line,
    number,
    p_of,
    p_value,
    verdict_of_queries,
)
from xsense_training.evaluate.match_results import METRICS
from xsense_training.evaluate.summary import Comparison, Row, Size, Summary

_SHOWN = (MATCHED, *(metric for metric in METRICS if metric != MATCHED))
_WITH_INTERVAL = (MATCHED, 'mIoU', 'P0.5', 'P0.7')
_BRIEF = ('P0.5', 'P0.7', 'mIoU', 'FA@95')
_UNLEARNED = ('control', 'baseline')
_AGAINST = f'{MATCHED} against the best unlearned'
# A constant first, what ships last: a reader goes from nothing to everything.
_ORDER = ('control', 'baseline', 'published', 'ablation', 'production')


def match_table(summary: Summary) -> str:
    """Every method of every question; the last column is its difference to the best unlearned."""
    head = ['asked (searches + without target)', 'method', *_SHOWN, _AGAINST]
    lines = [line(head), line(['---'] * len(head))]
    for size in summary.sizes:
        label = f'**{_name(size)}** ({size.queries:,} + {size.gallery:,})'
        rows = _rows(summary, size)
        best = _top(rows, 'baseline')
        for method in _methods(rows):
            row = rows[method, MATCHED]
            cells = [_cell(rows.get((method, metric))) for metric in _SHOWN]
            name = f'**{method}**' if row.kind == 'production' else method
            name = f'_{method}_' if row is best else name
            lines.append(line([label, name, *cells, _against(summary, size, row)]))
            label = ''
    return '\n'.join(lines) + '\n'


def match_brief(summary: Summary) -> str:
    """One line a question: a box that never looks, the best unlearned method, what ships."""
    head = [
        'asked (searches + without target)', f'constant box: {MATCHED}', 'best unlearned',
        f'ships: {MATCHED} (95 %)', *_BRIEF, _AGAINST,
    ]  # fmt: skip
    lines = [line(head), line(['---'] * len(head))]
    for size in summary.sizes:
        rows = _rows(summary, size)
        control, best, ours = (_top(rows, kind) for kind in (*_UNLEARNED, 'production'))
        if ours is None:
            continue
        lines.append(
            line(
                [
                    f'{_name(size)} ({size.queries:,} + {size.gallery:,})',
                    '' if control is None else number(control.mean),
                    '' if best is None else f'{number(best.mean)} {best.method}',
                    f'**{interval(ours)}**',
                    *(_cell(rows.get((ours.method, metric)), plain=True) for metric in _BRIEF),
                    _against(summary, size, ours),
                ]
            )
        )
    return '\n'.join(lines) + '\n\n' + _apart(summary)


def constant_box_table(summary: Summary) -> str:
    """What a box in the middle scores under every protocol of the first data set, without a look.

    Beside it the best method without learning, and what ships.
    """
    shown = ('mIoU', 'P0.5', 'P0.7')
    kinds = {'control': 'a constant box', 'baseline': 'best unlearned', 'production': 'ships'}
    head = ['searches', *(f'{told}: {metric}' for told in kinds.values() for metric in shown)]
    lines = [line(head), line(['---'] * len(head))]
    for size in summary.sizes:
        if size.dataset != summary.sizes[0].dataset:
            continue
        rows = _rows(summary, size)
        cells = [_name(size)]
        for kind in kinds:
            top = _top(rows, kind)
            cells += [number(rows[top.method, m].mean) if top else '' for m in shown]
        lines.append(line(cells))
    return '\n'.join(lines) + '\n'


def matched_legend(summary: Summary) -> str:
    """How to read the table, and where what ships is above all that learns nothing."""
    return (
        'One fixed list of searches a question, the same for every method; 95 % bootstrap '
        'intervals and sign-flip tests over the searches. hit@5px: the middle of the box is '
        'within 5 pixels of the true one along both axes. mIoU: mean overlap with the truth; '
        'P0.5, P0.7, P0.9: share of boxes that overlap by more; AUC: area under the curve of '
        'these shares. FA@95: share of searches without their target that score as high as 95 % '
        'of those with it do. Bold: what ships. Italic: the best method without learning, chosen '
        f'by its own result here.\n\n{_apart(summary)}'
    )


def _apart(summary: Summary) -> str:
    """In how many questions the intervals of what ships lie above all unlearned ones."""
    asked, reached = 0, list[str]()
    missed = list[str]()
    for size in summary.sizes:
        rows = _rows(summary, size)
        ours = _top(rows, 'production')
        others = {r.method for r in rows.values() if r.kind in _UNLEARNED}
        if ours is None or not others or size.split.startswith('centred'):
            continue
        asked += 1
        short = [
            metric
            for metric in ('mIoU', 'P0.5', 'P0.7')
            if (rows[ours.method, metric].ci_low or 0.0)
            <= max(rows[other, metric].ci_high or 0.0 for other in others)
        ]
        (missed if short else reached).append(f'{_name(size)} ({", ".join(short)})')
    if not asked:
        return ''
    told = (
        f'The 95 % intervals of mIoU, P0.5 and P0.7 of what ships lie above those of every method '
        f'without learning in {len(reached)} of {asked} questions'
    )
    return told + (f'; not in: {"; ".join(missed)}.\n' if missed else '.\n')


def _name(size: Size) -> str:
    return f'{size.dataset}, {size.split}'


def _rows(summary: Summary, size: Size) -> dict[tuple[str, str], Row]:
    key = (size.dataset, size.split, size.direction)
    return {
        (r.method, r.metric): r for r in summary.rows if (r.dataset, r.split, r.direction) == key
    }


def _methods(rows: dict[tuple[str, str], Row]) -> list[str]:
    shown = [r for (_, metric), r in rows.items() if metric == MATCHED]
    return [r.method for r in sorted(shown, key=lambda r: _ORDER.index(r.kind))]


def _top(rows: dict[tuple[str, str], Row], kind: str) -> Row | None:
    found = [r for (_, metric), r in rows.items() if metric == MATCHED and r.kind == kind]
    return max(found, key=lambda r: r.mean, default=None)


def _cell(row: Row | None, plain: bool = False) -> str:
    if row is None:
        return '-'
    return interval(row) if row.metric in _WITH_INTERVAL and not plain else number(row.mean)


def _against(summary: Summary, size: Size, row: Row) -> str:
    key = (size.dataset, size.split, size.direction, MATCHED, row.method, 'baseline')
    return '; '.join(
        _told(c)
        for c in summary.comparisons
        if (c.dataset, c.split, c.direction, c.metric, c.method, c.other_kind) == key
    )


def _told(comparison: Comparison) -> str:
    p = p_value(p_of(comparison))
    return f'{comparison.difference:+.3f}, p {p}: {verdict_of_queries(comparison)}'
