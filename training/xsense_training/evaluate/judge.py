# SPDX-License-Identifier: Apache-2.0
"""Similarities of several methods on one direction -> outcomes, a simulated chance beside them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.hubness import (
    CSLS,
    INVERTED_SOFTMAX,
    Bank,
    csls,
    inverted_softmax,
)
from xsense_training.evaluate.metrics import QueryResults, rank_queries, simulated_chance
from xsense_training.evaluate.outcome import Outcome

Floats = NDArray[np.floating]


def judge(
    system: str,
    dataset: str,
    split: str,
    direction: Direction,
    run: int,
    methods: Mapping[str, tuple[str, Floats]],
    banks: Mapping[str, Bank] | None = None,
) -> list[Outcome]:
    """Rank the gallery by every method and, as a control, by a drawn score.

    Args:
        system: as in `Outcome`, like the next two and `run`.
        dataset: see there.
        split: see there.
        direction: its relevance (Q, N) says what is right, its pair names the direction.
        run: see there.
        methods: name -> (kind, (Q, N) similarity, higher is nearer).
        banks: name -> training queries of that method; it is then also judged with its hubs
            corrected (inverted softmax, CSLS).

    Returns:
        The outcomes of every method, in their order, then one of kind 'chance'.

    Raises:
        ValueError: a similarity has another shape than the relevance, or is not finite; a bank
            belongs to no method or to another gallery.
    """
    banks = banks or {}
    if not banks.keys() <= methods.keys():
        raise ValueError(f'banks of {sorted(banks.keys() - methods.keys())}: no such method')
    relevance = direction.relevance

    def outcome(method: str, kind: str, results: QueryResults, correction: str = '') -> Outcome:
        return Outcome(
            system, dataset, split, direction.pair, method, kind, run, results, correction
        )

    outcomes = []
    for name, (kind, similarity) in methods.items():
        _check(name, similarity, direction)
        outcomes.append(outcome(name, kind, rank_queries(similarity, relevance)))
        if name in banks:
            bank = banks[name]
            softmax = inverted_softmax(similarity, bank.similarity, bank.temperature)
            scaled = csls(similarity, bank.similarity)
            for label, scores in ((INVERTED_SOFTMAX, softmax), (CSLS, scaled)):
                outcomes.append(outcome(name, kind, rank_queries(scores, relevance), label))
    outcomes.append(outcome('chance', 'chance', simulated_chance(relevance, run)))
    return outcomes


def _check(name: str, similarity: Floats, direction: Direction) -> None:
    if similarity.shape != direction.relevance.shape:
        raise ValueError(
            f'{name}: similarity {similarity.shape}, relevance {direction.relevance.shape}'
        )
    if not np.isfinite(similarity).all():
        raise ValueError(f'{name}: the similarity of {direction.name} is not finite')
