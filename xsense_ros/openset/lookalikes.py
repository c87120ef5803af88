# SPDX-License-Identifier: Apache-2.0
"""Views that are nearly the same, and items that are taken for each other."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from xsense_ros.openset.evidence import Views

MOST = 100  # pairs that are told of
_BLOCK = 1024


@dataclass(frozen=True)
class Duplicate:
    """Two views whose cosine in a space is nearly 1; of one item, or of two."""

    item_ids: tuple[str, str]
    labels: tuple[str, str]
    view_ids: tuple[int, int]
    space: str
    modality: str
    cosine: float


@dataclass(frozen=True)
class Confusable:
    """Two items of which ``mistaken`` of ``asked`` views are nearest to the other one.

    ``cosine``: of their two most similar views.
    """

    item_ids: tuple[str, str]
    labels: tuple[str, str]
    space: str
    modality: str
    cosine: float
    mistaken: int
    asked: int


def find_duplicates(views: Views, least_cosine: float = 0.99) -> list[Duplicate]:
    """Pairs of views that are at least so similar, the most similar first, MOST at most."""
    found: dict[tuple[int, int], Duplicate] = {}
    for space, modality in views.held:
        own = views.vectors(space, modality)
        for start in range(0, len(own.matrix), _BLOCK):
            cosines = own.matrix[start : start + _BLOCK] @ own.matrix.T
            for near, far in np.argwhere(cosines >= least_cosine):
                first, second = int(near) + start, int(far)
                if first >= second:
                    continue
                pair = (own.view_ids[first], own.view_ids[second])
                cosine = float(cosines[near, far])
                if pair in found and found[pair].cosine >= cosine:
                    continue
                found[pair] = Duplicate(
                    (own.item_ids[first], own.item_ids[second]),
                    (own.labels[first], own.labels[second]),
                    pair,
                    space,
                    modality,
                    round(cosine, 4),
                )
    return sorted(found.values(), key=lambda one: (-one.cosine, one.view_ids))[:MOST]


def find_confusable(views: Views, most: int = 20) -> list[Confusable]:
    """Pairs of items that are mistaken for each other by a sense, the most often mistaken first.

    Every view is asked among the others of its sense; it is mistaken where another item is nearer
    than its own. Items with a single view of a sense cannot be: of them the most similar pairs
    are told, with nothing mistaken.
    """
    found: list[Confusable] = []
    for pair in views.pairs():
        if not pair.used or pair.sense != pair.target:
            continue
        evidence = views.evidence(pair)
        rows = np.arange(len(evidence.item))
        others = np.where(np.isnan(evidence.log_odds), -np.inf, evidence.log_odds)
        own = others[rows, evidence.item].copy()
        others[rows, evidence.item] = -np.inf
        if others.shape[1] < 2:
            continue
        nearest = others.argmax(axis=1)
        reached = others[rows, nearest]
        asked = np.bincount(evidence.item, minlength=others.shape[1])
        # An item with one view of this sense has nothing to be nearer to.
        wrong = np.isfinite(own) & (reached > own)
        mistaken: Counter[tuple[int, int]] = Counter()
        closest: dict[tuple[int, int], float] = {}
        slope, intercept = pair.calibration.slope, pair.calibration.intercept
        for row in rows[np.isfinite(reached)]:
            a, b = sorted((int(evidence.item[row]), int(nearest[row])))
            mistaken[a, b] += int(wrong[row])
            cosine = float((reached[row] - intercept) / slope) if slope else 0.0
            closest[a, b] = max(closest.get((a, b), -1.0), cosine)
        for (a, b), cosine in closest.items():
            ids = (views.item_ids[a], views.item_ids[b])
            labels = (views.labels[ids[0]], views.labels[ids[1]])
            found.append(
                Confusable(
                    ids,
                    labels,
                    pair.space,
                    pair.sense,
                    round(cosine, 4),
                    mistaken[a, b],
                    int(asked[a] + asked[b]),
                )
            )
    return sorted(found, key=lambda one: (-one.mistaken / one.asked, -one.cosine))[:most]
