# SPDX-License-Identifier: Apache-2.0
"""Retrieval metrics on lists small enough to rank by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from xsense_training.evaluate.metrics import (
    QueryResults,
    average_precision,
    best_ranks,
    mean_reciprocal_rank,
    merge,
    rank_queries,
    simulated_chance,
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
    found = simulated_chance(relevance, queries=4000).value('mAP')
    assert found == pytest.approx(expected, abs=0.004) == pytest.approx(0.098, abs=0.004)


@pytest.mark.parametrize('name', ['accuracy', 'mAP@10', 'P@0', 'P@5/R', 'R@'])
def test_an_unknown_metric_is_refused_by_name(name):
    results = rank_queries(np.eye(2), np.eye(2, dtype=bool))
    with pytest.raises(ValueError, match=name):
        results.value(name)


class TestDenominators:
    """One query, five relevant items, found at 1, 3 and 9 among others; k = 4."""

    results = QueryResults(np.array([1, 3, 9, 12, 20], np.int32), np.array([5], np.int32), 30)

    @pytest.mark.parametrize(
        ('metric', 'expected'),
        [
            ('mAP@4/hits', (1 + 2 / 3) / 2),
            ('mAP@4/min(R,k)', (1 + 2 / 3) / 4),
            ('mAP@4/R', (1 + 2 / 3) / 5),
            ('mAP', (1 + 2 / 3 + 3 / 9 + 4 / 12 + 5 / 20) / 5),
            ('P@4', 2 / 4),
            ('recall@4', 2 / 5),
            ('R@4', 1),
            ('success@4', 1),
            ('MRR', 1),
        ],
    )
    def test_each_is_what_its_name_says(self, metric, expected):
        assert self.results.value(metric) == pytest.approx(expected)

    def test_nothing_found_is_nought_not_nan(self):
        late = QueryResults(np.array([7], np.int32), np.array([1], np.int32), 30)
        for denominator in ('hits', 'min(R,k)', 'R'):
            assert late.value(f'mAP@5/{denominator}') == 0


class TestTies:
    """Relevant items stand where a fair draw puts them on average, rounded up."""

    def test_against_the_mean_of_all_orders_of_a_tie(self):
        for tied, right in ((2, 1), (3, 1), (5, 2), (6, 3)):
            places = [
                sorted(order.index(i) + 1 for i in range(right))
                for order in permutations(range(tied))
            ]
            expected = np.ceil(np.mean(places, axis=0) - 1e-9)
            relevance = np.arange(tied)[None] < right
            assert rank_queries(np.zeros((1, tied)), relevance).ranks.tolist() == expected.tolist()

    def test_the_order_of_the_gallery_does_not_matter(self):
        rng = np.random.default_rng(0)
        similarity = rng.integers(0, 4, (30, 25)).astype(float)
        relevance = rng.random((30, 25)) < 0.2
        relevance[:, 0] = True
        order = rng.permutation(25)
        one = rank_queries(similarity, relevance)
        two = rank_queries(similarity[:, order], relevance[:, order])
        assert np.array_equal(one.ranks, two.ranks)
        assert np.array_equal(one.rank, best_ranks(similarity, relevance))
        ends = one.starts + one.counts
        assert all(
            np.all(np.diff(one.ranks[a:b]) > 0) for a, b in zip(one.starts, ends, strict=True)
        )

    def test_a_constant_score_earns_no_more_than_chance(self):
        relevance = np.repeat(np.eye(20, dtype=bool), 4, axis=1)
        constant = rank_queries(np.zeros(relevance.shape), relevance)
        chance = simulated_chance(relevance)
        for metric in ('mAP', 'MRR', 'P@10', 'recall@10', 'R@1', 'mAP@10/R'):
            assert constant.value(metric) <= chance.value(metric) + 0.01


def test_merge_keeps_every_query():
    one = rank_queries(np.eye(3), np.eye(3, dtype=bool))
    two = rank_queries(np.eye(5), np.eye(5, dtype=bool))
    both = merge([one, two])
    assert len(both.rank) == 8 and both.gallery == 4
