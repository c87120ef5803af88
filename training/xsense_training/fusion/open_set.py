# SPDX-License-Identifier: Apache-2.0
"""Every event asked twice: once with the thing in a robot's small gallery, once as a stranger."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.manifest import Calibration
from xsense_training.evaluate.statistics import Floats
from xsense_training.export.calibration import TopMatches, best_two, sigmoid

GALLERY = (5, 20)
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Trials:
    """The best two scores of each question, and whether the best was right; strangers last."""

    top: TopMatches
    stranger: Bools

    def probability(self, calibration: Calibration) -> Floats:
        """(T,) that the best match is right, as it is told."""
        return sigmoid(calibration.slope * self.top.best + calibration.intercept)

    def accepted(self, calibration: Calibration) -> Bools:
        """(T,)."""
        first = self.probability(calibration)
        second = sigmoid(calibration.slope * self.top.second + calibration.intercept)
        return np.asarray(
            (first >= calibration.min_probability) & (first - second >= calibration.min_margin)
        )


def ask_twice(scores: NDArray[np.floating], right: Bools, seed: int = 0) -> Trials:
    """Questions (Q, N) against random galleries of GALLERY things, with and without the right one.

    Returns:
        2 Q trials: row i and row Q + i are of event i.
    """
    rng = np.random.default_rng(seed)
    asked = []
    for present in (True, False):
        for row, answer in zip(scores, right, strict=True):
            others = np.flatnonzero(~answer)
            size = min(int(rng.integers(GALLERY[0], GALLERY[1] + 1)) - present, len(others))
            held = rng.choice(others, size, replace=False)
            if present:
                held = np.append(held, np.flatnonzero(answer))
            asked.append((row, answer, held))
    return Trials(best_two(asked), np.repeat([False, True], len(scores)))


def calibration_error(probability: Floats, correct: Bools, bins: int = 10) -> float:
    """Expected calibration error over bins of equally many trials (Naeini et al. 2015)."""
    parts = np.array_split(np.argsort(probability, kind='stable'), bins)
    gaps = [abs(probability[p].mean() - correct[p].mean()) * len(p) for p in parts if len(p)]
    return float(sum(gaps) / len(probability))
