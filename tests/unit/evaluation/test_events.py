# SPDX-License-Identifier: Apache-2.0
"""Which stretch a question was about, recounted sample by sample."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.evaluation.events import NOTHING, UNKNOWN, Event, event_of
from xsense_ros.evaluation.score import Score, percentile

MS = 1_000_000


def events(*spans: tuple[int, int, str]) -> list[Event]:
    return [Event('image', '', begin * MS, end * MS, truth) for begin, end, truth in spans]


def test_moment() -> None:
    listed = events((0, 1000, 'a'), (2000, 3000, 'b'))
    found = [event_of(listed, at * MS) for at in (-1, 0, 999, 1000, 1999, 2000, 3000)]
    assert [event.truth if event else None for event in found] == [
        None, 'a', 'a', None, None, 'b', None,
    ]  # fmt: skip


@pytest.mark.parametrize('seed', range(5))
def test_window_is_about_what_most_of_it_holds(seed: int) -> None:
    """Counted millisecond by millisecond."""
    rng = np.random.default_rng(seed)
    ends = np.cumsum(rng.integers(50, 2500, 12))
    truths = [NOTHING, 'a', UNKNOWN, 'b'] * 3
    listed = events(*zip([0, *ends[:-1]], ends, truths, strict=True))
    owner = np.repeat(np.arange(12), np.diff([0, *ends]))
    for at in range(0, int(ends[-1]), 97):
        held = np.bincount(owner[at : at + 2000], minlength=12)
        sounding = [n for n in range(12) if truths[n] != NOTHING]
        right = [
            n
            for n in sounding
            if held[n] >= min(1000, listed[n].end_ns // MS - listed[n].begin_ns // MS)
            and all(held[other] <= 200 for other in sounding if other != n)
        ]
        found = event_of(listed, at * MS, 2000 * MS)
        assert found == (listed[right[0]] if right else None)


class Answer:
    def __init__(self, *ids: str, accepted: bool = False) -> None:
        self.matches = [type('Match', (), {'item_id': item_id}) for item_id in ids]
        self.accepted, self.total_ms = accepted, 3.0


def test_score_counts() -> None:
    known, stranger = events((0, 1, 'a'), (1, 2, UNKNOWN))
    score = Score()
    score.add(Answer('a', 'b', accepted=True), known)
    score.add(Answer('b', 'a', accepted=True), known)
    score.add(Answer('b', 'c', 'd', 'e', 'f', 'a'), known)
    score.add(Answer(), known)
    score.add(Answer('b'), stranger)
    score.add(Answer('b', accepted=True), stranger)
    assert (score.answers, score.known, score.first, score.first_five) == (6, 4, 1, 2)
    assert score.reciprocal_ranks == pytest.approx(1 + 1 / 2 + 1 / 6)
    assert (score.strangers, score.refused, score.accepted, score.accepted_right) == (2, 1, 3, 1)


def test_percentiles_are_those_of_numpy() -> None:
    values = list(np.random.default_rng(0).random(101))
    for percent in (50, 95, 99):
        assert percentile(values, percent) == pytest.approx(np.percentile(values, percent))
    assert percentile([], 50) == 0 and percentile([2.0], 99) == 2.0
