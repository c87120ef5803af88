# SPDX-License-Identifier: Apache-2.0
"""Precision against recall, from rankings alone: full curves and the 11-point summary."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsense_training.evaluate.metrics import QueryResults

Floats = NDArray[np.float64]
LEVELS = np.linspace(0, 1, 11)


def query_curve(results: QueryResults, query: int) -> tuple[Floats, Floats]:
    """Recall (R,) and precision (R,) of one query at each of its hits."""
    start = results.starts[query]
    ranks = results.ranks[start : start + results.counts[query]]
    hits = np.arange(1, len(ranks) + 1)
    return hits / len(ranks), hits / ranks


def eleven_point(results: QueryResults) -> Floats:
    """(11,) interpolated precision at recall 0, 0.1, ... 1, mean over queries (TREC).

    Interpolated: the best precision at that recall or any higher one.
    """
    total = np.zeros(len(LEVELS))
    for query in range(len(results.counts)):
        recall, precision = query_curve(results, query)
        best_beyond = np.maximum.accumulate(precision[::-1])[::-1]
        # Recall 0.1 of 10 items is 1/10 exactly; the tolerance keeps rounding from losing it.
        total += best_beyond[np.searchsorted(recall, LEVELS - 1e-9)]
    return total / max(1, len(results.counts))


def full_curve(results: QueryResults) -> tuple[Floats, Floats]:
    """Recall (N,) and precision (N,) after each of the N ranks, mean over queries, as ranked.

    Nothing is interpolated: what a user who reads k answers sees on average.
    """
    places = np.arange(1, results.gallery + 1)
    # A merged result may hold a rank beyond the mean gallery; it is counted at its end.
    index = np.minimum(results.ranks, results.gallery) - 1
    share = np.repeat(1 / results.counts, results.counts)
    found = np.bincount(index, minlength=results.gallery)
    recalled = np.bincount(index, weights=share, minlength=results.gallery)
    queries = max(1, len(results.counts))
    return np.cumsum(recalled) / queries, np.cumsum(found) / (places * queries)
