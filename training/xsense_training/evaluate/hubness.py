# SPDX-License-Identifier: Apache-2.0
"""Taking the advantage from hubs: items that are near to every query, whatever was asked.

How near an item is to everything is measured on a bank of training queries, never on the other
queries of the test: a robot is asked one thing at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from xsense_training.evaluate.metrics import mean_reciprocal_rank

Floats = NDArray[np.floating]
INVERTED_SOFTMAX = 'inverted softmax'
CSLS = 'CSLS'
TEMPERATURES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True)
class Bank:
    """Similarity (B, N) of B training queries to the gallery under test, and a temperature."""

    similarity: Floats
    temperature: float = 0.1


def inverted_softmax(similarity: Floats, bank_similarity: Floats, temperature: float) -> Floats:
    """Log of the inverted softmax (Smith et al. 2017, eq. 6): normalised over queries.

    The probability of query q under item i is exp(s_qi / T) over its sum across the bank:
    s_qi / T - log sum_b exp(s_bi / T).

    Args:
        similarity: (Q, N) of the queries under test.
        bank_similarity: (B, N) of training queries to the same gallery.
        temperature: T above 0; large ones leave the ranking as it was.

    Returns:
        (Q, N) scores, higher is nearer; each row depends on its own query and the bank alone.

    Raises:
        ValueError: another gallery, an empty bank, or a temperature that is not above 0.
    """
    _check(similarity, bank_similarity)
    if not temperature > 0:
        raise ValueError(f'temperature {temperature}: expected above 0')
    hub = logsumexp(bank_similarity / temperature, axis=0)
    return np.asarray(similarity / temperature - hub)


def csls(similarity: Floats, bank_similarity: Floats, neighbours: int = 10) -> Floats:
    """Cross-domain similarity local scaling (Conneau et al. 2018, eq. 1) with a bank.

    2 s_qi - (mean of the query's nearest items) - (mean of the item's nearest bank queries).
    Arguments and errors as in `inverted_softmax`.
    """
    _check(similarity, bank_similarity)
    of_query = _mean_of_best(similarity, neighbours)
    of_item = _mean_of_best(bank_similarity.T, neighbours)
    return np.asarray(2 * similarity - of_query[:, None] - of_item[None, :])


def choose_temperature(
    cases: Sequence[tuple[Floats, Floats, NDArray[np.bool_]]],
    candidates: Sequence[float] = TEMPERATURES,
) -> float:
    """The temperature with the best mean reciprocal rank on validation data.

    Args:
        cases: similarity (Q, N), bank similarity (B, N) and relevance (Q, N) of each direction.
        candidates: what to choose from; without a case, the middle one.
    """
    if not cases:
        return candidates[len(candidates) // 2]

    def score(temperature: float) -> float:
        found = [
            mean_reciprocal_rank(inverted_softmax(s, bank, temperature), relevance)
            for s, bank, relevance in cases
        ]
        return float(np.mean(found))

    return max(candidates, key=score)


def _mean_of_best(rows: Floats, count: int) -> Floats:
    best = np.sort(rows, axis=1)[:, -count:]
    return np.asarray(best.mean(axis=1))


def _check(similarity: Floats, bank_similarity: Floats) -> None:
    if bank_similarity.shape[1:] != similarity.shape[1:] or len(bank_similarity) == 0:
        raise ValueError(
            f'bank similarity {bank_similarity.shape}: expected (B, {similarity.shape[1]}), '
            'training queries against the same gallery'
        )
