# SPDX-License-Identifier: Apache-2.0
"""What a cosine means: probability that the top match is right, fitted on validation data only.

Queries come in two kinds: the sought item is in the gallery, or it is not (open set). A logistic
curve on the top match's cosine is fitted to "the top match is right" (Platt 1999), and thresholds
on probability and margin are chosen so that accepted answers are right as often as asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from xsense_ros.engines.manifest import Calibration

Floats = NDArray[np.float64]
LEAST_PROBABILITY = 0.5  # "recognised, p = 0.3" makes no sense to anybody
LEAST_MARGIN = 0.02
PRECISION = 0.8  # asked of accepted answers
ABSENT = 0.5  # of all queries have no counterpart in their gallery
NOTHING = 0.5  # of those show no thing at all, where a camera asks


@dataclass(frozen=True)
class TopMatches:
    """Per query: cosine of the best and second-best item (Q,), and whether the best is right."""

    best: Floats
    second: Floats
    correct: NDArray[np.bool_]


@dataclass(frozen=True)
class Calibrated:
    """What a bundle's scores mean, by ordered pair of modalities ('sound->image').

    pairs: for the manifest; on_validation: what each achieves on the data that it was fitted on
    (`fit_calibration`); on_held_out: on data that nothing was chosen on (`refusal`), if judged.
    """

    pairs: Mapping[str, Calibration]
    on_validation: Mapping[str, Mapping[str, float]]
    on_held_out: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def calibrate_pairs(
    validation: Mapping[str, TopMatches],
    precision: float = PRECISION,
    held_out: Mapping[str, TopMatches] | None = None,
) -> Calibrated:
    """Fit every pair on its validation queries; judge it on held-out ones where there are any."""
    fitted = {pair: fit_calibration(found, precision) for pair, found in validation.items()}
    pairs = {pair: calibration for pair, (calibration, _) in fitted.items()}
    return Calibrated(
        pairs,
        {pair: summary for pair, (_, summary) in fitted.items()},
        {pair: refusal(found, pairs[pair]) for pair, found in (held_out or {}).items()},
    )


def open_set_matches(
    asked: Sequence[tuple[NDArray[np.floating], NDArray[np.bool_]]],
    nothing: NDArray[np.floating] | None = None,
) -> TopMatches:
    """Top matches of queries of which half have no counterpart in their gallery.

    Args:
        asked: (similarity (Q, N), relevance (Q, N)) of each way to ask the same gallery, pictures
            plain and in scenes, say.
        nothing: (E, N) similarity of queries that show no thing at all, as a camera mostly does;
            they are half of those without a counterpart, the others' share shrinks.
    """
    blank = ABSENT * NOTHING if nothing is not None else 0.0
    absent = (ABSENT - blank) / (1 - blank)
    found = [sample_top_matches(cosines, right, absent=absent) for cosines, right in asked]
    if nothing is not None:
        queries = sum(len(m.best) for m in found)
        count = round(queries * blank / (1 - blank))
        rows = np.random.default_rng(0).integers(0, len(nothing), count)
        no_answer: NDArray[np.bool_] = np.zeros((count, nothing.shape[1]), bool)
        found.append(sample_top_matches(nothing[rows], no_answer, draws=1, seed=1))
    return join(found)


def sample_top_matches(
    similarity: NDArray[np.floating],
    relevance: NDArray[np.bool_],
    gallery: tuple[int, int] = (20, 50),
    draws: int = 4,
    absent: float = 0.5,
    seed: int = 0,
) -> TopMatches:
    """Top matches of every query against small random galleries, as a robot would hold.

    Args:
        similarity: (Q, N) cosines on validation data.
        relevance: (Q, N) which items answer the query; for a query without any the galleries never
            hold an answer.
        gallery: least and most items that a gallery holds.
        draws: galleries per query.
        absent: share of galleries that lack the sought item (open set).
        seed: of the drawn galleries.
    """
    rng = np.random.default_rng(seed)
    asked = []
    for scores, relevant in zip(similarity, relevance, strict=True):
        inside, outside = np.flatnonzero(relevant), np.flatnonzero(~relevant)
        for _ in range(draws):
            present = bool(len(inside)) and rng.random() >= absent
            held = int(rng.integers(gallery[0], gallery[1] + 1))
            size = min(held - int(present), len(outside))
            chosen = rng.choice(outside, size, replace=False)
            if present:
                chosen = np.append(chosen, rng.choice(inside))
            asked.append((scores, relevant, chosen))
    return best_two(asked)


def best_two(asked: Iterable[tuple[NDArray[Any], NDArray[np.bool_], NDArray[Any]]]) -> TopMatches:
    """Top matches of questions to small galleries.

    Args:
        asked: scores (N,) of all items, which of them (N,) are right, and the places of those that
            the gallery holds, two or more; of equal scores the first one held is the better.
    """
    best, second, correct = [], [], []
    for scores, right, held in asked:
        order = held[np.argsort(-scores[held], kind='stable')]
        best.append(scores[order[0]])
        second.append(scores[order[1]])
        correct.append(bool(right[order[0]]))
    return TopMatches(np.array(best, float), np.array(second, float), np.array(correct))


def join(matches: Sequence[TopMatches]) -> TopMatches:
    """Queries of several tasks together."""
    return TopMatches(
        np.concatenate([m.best for m in matches]),
        np.concatenate([m.second for m in matches]),
        np.concatenate([m.correct for m in matches]),
    )


def fit_calibration(
    matches: TopMatches, precision: float = PRECISION, min_accepted: int = 10
) -> tuple[Calibration, dict[str, float]]:
    """Logistic curve and thresholds.

    The thresholds are the pair that accepts the most right answers while at least `precision` of
    the accepted are right (pairs that accept fewer than `min_accepted` queries prove nothing), and
    never lower than LEAST_PROBABILITY and LEAST_MARGIN. Where no pair reaches it, nothing is ever
    accepted: min_probability is 1.

    Returns:
        the calibration, and what it achieves on the data it was fitted on: 'precision', 'recall'
        (accepted right over right), 'accepted' (share of queries), 'accepted_of_wrong' (share of
        the queries whose top match is wrong, most of them without a counterpart), 'log_loss',
        'queries'.
    """
    # Rounded first and judged as rounded: the manifest holds what was measured.
    slope, intercept = (round(value, 4) for value in logistic(matches.best, matches.correct))
    probability = sigmoid(slope * matches.best + intercept)
    margin = probability - sigmoid(slope * matches.second + intercept)
    best = (0.0, 1.0, LEAST_MARGIN)  # recall, least probability, least margin
    # From the highest down, so that of equals the lowest thresholds stay.
    for least in _grid(probability, LEAST_PROBABILITY, 60):
        for gap in _grid(margin, LEAST_MARGIN, 20):
            accepted = (probability >= least) & (margin >= gap)
            right = matches.correct[accepted]
            if len(right) >= min_accepted and right.mean() >= precision:
                recall = float(right.sum() / matches.correct.sum())
                if recall >= best[0]:
                    best = (recall, least, gap)
    recall, least, gap = best
    accepted = (probability >= least) & (margin >= gap)
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    log_loss = -np.where(matches.correct, np.log(clipped), np.log(1 - clipped)).mean()
    summary = {
        'precision': float(matches.correct[accepted].mean()) if accepted.any() else 0.0,
        'recall': recall,
        'accepted': float(accepted.mean()),
        'accepted_of_wrong': float(accepted[~matches.correct].mean()),
        'log_loss': float(log_loss),
        'queries': float(len(matches.best)),
    }
    return Calibration(slope, intercept, float(least), float(gap)), summary


def refusal(matches: TopMatches, calibration: Calibration) -> dict[str, float]:
    """What a calibration does on other data than it was fitted on.

    Returns:
        'precision' of accepted answers, and 'accepted_of_right' and 'accepted_of_wrong': how often
        an answer is accepted whose top match is right or wrong.
    """
    probability, second = (
        sigmoid(calibration.slope * cosine + calibration.intercept)
        for cosine in (matches.best, matches.second)
    )
    accepted = (probability >= calibration.min_probability) & (
        probability - second >= calibration.min_margin
    )
    right = matches.correct
    return {
        'precision': float(right[accepted].mean()) if accepted.any() else 0.0,
        'accepted_of_right': float(accepted[right].mean()) if right.any() else 0.0,
        'accepted_of_wrong': float(accepted[~right].mean()),
    }


def _grid(values: Floats, floor: float, steps: int) -> list[float]:
    """Candidates for a threshold: the floor and the quantiles above it, falling."""
    above = values[values > floor]
    found = {floor}
    if len(above):
        found |= set(np.round(np.quantile(above, np.linspace(0, 0.99, steps)), 3).tolist())
    return sorted((v for v in found if v >= floor), reverse=True)


def logistic(cosine: Floats, correct: NDArray[np.bool_]) -> tuple[float, float]:
    """Maximum likelihood with a weak pull to zero; the slope is kept positive.

    Targets are Platt's smoothed ones, so that separable data do not give an infinite slope.
    """
    positives, negatives = int(correct.sum()), int((~correct).sum())
    target = np.where(correct, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(parameters: Floats) -> float:
        z = np.exp(parameters[0]) * cosine + parameters[1]
        return float(np.mean(np.logaddexp(0, z) - target * z) + 1e-4 * parameters[0] ** 2)

    found = minimize(loss, np.array([np.log(5.0), -2.0]), method='Nelder-Mead')
    return float(np.exp(np.clip(found.x[0], -5, 6))), float(found.x[1])


def sigmoid(x: Floats) -> Floats:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(x, -60, 60))))
