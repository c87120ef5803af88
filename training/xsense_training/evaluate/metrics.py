# SPDX-License-Identifier: Apache-2.0
"""Retrieval metrics from a similarity matrix and a relevance matrix, each computed per query."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
CUTOFFS = (1, 5, 10)


def average_precision(relevant: Bools, total: int | None = None) -> float:
    """AP of one ranked list: (1 / R) sum over relevant ranks k of precision at k.

    Args:
        relevant: (N,) whether the item at each rank is relevant, best rank first.
        total: R, the relevant items that exist (default: those in the list). Items missing from
            the list count as never found: [1, 0, 1] has AP 0.8333 for R = 2 and 0.5556 for R = 3.
    """
    hits = np.flatnonzero(relevant)
    count = len(hits) if total is None else total
    if count == 0:
        return 0.0
    return float(np.sum(np.arange(1, len(hits) + 1) / (hits + 1)) / count)


@dataclass(frozen=True)
class QueryResults:
    """Per-query outcomes of one retrieval direction, all of shape (Q,).

    rank: 1-based rank of the best relevant item; average_precision: AP over the full ranking;
    gallery: number of items each query was ranked against; group: what queries are resampled by.
    """

    rank: NDArray[np.int64]
    average_precision: Floats
    gallery: int

    def per_query(self, metric: str) -> Floats:
        """(Q,) values whose mean (median for 'median_rank') is the metric."""
        if metric.startswith('R@'):
            return (self.rank <= int(metric[2:])).astype(np.float64)
        if metric == 'mAP':
            return self.average_precision
        if metric == 'MRR':
            return 1.0 / self.rank
        if metric == 'median_rank':
            return self.rank.astype(np.float64)
        raise ValueError(f'unknown metric {metric!r}; known: R@k, mAP, MRR, median_rank')

    def value(self, metric: str) -> float:
        """The metric over all queries."""
        values = self.per_query(metric)
        return float(np.median(values) if metric == 'median_rank' else np.mean(values))


METRICS = (*(f'R@{k}' for k in CUTOFFS), 'mAP', 'MRR', 'median_rank')


def rank_queries(similarity: NDArray[np.floating], relevance: Bools) -> QueryResults:
    """Rank every gallery item for every query.

    Ties are ranked as a fair draw would on average: a query whose relevant item ties with t
    others is given the middle of the tied ranks (rounded up), so that a constant score earns
    chance and not a perfect result.

    Args:
        similarity: (Q, N) score of each gallery item.
        relevance: (Q, N) which items answer the query; queries without any are left out.
    """
    answered = relevance.any(axis=1)
    scores, relevant = similarity[answered], relevance[answered]
    rank = best_ranks(scores, relevant)
    # Within ties the irrelevant go first: AP is then a lower bound, never flattered by order.
    order = np.lexsort((relevant, -scores), axis=1)
    sorted_relevance = np.take_along_axis(relevant, order, axis=1)
    precision = [average_precision(row) for row in sorted_relevance]
    return QueryResults(rank, np.asarray(precision), similarity.shape[1])


def best_ranks(similarity: NDArray[np.floating], relevance: Bools) -> NDArray[np.int64]:
    """(Q, N), (Q, N) -> (Q,) rank of the best relevant item, ties as in `rank_queries`.

    Every query must have a relevant item. Much cheaper than the full ranking: selection on
    validation data needs no more than this.
    """
    best = np.where(relevance, similarity, -np.inf).max(axis=1, keepdims=True)
    better = (similarity > best).sum(axis=1)
    tied = ((similarity == best) & ~relevance).sum(axis=1)
    return np.asarray(1 + better + (tied + 1) // 2, dtype=np.int64)


def mean_reciprocal_rank(similarity: NDArray[np.floating], relevance: Bools) -> float:
    """MRR of the queries that have an answer."""
    answered = relevance.any(axis=1)
    return float(np.mean(1.0 / best_ranks(similarity[answered], relevance[answered])))


def merge(results: list[QueryResults]) -> QueryResults:
    """Queries of several folds together; `gallery` is the mean size."""
    return QueryResults(
        np.concatenate([r.rank for r in results]),
        np.concatenate([r.average_precision for r in results]),
        round(float(np.mean([r.gallery for r in results]))),
    )


def simulated_chance(relevance: Bools, draws: int = 200, seed: int = 0) -> dict[str, float]:
    """Metrics of a ranking that knows nothing, by drawing random scores for the same relevance."""
    rng = np.random.default_rng(seed)
    results = [rank_queries(rng.random(relevance.shape), relevance) for _ in range(draws)]
    return {name: float(np.mean([r.value(name) for r in results])) for name in METRICS}
