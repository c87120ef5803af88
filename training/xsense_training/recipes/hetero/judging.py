# SPDX-License-Identifier: Apache-2.0
"""Asks methods the same list of searches: what is learned, and the closed forms beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, around, centres, overlap
from xsense_training.baselines.template_matching import METHODS, Method
from xsense_training.data.registered_pair import PairSet, Pixels, grey
from xsense_training.evaluate.match_results import MatchResults
from xsense_training.recipes.hetero.protocol import (
    TEMPLATE_SIZE,
    Search,
    search_view,
    template_view,
)

CONTROL = 'centre prior'
# Template RGB (64, 64, 3) and search image (192, 192), uint8 -> box (4,) in its pixels, score.
Locate = Callable[[Pixels, Pixels], tuple[Floats, float]]


def judge_matchers(
    pairs: PairSet, searches: Sequence[Search], methods: Mapping[str, Locate]
) -> dict[str, MatchResults]:
    """Every method on every search.

    Distances are in pixels of the searched image itself, not of the view that is resampled from
    it; the overlap is the same in both.
    """
    answers: dict[str, list[tuple[Floats, float]]] = {name: [] for name in methods}
    for search in searches:
        template = template_view(pairs.load(search.target.pair), search.target)
        view = search_view(pairs.load(search.pair), search)
        for name, locate in methods.items():
            answers[name].append(locate(template, view))
    return {name: results(searches, found) for name, found in answers.items()}


def results(searches: Sequence[Search], answers: Sequence[tuple[Floats, float]]) -> MatchResults:
    """Boxes (in pixels of the view) and scores -> what they are worth."""
    there = [(s, box) for s, (box, _) in zip(searches, answers, strict=True) if s.present]
    truth = np.array([s.truth for s, _ in there]).reshape(-1, 4)
    boxes = np.array([box for _, box in there]).reshape(-1, 4)
    scale = np.array([s.crop.scale for s, _ in there])
    scores = np.array([score for _, score in answers])
    present = np.array([s.present for s in searches], dtype=bool)
    away = np.abs(centres(boxes) - centres(truth)).max(axis=1)
    return MatchResults(overlap(boxes, truth), away / scale, scores[present], scores[~present])


def closed_forms(names: Sequence[str] = ()) -> dict[str, tuple[str, Locate]]:
    """Method -> (kind of its row, the method as a Locate), of the named ones or all.

    Raises:
        InputError: no such method.
    """
    names = names or tuple(METHODS)
    unknown = [name for name in names if name not in METHODS]
    if unknown:
        raise InputError('method', unknown[0], f'one of {list(METHODS)}', 'correct the name')
    return {
        name: ('control' if name == CONTROL else 'baseline', _locate(METHODS[name]))
        for name in names
    }


def _locate(method: Method) -> Locate:
    def locate(template: Pixels, view: Pixels) -> tuple[Floats, float]:
        place = method(grey(template), grey(view))
        return around((place.x, place.y), (TEMPLATE_SIZE, TEMPLATE_SIZE)), place.score

    return locate
