# SPDX-License-Identifier: Apache-2.0
"""Counts of answers that were compared with the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from xsense_ros.evaluation.events import Event


def percentile(values: Sequence[float], percent: int) -> float:
    """Of some values, such as percent = 99; 0 without values."""
    if len(values) < 2:
        return sum(values)
    return quantiles(values, n=100, method='inclusive')[percent - 1]


@dataclass
class Score:
    """Counts of one kind of question.

    ``reciprocal_ranks`` sums 1 / rank of the right item, 0 where it is not among the matches.
    """

    answers: int = 0
    known: int = 0
    first: int = 0
    first_five: int = 0
    strangers: int = 0
    refused: int = 0
    accepted: int = 0
    accepted_right: int = 0
    reciprocal_ranks: float = 0.0
    latencies_ms: list[float] = field(default_factory=list)

    def add(self, answer: Any, event: Event) -> None:
        """Count an answer to a question that was about an event.

        Args:
            answer: MatchArray, or alike: ``matches`` in order of rank with the ``item_id`` of
                each, ``accepted``, and ``total_ms``.
            event: the truth.
        """
        self.answers += 1
        self.latencies_ms.append(answer.total_ms)
        ranking = [match.item_id for match in answer.matches]
        right = ranking[:1] == [event.truth]
        if event.known:
            self.known += 1
            self.first += right
            self.first_five += event.truth in ranking[:5]
            if event.truth in ranking:
                self.reciprocal_ranks += 1 / (1 + ranking.index(event.truth))
        else:
            self.strangers += 1
            self.refused += not answer.accepted
        self.accepted += answer.accepted
        self.accepted_right += answer.accepted and right

    def latency(self, percent: int) -> float:
        """Percentile of arrival to publication in ms, such as percent = 99; 0 without answers."""
        return percentile(self.latencies_ms, percent)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        counts = {name: value for name, value in vars(self).items() if name != 'latencies_ms'}
        times = {f'p{percent}_ms': self.latency(percent) for percent in (50, 95, 99)}
        return counts | times
