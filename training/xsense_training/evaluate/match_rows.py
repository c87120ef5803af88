# SPDX-License-Identifier: Apache-2.0
"""Results of matchers -> the rows that every report of the bench is made of, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from xsense_training.evaluate.match_results import LOWER_IS_BETTER, METRICS, MatchResults
from xsense_training.evaluate.outcome import KINDS
from xsense_training.evaluate.statistics import bootstrap_interval, sign_flip_p
from xsense_training.evaluate.summary import Row, Size, Summary
from xsense_training.evaluate.table import line, number, p_value

_DIGITS = 4
_SHOWN = ('mIoU', 'P0.5', 'P0.7', 'P0.9', 'hit@5px', 'AUC', 'FA@95')


@dataclass(frozen=True)
class Question:
    """A fixed list of searches: system, dataset, protocol (its name), direction of the sensors."""

    system: str
    dataset: str
    protocol: str
    direction: str


def summarise_matches(
    question: Question, results: Mapping[str, tuple[str, MatchResults]]
) -> Summary:
    """Rows of every method: mean, bootstrap interval and sign-flip test over the searches.

    Args:
        question: what was asked.
        results: method -> (kind as in `Outcome`, results); all of the same list of searches.

    Raises:
        ValueError: an unknown kind, or lists of different length.
    """
    lengths = {(len(r.overlap), len(r.false_score)) for _, r in results.values()}
    if len(lengths) > 1 or not {kind for kind, _ in results.values()} <= set(KINDS):
        raise ValueError(f'results of different lists or of unknown kinds: {lengths}')
    key = (question.system, question.dataset, question.protocol, question.direction)
    summary = Summary()
    for present, absent in lengths:
        summary.sizes.append(Size(*key, present, absent))
    for metric in METRICS:
        values = {m: (k, r.per_query(metric)) for m, (k, r) in results.items()}
        if all(len(v) for _, v in values.values()):
            summary.rows.extend(_rows(key, metric, values))
    return summary


def _rows(
    key: tuple[str, str, str, str],
    metric: str,
    values: Mapping[str, tuple[str, np.ndarray[tuple[int], np.dtype[np.float64]]]],
) -> list[Row]:
    sign = -1 if metric in LOWER_IS_BETTER else 1
    bars = {m: sign * v.mean() for m, (kind, v) in values.items() if kind == 'baseline'}
    best = max(bars, key=lambda m: bars[m], default=None)
    rows = []
    for method, (kind, found) in values.items():
        low, high = bootstrap_interval(found)
        p = None
        if best is not None and method != best:
            p = round(sign_flip_p(found - values[best][1]), 6)
        mean = round(float(found.mean()), _DIGITS)
        limits = (round(low, _DIGITS), round(high, _DIGITS))
        rows.append(Row(*key, metric, method, kind, mean, *limits, 1, p))
    return rows


def match_table(summary: Summary, metrics: Sequence[str] = _SHOWN) -> str:
    """Markdown: a block of methods for each question, metrics across."""
    head = ['searches (+ without target)', 'method', *metrics, 'p of P0.7']
    lines = [line(head), line(['---'] * len(head))]
    for size in summary.sizes:
        key = (size.dataset, size.split, size.direction)
        rows = {
            (r.method, r.metric): r
            for r in summary.rows
            if (r.dataset, r.split, r.direction) == key
        }
        label = f'**{size.dataset}, {size.split}** ({size.queries:,} + {size.gallery:,})'
        for method in dict.fromkeys(method for method, _ in rows):
            row = rows.get((method, 'P0.7'))
            cells = [_cell(rows.get((method, metric))) for metric in metrics]
            name = f'**{method}**' if row is not None and row.kind == 'production' else method
            p = p_value(row.p_value_vs_best_baseline) if row is not None else ''
            lines.append(line([label, name, *cells, p]))
            label = ''
    return '\n'.join(lines) + '\n'


def _cell(row: Row | None) -> str:
    if row is None:
        return '-'
    if row.metric != 'hit@5px' or row.ci_low is None:
        return number(row.mean)
    return f'{number(row.mean)} ({number(row.ci_low)}-{number(row.ci_high)})'
