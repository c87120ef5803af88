# SPDX-License-Identifier: Apache-2.0
"""One Markdown table a system: methods down, the two directions of each question across."""

from __future__ import annotations

from collections.abc import Sequence

from xsense_training.evaluate.hubness import INVERTED_SOFTMAX
from xsense_training.evaluate.summary import Comparison, Cost, Row, Size, Summary

HEADLINE = 'mAP'
BESIDE = 'R@1'


def markdown(summary: Summary) -> str:
    """A table for each system of the summary, with a line that says how to read it."""
    parts = []
    for system in summary.systems:
        own = summary.of(system)
        heading = f'### {system}\n\n' if len(summary.systems) > 1 else ''
        tables = [titled(part, _table(part), own) for part in by_protocol(own)]
        told = ('\n'.join(tables), '\n', _legend(own), _shortcuts(own), _cost_table(own.costs))
        parts.append(heading + ''.join(told))
    return '\n'.join(parts)


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


def _table(summary: Summary) -> str:
    """Groups of rows; a group is one data set, split and pair of modalities, asked both ways."""
    groups: dict[tuple[str, str, frozenset[str]], list[Size]] = {}
    for size in summary.sizes:
        pair = frozenset(size.direction.split('->'))
        groups.setdefault((size.dataset, size.split, pair), []).append(size)
    corrected = any(r.metric == f'{HEADLINE} ({INVERTED_SOFTMAX})' for r in summary.rows)
    across = max(len(sizes) for sizes in groups.values())
    named = {tuple(s.direction for s in sizes) for sizes in groups.values()}
    titles = next(iter(named)) if len(named) == 1 else ('there', 'back')[:across]
    columns = [f'{HEADLINE} (95 %)', BESIDE, *(['hubs corrected'] * corrected), 'against the best']
    head = ['asked (queries x gallery)', 'method']
    head += [f'{title}: {column}' for title in titles for column in columns]
    lines = [line(head), line(['---'] * len(head))]
    for (dataset, split, _), sizes in groups.items():
        asked = '; '.join(f'{s.direction} {s.queries:,} x {s.gallery:,}' for s in sizes)
        label = f'**{dataset}, {split}**: {asked}'
        blocks = [_Block(summary, size) for size in sizes]
        for method in dict.fromkeys(m for block in blocks for m in block.methods):
            cells = [cell for block in blocks for cell in block.cells(method, corrected)]
            cells += [''] * (len(head) - 2 - len(cells))
            production = any(block.is_production(method) for block in blocks)
            lines.append(line([label, f'**{method}**' if production else method, *cells]))
            label = ''
    return '\n'.join(lines) + '\n'


class _Block:
    """The cells of one direction."""

    def __init__(self, summary: Summary, size: Size) -> None:
        key = (size.dataset, size.split, size.direction)
        self.rows = {
            (r.method, r.metric): r
            for r in summary.rows
            if (r.dataset, r.split, r.direction) == key
        }
        self.comparisons = [
            c
            for c in summary.comparisons
            if (c.dataset, c.split, c.direction, c.metric) == (*key, HEADLINE)
        ]
        shown = [r for (_, metric), r in self.rows.items() if metric == HEADLINE]
        bars = [r for r in shown if r.kind == 'baseline']
        self.best = max(bars, key=lambda r: r.mean).method if bars else None
        # Chance first, what ships last: a reader goes from nothing to everything.
        order = (
            'chance',
            'control',
            'baseline',
            'oracle',
            'published',
            'ablation',
            'production',
        )
        self.methods = [r.method for r in sorted(shown, key=lambda r: order.index(r.kind))]

    def is_production(self, method: str) -> bool:
        row = self.rows.get((method, HEADLINE))
        return row is not None and row.kind == 'production'

    def cells(self, method: str, corrected: bool) -> list[str]:
        row = self.rows.get((method, HEADLINE))
        if row is None:
            return [''] * (3 + corrected)
        value = _interval(row)
        if self.is_production(method):
            value = f'**{value}**'
        elif method == self.best:
            value = f'_{value}_'
        beside = self.rows.get((method, BESIDE))
        found = [value, number(beside.mean) if beside else '']
        if corrected:
            other = self.rows.get((method, f'{HEADLINE} ({INVERTED_SOFTMAX})'))
            found.append(number(other.mean) if other else '')
        compared = [
            _against(c)
            for c in self.comparisons
            if c.method == method and c.other_kind != 'control'
        ]
        return [*found, '; '.join(compared)]


def _against(comparison: Comparison) -> str:
    found = f'{comparison.difference:+.3f}, p {p_value(_p(comparison))}'
    if comparison.smallest_detectable is not None:
        found += f', detectable {number(comparison.smallest_detectable)}'
    found += f': {verdict(comparison)}'
    return f'published {found}' if comparison.other_kind == 'published' else found


def _legend(summary: Summary) -> str:
    runs = sorted({r.runs for r in summary.rows})
    if runs == [1]:
        text = 'One run; 95 % bootstrap interval and sign-flip test over its queries. '
    else:
        counted = ' to '.join(str(n) for n in dict.fromkeys((runs[0], runs[-1])))
        text = (
            f'Mean over {counted} runs (folds or seeds); 95 % Student-t interval and paired t '
            'test over them (of a single run: bootstrap and sign flips over its queries). '
        )
    text += (
        'mAP over the whole ranking; R@1: share of queries whose first answer is right. Bold: '
        'what ships. Italic: the best baseline, chosen by its own result here; the last column '
        'is the difference to it (and from production to the published variant, where there is '
        'one), with p and the smallest true difference that the test over runs would find with '
        '80 % power. Chance is simulated.'
    )
    if any(r.metric.endswith(f'({INVERTED_SOFTMAX})') for r in summary.rows):
        text += ' Hubs corrected: mAP after an inverted softmax with a bank of training queries.'
    return text + '\n'


def _shortcuts(summary: Summary) -> str:
    """Where a control may explain what ships: its score is not surely above the control's."""
    found = [c for c in summary.comparisons if (c.metric, c.other_kind) == (HEADLINE, 'control')]
    if not found:
        return ''
    reached = [c for c in found if not _surely_above(c)]
    text = (
        '\nControls know too little to be right. What ships is above the best one, by the test, '
        f'in {len(found) - len(reached)} of {len(found)} questions.'
    )
    if not reached:
        return text + '\n'
    text += ' Elsewhere it may have learned no more than the shortcut:\n\n'
    return text + ''.join(
        f'- {c.dataset}, {c.split}, {c.direction}: {c.method} {c.difference:+.3f} {HEADLINE} over '
        f'{c.other}.\n'
        for c in reached
    )


def _surely_above(comparison: Comparison) -> bool:
    p = _p(comparison)
    return comparison.difference > 0 and p is not None and p < 0.05


def _p(comparison: Comparison) -> float | None:
    """Over runs where there are several, else over queries."""
    return comparison.p_runs if comparison.runs > 1 else comparison.p_queries


def _cost_table(costs: Sequence[Cost]) -> str:
    """What each tower costs the robot, or nothing where it was not measured."""
    if not costs:
        return ''
    lines = [
        '',
        line(['tower', 'models', 'parameters', 'MACs a sample', 'files', 'CPU time / trunk']),
        line(['---'] * 6),
    ]
    lines += [
        line(
            [
                c.modality,
                ', '.join(c.models),
                f'{c.parameters / 1e6:.2f} M',
                f'{c.macs / 1e6:.1f} M',
                f'{c.bytes / 1e6:.2f} MB',
                number(c.latency_ratio),
            ]
        )
        for c in costs
    ]
    return '\n'.join(lines) + '\n'


def line(cells: Sequence[str]) -> str:
    """A row of a Markdown table."""
    return f'| {" | ".join(cells)} |'


def _interval(row: Row) -> str:
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
