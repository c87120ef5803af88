# SPDX-License-Identifier: Apache-2.0
"""Charts of a system: precision against recall, bars with intervals, confusion of classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray

from xsense_training.evaluate.cells import headline
from xsense_training.evaluate.match_results import MatchResults
from xsense_training.evaluate.metrics import QueryResults, merge
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.precision_recall import LEVELS, eleven_point, full_curve
from xsense_training.evaluate.summary import Summary

matplotlib.use('Agg')
from matplotlib import pyplot as plt

_STYLE = {'production': ('-', 2.2), 'published': ('-', 1.4), 'chance': (':', 1.4)}
_WIDTH = 4.4  # inches of one panel
_ACROSS = 4
_COLOURS = [*plt.get_cmap('tab10').colors, *plt.get_cmap('tab20b').colors]  # type: ignore[attr-defined]


def plot_precision_recall(outcomes: Sequence[Outcome], path: Path) -> None:
    """All methods of one system: per direction the 11-point curve above, the full one below.

    The queries of all runs count alike. Curves come from rankings only; nothing is typed in.
    """
    groups: dict[tuple[str, str, str], dict[tuple[str, str], list[QueryResults]]] = {}
    for o in outcomes:
        if not o.correction and isinstance(o.results, QueryResults):
            methods = groups.setdefault((o.dataset, o.split, o.direction), {})
            methods.setdefault((o.method, o.kind), []).append(o.results)
    figure, panels = _panels(len(groups), 2)
    for (above, below), (key, methods) in zip(panels, groups.items(), strict=False):
        above.set_prop_cycle(color=_COLOURS)
        below.set_prop_cycle(color=_COLOURS)
        for (method, kind), found in methods.items():
            line, width = _STYLE.get(kind, ('--', 1.0))
            merged = merge(found)
            drawn = {'ls': line, 'lw': width, 'label': method}
            above.plot(LEVELS, eleven_point(merged), marker='.', **drawn)
            below.plot(*full_curve(merged), **drawn)
        above.set_title('\n'.join(key), fontsize=8)
        for axis, kind in ((above, 'interpolated, 11 points'), (below, 'as ranked')):
            axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel='recall', ylabel=f'precision, {kind}')
        above.legend(fontsize=6)
    _save(figure, path)


def plot_success(outcomes: Sequence[Outcome], path: Path) -> None:
    """All methods of a system that finds boxes: share of them above each overlap, by question."""
    groups: dict[tuple[str, str, str], dict[tuple[str, str], list[MatchResults]]] = {}
    for o in outcomes:
        if isinstance(o.results, MatchResults):
            methods = groups.setdefault((o.dataset, o.split, o.direction), {})
            methods.setdefault((o.method, o.kind), []).append(o.results)
    figure, panels = _panels(len(groups), 1)
    at = np.linspace(0, 1, 101)
    for (axis,), (key, methods) in zip(panels, groups.items(), strict=False):
        axis.set_prop_cycle(color=_COLOURS)
        for (method, kind), found in methods.items():
            style, width = _STYLE.get(kind, ('--', 1.0))
            overlap = np.sort(np.concatenate([results.overlap for results in found]))
            above = 1 - np.searchsorted(overlap, at, 'right') / len(overlap)
            axis.plot(at, above, ls=style, lw=width, label=method)
        axis.set_title('\n'.join(key), fontsize=8)
        axis.set(xlim=(0, 1), ylim=(0, 1.02), xlabel='overlap', ylabel='searches above it')
        axis.legend(fontsize=6)
    _save(figure, path)


def plot_bars(summary: Summary, path: Path) -> None:
    """The headline metric of every method on every direction of one system, with intervals."""
    metric = headline(summary)
    rows = [r for r in summary.rows if r.metric == metric]
    groups = list(dict.fromkeys((r.dataset, r.split, r.direction) for r in rows))
    methods = list(dict.fromkeys(r.method for r in rows))
    found = {(r.dataset, r.split, r.direction, r.method): r for r in rows}
    height = 0.85 / len(methods)
    size = (10, 0.16 * len(groups) * (len(methods) + 1) + 1.5)
    figure, axis = plt.subplots(figsize=size, layout='constrained')
    axis.set_prop_cycle(color=_COLOURS)
    for number, method in enumerate(methods):
        own = [(place, found.get((*group, method))) for place, group in enumerate(groups)]
        shown = [(place, row) for place, row in own if row is not None]
        centre = np.array([row.mean for _, row in shown])
        ends = [
            (row.mean, row.mean)
            if row.ci_low is None or row.ci_high is None
            else (row.ci_low, row.ci_high)
            for _, row in shown
        ]
        spread = np.abs(np.array(ends).T - centre)
        where = [place + (number + 0.5) * height for place, _ in shown]
        axis.barh(where, centre, height, xerr=spread, label=method, error_kw={'lw': 0.6})
    axis.set_yticks(
        np.arange(len(groups)) + 0.43,
        ['\n'.join((f'{d}, {s}', x)) for d, s, x in groups],
        fontsize=7,
    )
    axis.invert_yaxis()
    axis.set(xlabel=f'{metric}, mean over runs with 95 % interval', xlim=(0, None))
    axis.legend(fontsize=7)
    _save(figure, path)


def confusion(
    similarity: NDArray[np.floating],
    query_label: NDArray[np.int64],
    gallery_label: NDArray[np.int64],
    classes: int,
) -> NDArray[np.float64]:
    """(classes, classes) share of each class's queries whose first answer is of each class.

    Rows of classes that nobody asked for are zero. similarity is (Q, N), labels (Q,) and (N,).
    """
    counts = np.zeros((classes, classes))
    np.add.at(counts, (query_label, gallery_label[similarity.argmax(axis=1)]), 1)
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1))


def draw_confusion(
    similarity: NDArray[np.floating],
    query_label: NDArray[np.int64],
    gallery_label: NDArray[np.int64],
    classes: Sequence[str],
    path: Path,
) -> None:
    """Asked class down, class of the first answer across; numbers where there is room for them.

    Args:
        similarity: (Q, N).
        query_label: (Q,) numbers of classes.
        gallery_label: (N,) numbers of classes.
        classes: names of all; those that are neither asked nor held are left out.
        path: file to write.
    """
    shown = np.union1d(query_label, gallery_label)
    shares = confusion(similarity, query_label, gallery_label, len(classes))[np.ix_(shown, shown)]
    names = [classes[label] for label in shown]
    n = len(names)
    side = max(3.5, 0.32 * n + 1.5)
    figure, axis = plt.subplots(figsize=(side + 0.8, side), layout='constrained')
    image = axis.imshow(shares, vmin=0, vmax=1, cmap='Blues')
    axis.set_xticks(range(n), names, rotation=90, fontsize=7)
    axis.set_yticks(range(n), names, fontsize=7)
    axis.set(xlabel='class of the first answer', ylabel='class that was asked')
    if n <= 30:
        for row, column in zip(*np.nonzero(shares >= 0.01), strict=True):
            value = shares[row, column]
            colour = 'white' if value > 0.5 else 'black'
            text = f'{100 * value:.0f}'
            axis.text(column, row, text, ha='center', va='center', fontsize=6, color=colour)
    figure.colorbar(image, ax=axis, shrink=0.7, label='share of the queries')
    _save(figure, path)


def _panels(count: int, high: int) -> tuple[matplotlib.figure.Figure, NDArray[np.object_]]:
    """A figure and its axes (at least `count`, high); axes that are not needed are off."""
    across = min(_ACROSS, count)
    down = -(-count // across)
    figure, axes = plt.subplots(
        high * down,
        across,
        figsize=(_WIDTH * across, 3.75 * high * down),
        squeeze=False,
        layout='constrained',
    )
    panels = axes.reshape(down, high, across).transpose(0, 2, 1).reshape(-1, high)
    for unused in panels[count:].ravel():
        unused.axis('off')
    return figure, panels


def _save(figure: matplotlib.figure.Figure, path: Path) -> None:
    figure.savefig(path, dpi=110)
    plt.close(figure)
