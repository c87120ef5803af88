# SPDX-License-Identifier: Apache-2.0
"""One Markdown table a system: methods down, the two directions of each question across."""

from __future__ import annotations

from collections.abc import Sequence

from xsense_training.evaluate.cells import (
    HEADLINE,
    MATCHED,
    by_protocol,
    headline,
    interval,
    line,
    number,
    p_of,
    p_value,
    surely_above,
    titled,
    verdict,
)
from xsense_training.evaluate.hubness import INVERTED_SOFTMAX
from xsense_training.evaluate.match_table import match_table, matched_legend
from xsense_training.evaluate.summary import Comparison, Cost, Size, Summary

BESIDE = 'R@1'


def markdown(summary: Summary) -> str:
    """A table for each system of the summary, with a line that says how to read it."""
    parts = []
    for system in summary.systems:
        own = summary.of(system)
        heading = f'### {system}\n\n' if len(summary.systems) > 1 else ''
        matched = headline(own) == MATCHED
        draw = match_table if matched else _table
        tables = [titled(part, draw(part), own) for part in by_protocol(own)]
        legend = matched_legend(own) if matched else _legend(own) + _shortcuts(own)
        told = ('\n'.join(tables), '\n', legend, _cost_table(own.costs))
        parts.append(heading + ''.join(told))
    return '\n'.join(parts)


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
        value = interval(row)
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
    found = f'{comparison.difference:+.3f}, p {p_value(p_of(comparison))}'
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
    reached = [c for c in found if not surely_above(c)]
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
