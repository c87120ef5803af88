# SPDX-License-Identifier: Apache-2.0
"""Which rule joins the senses, with what weights and thresholds: by validation alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from xsense_ros.engines.manifest import Calibration
from xsense_ros.fusion.rules import LOG_ODDS, RULES, WEIGHTED, Fusion
from xsense_training.evaluate.metrics import mean_average_precision
from xsense_training.export.calibration import fit_calibration
from xsense_training.fusion.events import Said
from xsense_training.fusion.open_set import ask_twice

# Of two senses, the first weighs so much as the second.
RATIOS = tuple(float(ratio) for ratio in np.geomspace(1 / 16, 16, 17))
PRECISION = 0.8  # asked of accepted answers


@dataclass(frozen=True)
class Chosen:
    """fusion: what won; tried: mAP on validation by rule; alone: each sense calibrated alike."""

    fusion: Fusion
    tried: Mapping[str, float]
    alone: Mapping[str, Calibration]


def choose_fusion(said: Said) -> Chosen:
    """The rule of the highest mAP on validation events, the simpler of equals, then calibrated.

    Each sense alone is calibrated in the same way, so that a comparison of what is accepted is
    one of senses, not of thresholds.
    """
    alone = {sense: _calibrated(found, said) for sense, found in said.by_sense.items()}
    neutral = {sense: _neutral(found, said) for sense, found in said.by_sense.items()}
    candidates = [Fusion(rule, neutral=neutral) for rule in RULES if rule != WEIGHTED]
    first, second = sorted(said.by_sense)
    candidates += [
        # Weights sum to as many as there are senses, so that equal ones are those of log-odds.
        Fusion(WEIGHTED, {first: 2 * r / (1 + r), second: 2 / (1 + r)}, neutral)
        for r in RATIOS
    ]
    scores = [
        mean_average_precision(fusion.score(said.by_sense), said.right) for fusion in candidates
    ]
    best = candidates[int(np.argmax(scores))]
    tried = dict.fromkeys(RULES, -1.0)
    for fusion, score in zip(candidates, scores, strict=True):
        tried[fusion.rule] = max(tried[fusion.rule], round(score, 4))
    weights = best.weights if best.rule == WEIGHTED else dict.fromkeys(neutral, 1.0)
    best = replace(best, weights={s: round(w, 4) for s, w in weights.items()}, measured=True)
    calibration = _calibrated(best.score(said.by_sense), said)
    return Chosen(replace(best, calibration=calibration), tried, alone)


def naive(fusion: Fusion) -> Fusion:
    """The plain sum of log-odds, whose probability is not calibrated again."""
    calibration = Calibration(1.0, 0.0, 0.5, 0.0)
    return Fusion(LOG_ODDS, neutral=fusion.neutral, calibration=calibration)


def _calibrated(scores: np.ndarray, said: Said) -> Calibration:
    return fit_calibration(ask_twice(scores, said.right).top, PRECISION)[0]


def _neutral(scores: np.ndarray, said: Said) -> float:
    """Log-odds of how often the best match of a sense is right: what it says without a look."""
    correct = ask_twice(scores, said.right).top.correct
    share = (correct.sum() + 1) / (len(correct) + 2)
    return round(float(np.log(share / (1 - share))), 4)
