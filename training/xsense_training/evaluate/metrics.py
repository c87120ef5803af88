# SPDX-License-Identifier: Apache-2.0
"""Retrieval metrics of ranked lists, each computed per query from the ranks of what is right.

Ties: relevant items that tie with others are given the ranks that a fair draw would give them on
average, rounded up, in every metric alike. Of t tied items of which r are relevant, the i-th
relevant one stands i (t + 1) / (r + 1) places into the tie. A constant score therefore earns no
more than chance, whatever the order of the gallery.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from xsense_training.evaluate.results import Floats

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]
METRICS = (
    'R@1',
    'R@5',
    'R@10',
    'recall@10',
    'P@10',
    'mAP',
    'mAP@10/hits',
    'mAP@10/min(R,k)',
    'mAP@10/R',
    'MRR',
    'median_rank',
)
KNOWN = (
    'R@k or success@k (any right item among the first k), recall@k (share of the right items '
    'found), P@k, mAP, mAP@k/hits, mAP@k/min(R,k), mAP@k/R, MRR, median_rank'
)
COMPARED = ('R@1', 'mAP', 'MRR')  # what tables show; others have their p value in the rows
LOWER_IS_BETTER = ('median_rank',)
_AT = re.compile(r'(R|success|recall|P|mAP)@(\d+)(?:/(hits|min\(R,k\)|R))?')


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
    """Where every relevant item of every query was ranked: all that the metrics need.

    ranks: (P,) 1-based ranks, ascending within a query, query after query; counts: (Q,) relevant
    items of each query, at least one, summing to P; gallery: items each query was ranked against.
    """

    metrics: ClassVar[tuple[str, ...]] = METRICS
    compared: ClassVar[tuple[str, ...]] = COMPARED
    lower_is_better: ClassVar[tuple[str, ...]] = LOWER_IS_BETTER
    medians: ClassVar[tuple[str, ...]] = ('median_rank',)
    ranks: NDArray[np.int32]
    counts: NDArray[np.int32]
    gallery: int

    @property
    def asked(self) -> tuple[int, int]:
        """Queries, items of the gallery."""
        return len(self.counts), self.gallery

    def stored(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """As `Results` says."""
        return {'ranks': self.ranks, 'counts': self.counts}, {'gallery': self.gallery}

    @property
    def starts(self) -> Ints:
        """(Q,) where each query's ranks begin."""
        return np.asarray(np.cumsum(self.counts) - self.counts, dtype=np.int64)

    @property
    def rank(self) -> Ints:
        """(Q,) rank of the best relevant item."""
        return self.ranks[self.starts].astype(np.int64)

    def per_query(self, metric: str) -> Floats:
        """(Q,) values whose mean (median for 'median_rank') is the metric.

        R@k (the field's name; also success@k): 1 where any of the first k is right. recall@k: hits
        among the first k over R, all that are right. P@k: hits over k. mAP: over the full ranking,
        over R. mAP@k counts hits among the first k only, and names what it divides by: 'hits' (as
        many as were found there), 'min(R,k)' (what could have been), or 'R' (as trec_eval does).

        Raises:
            ValueError: no such metric.
        """
        if metric == 'mAP':
            return self._precisions(self.gallery) / self.counts
        if metric == 'MRR':
            return 1.0 / self.rank
        if metric == 'median_rank':
            return self.rank.astype(np.float64)
        found = _AT.fullmatch(metric)
        if found is None or (found[1] == 'mAP') != (found[3] is not None):
            raise ValueError(f'unknown metric {metric!r}; known: {KNOWN}')
        name, k, denominator = found[1], int(found[2]), found[3]
        if k < 1:
            raise ValueError(f'{metric}: k counts from 1')
        if name in ('R', 'success'):
            return (self.rank <= k).astype(np.float64)
        hits = self._sums((self.ranks <= k).astype(np.float64))
        if name == 'recall':
            return hits / self.counts
        if name == 'P':
            return hits / k
        possible = np.minimum(self.counts, k)
        divisor = {'hits': np.maximum(hits, 1), 'min(R,k)': possible, 'R': self.counts}
        return np.asarray(self._precisions(k) / divisor[denominator], dtype=np.float64)

    def value(self, metric: str) -> float:
        """The metric over all queries."""
        values = self.per_query(metric)
        return float(np.median(values) if metric == 'median_rank' else np.mean(values))

    def ordinals(self) -> Ints:
        """(P,) 1, 2, ... within each query: how many hits there are at each of `ranks`."""
        first = np.repeat(self.starts, self.counts)
        return np.arange(1, len(self.ranks) + 1) - first

    def _precisions(self, cutoff: int) -> Floats:
        """(Q,) sum of the precision at every hit among the first `cutoff`."""
        precision = self.ordinals() / self.ranks
        return self._sums(np.where(self.ranks <= cutoff, precision, 0.0))

    def _sums(self, values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, self.starts) if len(values) else values)


def rank_queries(similarity: NDArray[np.floating], relevance: Bools) -> QueryResults:
    """Rank every gallery item for every query; ties as the module says.

    Args:
        similarity: (Q, N) score of each gallery item, higher is nearer.
        relevance: (Q, N) which items answer the query; queries without any are left out.
    """
    ranks, counts = [], []
    for scores, relevant in zip(similarity, relevance, strict=True):
        if not relevant.any():
            continue
        ranks.append(_ranks(scores, scores[relevant]))
        counts.append(len(ranks[-1]))
    return QueryResults(
        np.concatenate(ranks) if ranks else np.zeros(0, np.int32),
        np.asarray(counts, dtype=np.int32),
        similarity.shape[1],
    )


def _ranks(scores: NDArray[np.floating], right: NDArray[np.floating]) -> NDArray[np.int32]:
    """(N,) all scores, (R,) those of the relevant items -> (R,) their ranks, ascending."""
    ordered = np.sort(scores)
    right = np.sort(right)[::-1]
    end = np.searchsorted(ordered, right, 'right')
    better, tied = len(scores) - end, end - np.searchsorted(ordered, right, 'left')
    if tied.max() == 1:
        return np.asarray(better + 1, dtype=np.int32)
    _, group, size = np.unique(-right, return_inverse=True, return_counts=True)
    size = size[group]
    number = np.arange(1, len(right) + 1) - np.searchsorted(group, group, 'left')
    return np.asarray(better - (-number * (tied + 1) // (size + 1)), dtype=np.int32)


def best_ranks(similarity: NDArray[np.floating], relevance: Bools) -> Ints:
    """(Q, N), (Q, N) -> (Q,) rank of the best relevant item, ties as in `rank_queries`.

    Every query must have a relevant item. Much cheaper than the full ranking: selection on
    validation data needs no more than this.
    """
    best = np.where(relevance, similarity, -np.inf).max(axis=1, keepdims=True)
    better = (similarity > best).sum(axis=1)
    level = similarity == best
    tied, right = level.sum(axis=1), (level & relevance).sum(axis=1)
    return np.asarray(better - (-(tied + 1) // (right + 1)), dtype=np.int64)


def mean_reciprocal_rank(similarity: NDArray[np.floating], relevance: Bools) -> float:
    """MRR of the queries that have an answer."""
    answered = relevance.any(axis=1)
    return float(np.mean(1.0 / best_ranks(similarity[answered], relevance[answered])))


def mean_average_precision(similarity: NDArray[np.floating], relevance: Bools) -> float:
    """MAP of all queries at once, equal to that of `rank_queries` where nothing is tied."""
    answered = relevance.any(axis=1)
    order = np.argsort(-similarity[answered], axis=1, kind='stable')
    hits = np.take_along_axis(relevance[answered], order, axis=1)
    precision = np.cumsum(hits, axis=1) / np.arange(1, hits.shape[1] + 1)
    return float(np.mean((precision * hits).sum(axis=1) / hits.sum(axis=1)))


def merge(results: Sequence[QueryResults]) -> QueryResults:
    """Queries of several folds together; `gallery` is the mean size."""
    return QueryResults(
        np.concatenate([r.ranks for r in results]),
        np.concatenate([r.counts for r in results]),
        round(float(np.mean([r.gallery for r in results]))),
    )


def simulated_chance(relevance: Bools, seed: int = 0, queries: int = 2000) -> QueryResults:
    """A ranking that knows nothing: random scores for the same relevance (Q, N).

    All queries are drawn again until there are at least `queries` of them; the standard error of
    a mean is then about 0.01 at most.
    """
    rng = np.random.default_rng(seed)
    answered = relevance[relevance.any(axis=1)]
    draws = -(-queries // max(1, len(answered)))
    return merge([rank_queries(rng.random(answered.shape), answered) for _ in range(draws)])
