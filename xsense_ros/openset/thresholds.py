# SPDX-License-Identifier: Apache-2.0
"""Thresholds of a gallery's own: how often is the known accepted, and how often a stranger?

Every view is asked twice: with its item in the gallery, the view itself left out, and with the
whole item left out, when everything that is accepted is a false accept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.manifest import Calibration
from xsense_ros.errors import GalleryError
from xsense_ros.openset.evidence import Evidence, Floats

Bools = NDArray[np.bool_]
LEAST_TRIALS = 10  # of known things, and of strangers
LEAST_ITEMS = 3
NEVER = 1.0


@dataclass(frozen=True)
class Trials:
    """Of each question: probability and margin of the best match, and whether it was right.

    ``stranger``: asked without its item.
    """

    probability: Floats
    margin: Floats
    right: Bools
    stranger: Bools


@dataclass(frozen=True)
class Rates:
    """Shares at some thresholds: of the known, of the known, of the strangers."""

    accepted_right: float
    accepted_wrong: float
    false_accepts: float


@dataclass(frozen=True)
class Thresholds:
    """What was chosen, and what it does; ``false_accepts_at_most``: 95 % bound (Wilson 1927)."""

    min_probability: float
    min_margin: float
    rates: Rates
    false_accepts_at_most: float
    known: int
    strangers: int


def ask(scores: Floats, evidence: Evidence, calibration: Calibration) -> Trials:
    """Every view with and without its item.

    Args:
        scores: (Q, N) of all items, such as log-odds; NaN where an item cannot answer.
        evidence: whose views are asked.
        calibration: from a score to its probability.
    """
    rows = np.arange(len(scores))
    found = []
    for stranger in (False, True):
        asked = np.array(scores, np.float64)
        own = asked[rows, evidence.item].copy()
        if stranger:
            asked[rows, evidence.item] = np.nan
        asked[np.isnan(asked)] = -np.inf
        # With an item that has no other view nothing can be found: it is no known thing.
        usable = np.isfinite(asked).any(axis=1) & (stranger | ~np.isnan(own))
        asked = asked[usable]
        count = np.arange(len(asked))
        first = asked.argmax(axis=1)
        top = asked[count, first]
        asked[count, first] = -np.inf
        probability, second = (
            _sigmoid(calibration.slope * score + calibration.intercept)
            for score in (top, asked.max(axis=1))
        )
        right = first == evidence.item[usable]
        found.append((probability, probability - second, right, np.full(len(count), stranger)))
    return Trials(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def rates(trials: Trials, min_probability: float, min_margin: float) -> Rates:
    """What is accepted at these thresholds."""
    accepted = (trials.probability >= min_probability) & (trials.margin >= min_margin)
    known, strangers = ~trials.stranger, trials.stranger
    return Rates(
        float((accepted & trials.right)[known].mean()),
        float((accepted & ~trials.right)[known].mean()),
        float(accepted[strangers].mean()),
    )


def choose_thresholds(trials: Trials, most_false: float, name: str) -> Thresholds:
    """Those that accept most right answers while false ones are at most so many.

    Both kinds of false accepts count: strangers, and known things that are taken for others.

    Args:
        trials: of one pair or combination of senses.
        most_false: share of each kind that may be accepted.
        name: of it, for errors.

    Raises:
        GalleryError: too few views to say.
    """
    known = int((~trials.stranger).sum())
    strangers = int(trials.stranger.sum())
    if min(known, strangers) < LEAST_TRIALS:
        raise GalleryError(
            f'views of {name} that can be asked',
            f'{known} whose item has another view, {strangers} as strangers',
            f'at least {LEAST_TRIALS} of both',
            'enrol more things with several views each (`xsense enroll LABEL --id ITEM ...`)',
        )
    best = (0.0, NEVER, 0.0)  # accepted and right, least probability, least margin
    # From the highest down, so that of equals the lowest thresholds stay.
    for least in _candidates(trials.probability, 100):
        for gap in _candidates(trials.margin, 20):
            found = rates(trials, least, gap)
            wrong = max(found.false_accepts, found.accepted_wrong)
            if wrong <= most_false and found.accepted_right >= max(best[0], 1e-9):
                best = (found.accepted_right, least, gap)
    chosen = rates(trials, best[1], best[2])
    return Thresholds(
        best[1], best[2], chosen, _upper(chosen.false_accepts, strangers), known, strangers
    )


def curve(trials: Trials, min_margin: float) -> list[Rates]:
    """What is accepted at every least probability, from the highest down, at one least margin."""
    return [rates(trials, least, min_margin) for least in _candidates(trials.probability, 200)]


def check_items(items: int) -> None:
    """GalleryError for a gallery of too few things to know a stranger by."""
    if items < LEAST_ITEMS:
        cure = 'enrol more things'
        raise GalleryError('items', items, f'at least {LEAST_ITEMS}', cure)


def _candidates(values: Floats, steps: int) -> list[float]:
    """Zero and quantiles of the values, falling, rounded up so that they are reached."""
    quantiles = np.quantile(values, np.linspace(0, 1, steps))
    return sorted({0.0, *(math.ceil(float(v) * 1000) / 1000 for v in quantiles)}, reverse=True)


def _upper(share: float, count: int, z: float = 1.645) -> float:
    """One-sided 95 % bound of a share that was seen in so many trials."""
    centre = share + z * z / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return min(1.0, (centre + spread) / (1 + z * z / count))


def _sigmoid(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))))
