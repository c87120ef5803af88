# SPDX-License-Identifier: Apache-2.0
"""Folds of per-query results -> one report: JSON, a table to read, and a chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.metrics import (
    METRICS,
    QueryResults,
    merge,
    simulated_chance,
)
from xsense_training.evaluate.statistics import bootstrap_interval, compare
from xsense_training.evaluate.system import Features, System

matplotlib.use('Agg')
from matplotlib import pyplot as plt

BASELINES = ('cca', 'ridge', 'conse')  # nothing in them is trained by steps
OURS = 'shipped'
COMPARED = 'MRR'  # sees every rank of every query, so it is the least noisy of the metrics

FoldResults = Mapping[str, Mapping[str, QueryResults]]  # direction -> system -> results


def evaluate_fold(
    systems: Mapping[str, System], features: Features, tasks: Sequence[Direction]
) -> dict[str, dict[str, QueryResults]]:
    """Every system on every direction of one fold."""
    return {
        task.name: {name: s.evaluate(features, task) for name, s in systems.items()}
        for task in tasks
    }


def build_report(
    results: Sequence[FoldResults], tasks: Sequence[Sequence[Direction]]
) -> dict[str, Any]:
    """All folds together, JSON-able.

    Per direction: queries, mean gallery, simulated chance, per system every metric with a
    95 % bootstrap interval over queries, and the paired comparison of what ships with the best
    baseline (chosen by its own result, which favours the baseline).
    """
    names = list(dict.fromkeys(task.name for fold in tasks for task in fold))
    report: dict[str, Any] = {}
    for name in names:
        folds = [r[name] for r in results if name in r]
        found = [t for fold in tasks for t in fold if t.name == name]
        merged = {s: merge([fold[s] for fold in folds]) for s in folds[0]}
        chances = [simulated_chance(t.relevance, draws=50) for t in found]
        counts = [len(t.relevance) for t in found]
        entry: dict[str, Any] = {
            'queries': sum(counts),
            'gallery': merged[OURS].gallery,
            'folds': len(folds),
            'chance': {
                m: round(float(np.average([c[m] for c in chances], weights=counts)), 4)
                for m in METRICS
            },
            'systems': {s: _summary(r) for s, r in merged.items()},
        }
        best = max(BASELINES, key=lambda s: merged[s].value(COMPARED))
        versus = compare(
            [fold[OURS].per_query(COMPARED) for fold in folds],
            [fold[best].per_query(COMPARED) for fold in folds],
        )
        entry['comparison'] = {
            'metric': COMPARED,
            'baseline': best,
            'difference': round(versus.difference, 4),
            'interval': [_finite(v) for v in versus.interval],
            'p_folds': _finite(versus.p),
            'p_queries': _finite(versus.p_queries),
            'smallest_detectable': _finite(versus.detectable),
            'per_fold': [
                round(fold[OURS].value(COMPARED) - fold[best].value(COMPARED), 4) for fold in folds
            ],
        }
        report[name] = entry
    return report


def table(report: Mapping[str, Any]) -> str:
    """The report as Markdown: one block of rows per direction."""
    lines = [
        '| direction (queries x gallery) | system | R@1 | R@5 | R@10 | median rank | mAP '
        '| MRR (95 %) |',
        '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ]
    shown = ('R@1', 'R@5', 'R@10', 'median_rank', 'mAP')
    for name, entry in report.items():
        chance = entry['chance']
        cells = ' | '.join(_number(m, chance[m]) for m in shown)
        lines.append(
            f'| **{name}** ({entry["queries"]} x {entry["gallery"]}) | chance | {cells} '
            f'| {chance["MRR"]:.3f} |'
        )
        for system, values in entry['systems'].items():
            cells = ' | '.join(_number(m, values[m]['value']) for m in shown)
            low, high = values['MRR']['interval']
            mrr = f'{values["MRR"]["value"]:.3f} ({low:.3f}-{high:.3f})'
            lines.append(f'| | {system} | {cells} | {mrr} |')
    return '\n'.join(lines) + '\n'


def comparison_table(report: Mapping[str, Any]) -> str:
    """What ships against the best baseline: difference, tests, detectable difference."""
    lines = [
        '| direction | best baseline | MRR difference (95 % over folds) | p folds | p queries '
        '| smallest detectable | verdict |',
        '| --- | --- | --- | --- | --- | --- | --- |',
    ]
    for name, entry in report.items():
        c = entry['comparison']
        low, high = (f'{v:+.3f}' if v is not None else '-' for v in c['interval'])
        lines.append(
            f'| {name} | {c["baseline"]} | {c["difference"]:+.3f} ({low} to {high}) '
            f'| {_p(c["p_folds"])} | {_p(c["p_queries"])} '
            f'| {_plain(c["smallest_detectable"])} | {verdict(c)} |'
        )
    return '\n'.join(lines) + '\n'


def verdict(comparison: Mapping[str, Any]) -> str:
    """'above', 'below' or 'not shown', by the paired test over folds at the 5 % level."""
    p = comparison['p_folds']
    if p is None or p >= 0.05:
        return 'not shown'
    return 'above' if comparison['difference'] > 0 else 'below'


def plot_report(report: Mapping[str, Any], path: Path) -> None:
    """MRR of every system and direction, with intervals and chance, as one chart."""
    names = list(report)
    systems = list(report[names[0]]['systems'])
    figure, axis = plt.subplots(figsize=(10, 0.5 * len(names) + 1.5), layout='constrained')
    height = 0.8 / len(systems)
    for number, system in enumerate(systems):
        values = [report[n]['systems'][system]['MRR'] for n in names]
        centre = np.array([v['value'] for v in values])
        spread = np.abs(np.array([v['interval'] for v in values]).T - centre)
        where = np.arange(len(names)) + number * height
        axis.barh(where, centre, height, xerr=spread, label=system, error_kw={'lw': 0.6})
    chance = [report[n]['chance']['MRR'] for n in names]
    axis.plot(chance, np.arange(len(names)) + 0.4, 'k|', ms=14, label='chance (simulated)')
    axis.set_yticks(np.arange(len(names)) + 0.4, names, fontsize=8)
    axis.invert_yaxis()
    axis.set(xlabel='mean reciprocal rank, held-out concepts of all folds')
    axis.legend(fontsize=8)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _summary(results: QueryResults) -> dict[str, Any]:
    found = {}
    for metric in METRICS:
        average = np.median if metric == 'median_rank' else np.mean
        low, high = bootstrap_interval(results.per_query(metric), average, draws=400)
        found[metric] = {
            'value': round(results.value(metric), 4),
            'interval': [round(low, 4), round(high, 4)],
        }
    return found


def _number(metric: str, value: float) -> str:
    return f'{value:.0f}' if metric == 'median_rank' else f'{value:.3f}'


def _finite(value: float) -> float | None:
    return round(value, 4) if np.isfinite(value) else None


def _p(value: float | None) -> str:
    return '-' if value is None else f'{value:.3f}'


def _plain(value: float | None) -> str:
    return '-' if value is None else f'{value:.3f}'
