# SPDX-License-Identifier: Apache-2.0
"""Outcomes of many runs -> rows of a report: a mean, an interval and a paired test each.

Statistics are taken over runs (folds or seeds): the value of a metric in each run, their mean, a
Student-t interval, a paired t test against the best baseline. With a single run the queries take
their place: a bootstrap interval and a sign-flip test.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xsense_training.evaluate.generalised import HARMONIC, SEEN, UNSEEN, harmonic_mean
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.results import Floats
from xsense_training.evaluate.statistics import (
    bootstrap_interval,
    fold_interval,
    paired_p,
    sign_flip_p,
    smallest_detectable,
)
from xsense_training.evaluate.summary import Comparison, Row, Size, Summary

_DIGITS = 4  # of a metric or a difference
_P_DIGITS = 6


@dataclass(frozen=True)
class _Series:
    """One metric of one method in every run: its value, and per query where that has a mean."""

    method: str
    kind: str
    label: str
    values: Mapping[int, float]
    queries: Mapping[int, Floats]

    @property
    def mean(self) -> float:
        return float(np.mean(list(self.values.values())))

    def interval(self) -> tuple[float, float]:
        if len(self.values) > 1 or not self.queries:
            return fold_interval(list(self.values.values()))
        return bootstrap_interval(next(iter(self.queries.values())), draws=500)


def summarise(outcomes: Sequence[Outcome], metrics: Sequence[str] = ()) -> Summary:
    """Rows, comparisons and sizes of everything that was judged.

    Args:
        outcomes: of any methods, data sets and runs.
        metrics: those to give; all that the results know where none is named.

    Raises:
        ValueError: two methods of the same run were asked different queries.
    """
    summary = Summary([], [], [])
    for key, group in _groups(outcomes).items():
        summary.sizes.append(Size(*key, *_size(group)))
        for metric in metrics or group[0].results.metrics:
            _add(summary, key, metric, group, list(_series(group, metric)))
    for key, (unseen, seen) in _generalised(outcomes).items():
        queries, gallery = _size(unseen)
        summary.sizes.append(Size(*key, queries + _size(seen)[0], gallery))
        results = unseen[0].results
        for metric in metrics or results.metrics:
            if metric not in results.lower_is_better:
                _add(summary, key, metric, unseen, list(_harmonic(unseen, seen, metric)))
    return summary


Key = tuple[str, str, str, str]


def _groups(outcomes: Iterable[Outcome]) -> dict[Key, list[Outcome]]:
    groups: dict[Key, list[Outcome]] = {}
    for o in outcomes:
        groups.setdefault((o.system, o.dataset, o.split, o.direction), []).append(o)
    return groups


def _size(group: Sequence[Outcome]) -> tuple[int, int]:
    """Mean queries and gallery of a run; chance is asked more often and tells only if alone."""
    asked = [o.results for o in group if o.kind != 'chance'] or [o.results for o in group]
    sizes = np.mean([r.asked for r in asked], axis=0)
    return round(float(sizes[0])), round(float(sizes[1]))


def _generalised(
    outcomes: Iterable[Outcome],
) -> dict[Key, tuple[list[Outcome], list[Outcome]]]:
    """Directions asked with unseen and with seen queries, under the key of their mean."""
    groups = _groups(outcomes)
    found = {}
    for (system, dataset, split, direction), unseen in groups.items():
        stem = split.removesuffix(UNSEEN)
        seen = groups.get((system, dataset, stem + SEEN, direction))
        if split.endswith(UNSEEN) and seen:
            found[system, dataset, stem + HARMONIC, direction] = (unseen, seen)
    return found


def _series(group: Sequence[Outcome], metric: str) -> Iterator[_Series]:
    """Every method of one direction; a correction is part of the metric's label."""
    for method, correction in dict.fromkeys((o.method, o.correction) for o in group):
        own = [o for o in group if (o.method, o.correction) == (method, correction)]
        results = own[0].results
        if correction and metric not in results.compared:
            continue  # a side note of the report: its headlines are enough
        label = f'{metric} ({correction})' if correction else metric
        values = {o.run: o.results.value(metric) for o in own}
        if any(np.isnan(value) for value in values.values()):
            continue  # nothing was asked that the metric is about
        # The mean over queries is no median: of that one there is only a value a run.
        queries = (
            {} if metric in results.medians else {o.run: o.results.per_query(metric) for o in own}
        )
        yield _Series(method, own[0].kind, label, values, queries)


def _harmonic(
    unseen: Sequence[Outcome], seen: Sequence[Outcome], metric: str
) -> Iterator[_Series]:
    partners = {(s.method, s.label): s for s in _series(seen, metric)}
    for series in _series(unseen, metric):
        partner = partners.get((series.method, series.label))
        if partner is not None:
            shared = {
                run: harmonic_mean(partner.values[run], value)
                for run, value in series.values.items()
                if run in partner.values
            }
            yield _Series(series.method, series.kind, series.label, shared, {})


def _add(
    summary: Summary, key: Key, metric: str, group: Sequence[Outcome], found: Sequence[_Series]
) -> None:
    kind_of_results = group[0].results
    sign = -1 if metric in kind_of_results.lower_is_better else 1
    for label in dict.fromkeys(s.label for s in found):
        same = [s for s in found if s.label == label and s.values]
        bar, control = (
            max((s for s in same if s.kind == kind), key=lambda s: sign * s.mean, default=None)
            for kind in ('baseline', 'control')
        )
        for series in same:
            p = None
            if bar is not None and series is not bar and series.kind != 'chance':
                compared = _compare(series, bar, flips=len(series.values) == 1)
                p = compared['p_runs' if compared['runs'] > 1 else 'p_queries']
            if metric in kind_of_results.compared:
                _add_comparisons(summary, key, series, bar, control, same)
            low, high = series.interval()
            summary.rows.append(
                Row(
                    *key,
                    label,
                    series.method,
                    series.kind,
                    round(series.mean, _DIGITS),
                    _finite(low),
                    _finite(high),
                    len(series.values),
                    p,
                )
            )


def _add_comparisons(
    summary: Summary,
    key: Key,
    series: _Series,
    bar: _Series | None,
    control: _Series | None,
    same: Sequence[_Series],
) -> None:
    """What is claimed: both variants above the best baseline, production above the rest too."""
    others = [bar] if bar is not None and series.kind in ('production', 'published') else []
    if series.kind == 'production':
        others += [control] if control is not None else []
        others += [s for s in same if s.kind == 'published']
    for other in others:
        compared = _compare(series, other, flips=True)
        if compared['runs']:
            summary.comparisons.append(
                Comparison(*key, series.label, series.method, other.method, other.kind, **compared)
            )


def _compare(ours: _Series, theirs: _Series, flips: bool) -> dict[str, Any]:
    """Fields of a Comparison; no run in common says nothing. flips: the test over queries too."""
    shared = [run for run in ours.values if run in theirs.values]
    differences = np.array([ours.values[run] - theirs.values[run] for run in shared])
    queries = []
    for run in shared:
        if run in ours.queries and run in theirs.queries:
            a, b = ours.queries[run], theirs.queries[run]
            if a.shape != b.shape:
                raise ValueError(
                    f'run {run}: {ours.method!r} was asked {len(a)} queries and '
                    f'{theirs.method!r} {len(b)}; a paired comparison needs the same'
                )
            queries.append(a - b)
    low, high = fold_interval(list(differences)) if shared else (np.nan, np.nan)
    return {
        'difference': round(float(differences.mean()), _DIGITS) if shared else 0.0,
        'ci_low': _finite(low),
        'ci_high': _finite(high),
        'runs': len(shared),
        'p_runs': _finite(paired_p(differences), _P_DIGITS) if len(shared) > 1 else None,
        'p_queries': _finite(sign_flip_p(np.concatenate(queries)), _P_DIGITS)
        if queries and flips
        else None,
        'smallest_detectable': _finite(smallest_detectable(differences)),
    }


def _finite(value: float, digits: int = _DIGITS) -> float | None:
    return round(float(value), digits) if np.isfinite(value) else None
