# SPDX-License-Identifier: Apache-2.0
"""Choosing what ships, on validation data: one candidate's heads, or several side by side.

A closed form is always among the candidates, so what ships is not beaten by it on the data that
the choice was made on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.metrics import mean_reciprocal_rank
from xsense_training.evaluate.system import FeatureTable, Heads, System
from xsense_training.models.heads import ConcatHead

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
AGREED = 3
BLOCKS = 2  # of a mixture; each one more costs every robot its numbers a view
Measure = Callable[[NDArray[np.floating], NDArray[np.bool_]], float]


def mean_score(
    heads: Heads,
    features: FeatureTable,
    tasks: Sequence[Direction],
    measure: Measure = mean_reciprocal_rank,
) -> float:
    """Mean over directions of a measure of (Q, N) similarities and relevance.

    The mean reciprocal rank is smooth, and sees every query.
    """
    system = System('', heads)
    return float(np.mean([measure(system.similarity(features, t), t.relevance) for t in tasks]))


def choose_shares(
    candidates: Mapping[str, Heads],
    features: FeatureTable,
    tasks: Sequence[Direction],
    measure: Measure = mean_reciprocal_rank,
) -> tuple[dict[str, float], float]:
    """Shares of the cosine of each candidate that score best on the tasks.

    All pairs of candidates compete, each with its mixtures in quarters, single candidates among
    them. The shares of a pair's best AGREED mixtures are averaged, because differences between
    neighbours are noise of a small validation set.

    Returns the shares (those under 0.1 left out) and their score.
    """
    cosines = {
        name: [System(name, heads).similarity(features, task) for task in tasks]
        for name, heads in candidates.items()
    }

    def score(shares: Mapping[str, float]) -> float:
        ranked = []
        for number, task in enumerate(tasks):
            mixed = sum(share * cosines[name][number] for name, share in shares.items())
            ranked.append(measure(np.asarray(mixed), task.relevance))
        return float(np.mean(ranked))

    found = []
    for names in combinations(candidates, min(BLOCKS, len(candidates))):
        mixtures = [m for m in product(SHARES, repeat=len(names)) if abs(sum(m) - 1) < 1e-9]
        scores = {m: score(dict(zip(names, m, strict=True))) for m in mixtures}
        mean = np.mean(sorted(mixtures, key=scores.__getitem__, reverse=True)[:AGREED], axis=0)
        mean = np.where(mean < 0.1, 0.0, mean)
        mean = np.round(mean / mean.sum(), 2)
        mean[int(np.argmax(mean))] += 1 - mean.sum()
        shares = {n: round(float(s), 2) for n, s in zip(names, mean, strict=True) if s > 0}
        found.append((score(shares), shares))
    best, shares = max(found, key=lambda item: item[0])
    return shares, best


def side_by_side(
    candidates: Mapping[str, Heads], shares: Mapping[str, float], modality: str
) -> nn.Module:
    """One head of a modality that holds the chosen candidates' heads, weighted."""
    if len(shares) == 1:
        return candidates[next(iter(shares))][modality]
    return ConcatHead([candidates[n][modality] for n in shares], list(shares.values()))
