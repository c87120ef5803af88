# SPDX-License-Identifier: Apache-2.0
"""Asks methods the same list of searches: what is learned, and what is not beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.matching.boxes import Floats, centres, overlap
from xsense_training.data.registered_pair import PairSet, Pixels
from xsense_training.evaluate.match_results import MatchResults
from xsense_training.recipes.hetero.protocol import (
    SQUARES,
    Look,
    Search,
    search_view,
    template_view,
)

# Template RGB uint8 (T, T, 3) and raw search picture (S, S) -> what was found, (4,) in pixels of
# the search picture, and how sure that is (any scale, higher is surer).
Locate = Callable[[Pixels, NDArray[Any]], tuple[Floats, float]]


@dataclass(frozen=True)
class Answers:
    """found (N, 4): in pixels of the searched pictures; score (N,): higher is surer."""

    found: Floats
    score: Floats


def judge_matchers(
    pairs: PairSet,
    searches: Sequence[Search],
    methods: Mapping[str, Locate],
    look: Look = SQUARES,
) -> dict[str, MatchResults]:
    """Every method on every search; all of them look at the same pictures."""
    found: dict[str, list[tuple[Floats, float]]] = {name: [] for name in methods}
    for template, view in views(pairs, searches, look):
        for name, locate in methods.items():
            found[name].append(locate(template, view))
    return {name: results(searches, answers(own), look) for name, own in found.items()}


def views(
    pairs: PairSet, searches: Sequence[Search], look: Look = SQUARES
) -> Iterator[tuple[Pixels, NDArray[Any]]]:
    """Template and search picture of every search, in turn."""
    for search in searches:
        template = template_view(pairs.load(search.target.pair), search.target, look)
        yield template, search_view(pairs.load(search.pair), search, look)


def answers(found: Sequence[tuple[Floats, float]]) -> Answers:
    """What a Locate gave, one after the other."""
    return Answers(
        np.array([place for place, _ in found], np.float64).reshape(-1, 4),
        np.array([score for _, score in found], np.float64),
    )


def results(searches: Sequence[Search], given: Answers, look: Look = SQUARES) -> MatchResults:
    """What the answers are worth: the box that was asked for, beside the true one.

    Distances are in pixels of the searched image itself, not of the picture that is resampled from
    it; the overlap is the same in both.
    """
    there = [(s, found) for s, found in zip(searches, given.found, strict=True) if s.present]
    boxes = np.array([look.box(s.target, found) for s, found in there]).reshape(-1, 4)
    crops = [look.search_crop(s) for s, _ in there]
    truth = [c.boxes_to_crop(s.target.there) for c, (s, _) in zip(crops, there, strict=True)]
    truths = np.array(truth).reshape(-1, 4)
    away = np.abs(centres(boxes) - centres(truths)).max(axis=1)
    present = np.array([s.present for s in searches], dtype=bool)
    return MatchResults(
        overlap(boxes, truths),
        away / np.array([crop.scale for crop in crops]),
        given.score[present],
        given.score[~present],
    )
