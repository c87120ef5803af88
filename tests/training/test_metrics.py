# SPDX-License-Identifier: Apache-2.0
"""Retrieval metrics on lists small enough to rank by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_training.evaluate.metrics import (
    average_precision,
    mean_reciprocal_rank,
    merge,
    rank_queries,
    simulated_chance,
)
from xsense_training.evaluate.statistics import (
    bootstrap_interval,
    compare,
    fold_interval,
    smallest_detectable,
)


def test_average_precision_of_known_lists():
    assert average_precision(np.array([1, 0, 1], bool)) == pytest.approx(0.8333, abs=1e-4)
    assert average_precision(np.array([1, 0, 1], bool), 3) == pytest.approx(0.5556, abs=1e-4)
    assert average_precision(np.array([0, 0, 0], bool)) == 0


def test_ranks_and_metrics():
    similarity = np.array([[0.9, 0.1, 0.5], [0.2, 0.3, 0.9], [0.5, 0.4, 0.1]])
    results = rank_queries(similarity, np.eye(3, dtype=bool))
    assert results.rank.tolist() == [1, 2, 3]
    assert results.value('R@1') == pytest.approx(1 / 3)
    assert results.value('MRR') == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
    assert results.value('median_rank') == 2
    assert results.value('mAP') == pytest.approx(results.value('MRR'))  # one relevant each
    assert mean_reciprocal_rank(similarity, np.eye(3, dtype=bool)) == results.value('MRR')


def test_queries_without_an_answer_are_left_out():
    relevance = np.array([[True, False], [False, False]])
    assert len(rank_queries(np.ones((2, 2)), relevance).rank) == 1


def test_a_constant_score_earns_chance():
    relevance = np.eye(101, dtype=bool)
    assert rank_queries(np.zeros((101, 101)), relevance).value('median_rank') == 51


def test_simulated_chance_has_the_expected_average_precision():
    """Closed form of the expectation for R relevant among N (Bestgen 2015)."""
    relevance = np.repeat(np.eye(20, dtype=bool), 4, axis=1)
    n, r = 80, 4
    harmonic = sum(1 / k for k in range(1, n + 1))
    expected = ((r - 1) / (n - 1) * (n - harmonic) + harmonic) / n
    assert simulated_chance(relevance, draws=200)['mAP'] == pytest.approx(expected, abs=0.004)


def test_unknown_metric_is_refused():
    results = rank_queries(np.eye(2), np.eye(2, dtype=bool))
    with pytest.raises(ValueError, match='accuracy'):
        results.value('accuracy')


def test_merge_keeps_every_query():
    one = rank_queries(np.eye(3), np.eye(3, dtype=bool))
    two = rank_queries(np.eye(5), np.eye(5, dtype=bool))
    both = merge([one, two])
    assert len(both.rank) == 8 and both.gallery == 4


class TestStatistics:
    def test_bootstrap_interval_covers_the_mean(self):
        values = np.random.default_rng(0).normal(3, 1, 400)
        low, high = bootstrap_interval(values)
        assert low < values.mean() < high
        assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.2)

    def test_fold_interval_is_student_t(self):
        low, high = fold_interval([1.0, 2.0, 3.0])
        assert (low + high) / 2 == pytest.approx(2)
        assert high - low == pytest.approx(2 * 4.3027 / np.sqrt(3), rel=1e-3)

    def test_a_clear_difference_is_found(self):
        rng = np.random.default_rng(0)
        theirs = [rng.random(50) for _ in range(5)]
        ours = [x + 0.1 + 0.01 * rng.standard_normal(50) for x in theirs]
        found = compare(ours, theirs)
        assert found.difference == pytest.approx(0.1, abs=0.01)
        assert found.p < 1e-4 and found.p_queries < 1e-2
        assert found.interval[0] < 0.1 < found.interval[1]

    def test_no_difference_is_not_found(self):
        rng = np.random.default_rng(1)
        folds = [rng.random(40) for _ in range(5)]
        found = compare(folds, [x + 0.1 * rng.standard_normal(40) for x in folds])
        assert found.p > 0.05 and abs(found.difference) < found.detectable

    def test_other_queries_cannot_be_paired(self):
        with pytest.raises(ValueError, match='same queries'):
            compare([np.zeros(3)], [np.zeros(4)])

    def test_smallest_detectable_difference_has_the_stated_power(self):
        """Simulated: the t test finds a difference of that size in about 80 % of trials."""
        from scipy import stats

        rng = np.random.default_rng(2)
        spread, folds = 0.05, 5
        true = np.mean([smallest_detectable(rng.normal(0, spread, folds)) for _ in range(500)])
        found = [
            stats.ttest_1samp(rng.normal(true, spread, folds), 0).pvalue < 0.05 for _ in range(500)
        ]
        assert 0.65 < np.mean(found) < 0.95
