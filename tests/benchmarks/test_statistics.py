# SPDX-License-Identifier: Apache-2.0
"""Rows from samples, against the same mathematics written out."""

from __future__ import annotations

import statistics
import time
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.statistics import median_row, percentile, percentile_rows, spread
from benchmarks.turns import in_turns

WHAT = {'group': 'g', 'name': 'n', 'variant': 'v', 'unit': 'ms'}
POSITIVE = st.floats(0.01, 100.0)


def naive_percentile(values: list[float], share: float) -> float:
    """Linear between the two nearest ranks."""
    ranked = sorted(values)
    place = share / 100 * (len(ranked) - 1)
    low = int(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (place - low) * (ranked[high] - ranked[low])


@given(values=st.lists(POSITIVE, min_size=1, max_size=20), share=st.integers(0, 100))
def test_percentile(values: list[float], share: int) -> None:
    assert percentile(values, share) == pytest.approx(naive_percentile(values, share))


@given(values=st.lists(POSITIVE, min_size=2, max_size=20))
def test_spread(values: list[float]) -> None:
    low, high = naive_percentile(values, 25), naive_percentile(values, 75)
    assert spread(values) == pytest.approx((high - low) / 2 / statistics.median(values))


def test_spread_of_one_run_and_of_nothing() -> None:
    assert spread([3.0]) == 0.0
    assert spread([0.0, 0.0]) == 0.0


@given(pairs=st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=9))
def test_median_row(pairs: list[tuple[float, float]]) -> None:
    ours, bare = [a for a, _ in pairs], [b for _, b in pairs]
    row = median_row(ours, bare, figure='f', reference='r', **WHAT)
    ratios = [a / b for a, b in pairs]
    assert row.value == pytest.approx(statistics.median(ours), rel=1e-3)
    assert row.ratio == pytest.approx(statistics.median(ratios), rel=1e-3)
    assert row.spread == pytest.approx(spread(ratios), rel=1e-3)
    assert row.runs == len(pairs)
    assert median_row(ours, figure='f', **WHAT).ratio is None


def test_a_reference_of_nothing_gives_no_ratio() -> None:
    row = median_row([3.0, 4.0, 5.0], [0.0, 2.0, 0.0], figure='f', reference='r', **WHAT)
    assert (row.value, row.ratio, row.runs) == (4.0, 2.0, 3)
    row = median_row([3.0], [0.0], figure='f', reference='r', **WHAT)
    assert (row.value, row.ratio) == (3.0, None)


def test_percentile_rows_pool_the_samples_of_all_runs() -> None:
    generator = np.random.default_rng(0)
    ours, bare = (generator.gamma(2.0, 1.0, (4, 30)).tolist() for _ in range(2))
    rows = percentile_rows(ours, bare, {'p99': 'value <= 5'}, reference='r', **WHAT)
    assert [row.figure for row in rows] == ['p50', 'p95', 'p99']
    for row, share in zip(rows, (50, 95, 99), strict=True):
        value = naive_percentile([*chain(*ours)], share)
        assert row.value == pytest.approx(value, rel=1e-3)
        reference = naive_percentile([*chain(*bare)], share)
        assert row.ratio == pytest.approx(value / reference, rel=1e-3)
        ratios = [
            naive_percentile(one, share) / naive_percentile(other, share)
            for one, other in zip(ours, bare, strict=True)
        ]
        assert row.spread == pytest.approx(spread(ratios), rel=1e-3)
        assert row.goal == ('value <= 5' if share == 99 else '')


def test_turns() -> None:
    order: list[str] = []
    calls = {name: (lambda name=name: order.append(name)) for name in 'abc'}
    taken = in_turns(calls, runs=3, budget=0.0, least=2)
    assert {name: [len(run) for run in runs] for name, runs in taken.items()} == {
        name: [2, 2, 2] for name in 'abc'
    }
    # Two looks at each to see how long it takes; then a turn is one for warmth and two that count.
    turns = ['abc', 'bca', 'cab']
    assert ''.join(order) == 'aabbcc' + ''.join(3 * name for turn in turns for name in turn)


def test_turns_measure_milliseconds() -> None:
    taken = in_turns({'sleep': lambda: time.sleep(0.002)}, runs=1, budget=0.0, least=1)
    assert taken['sleep'][0][0] >= 2.0
