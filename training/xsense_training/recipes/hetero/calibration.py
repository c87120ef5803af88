# SPDX-License-Identifier: Apache-2.0
"""What a matcher's presence means: a probability, and from which one on a template is found.

Fitted on searches of the validation parts, half of which do not hold their target. The threshold
is the one that RECALL of the present ones reach; where more than FALSE_ALARMS of the absent ones
reach it too, it is raised until no more than that do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xsense_ros.engines.manifest import PresenceSpec
from xsense_training.evaluate.results import Floats
from xsense_training.export.calibration import logistic, sigmoid

RECALL, FALSE_ALARMS = 0.95, 0.05
_FARTHEST = 60.0  # a logit beyond it is certainty


@dataclass(frozen=True)
class Presence:
    """spec: for the manifest; rule: what the threshold keeps; achieved: on the searches given."""

    spec: PresenceSpec
    rule: str
    achieved: dict[str, float]


def calibrate(present: Floats, absent: Floats) -> Presence:
    """Presence scores (P,) of searches that hold their target, (A,) of searches that do not."""
    # Pictures that the senses refuse have a score far below all others; the fit need not know it.
    score = np.concatenate([present, absent]).clip(-_FARTHEST, _FARTHEST)
    there = np.arange(len(score)) < len(present)
    slope, intercept = (round(value, 4) for value in logistic(score, there))
    probability = sigmoid(slope * score + intercept)
    least = float(np.quantile(probability[there], 1 - RECALL, method='lower'))
    rule = f'reached by {RECALL:.0%} of the searches that hold their target'
    if (probability[~there] >= least).mean() > FALSE_ALARMS:
        least = float(np.quantile(probability[~there], 1 - FALSE_ALARMS, method='higher')) + 1e-4
        rule = f'reached by at most {FALSE_ALARMS:.0%} of the searches that do not hold theirs'
    least = round(min(least, 0.999), 4)
    spec = PresenceSpec(slope, intercept, least)
    return Presence(spec, rule, achieved(spec, present, absent))


def achieved(spec: PresenceSpec, present: Floats, absent: Floats) -> dict[str, float]:
    """Recall and false alarms of a calibration on scores (P,) and (A,), and how many these are."""
    found, false = (
        sigmoid(spec.slope * score + spec.intercept) >= spec.min_probability
        for score in (present, absent)
    )
    return {
        'recall': round(float(found.mean()), 4),
        'false_alarms': round(float(false.mean()), 4),
        'present': float(len(present)),
        'absent': float(len(absent)),
    }


def joined(parts: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, Floats]:
    """Scores of several lists together."""
    present, absent = (np.concatenate(side) for side in zip(*parts, strict=True))
    return present, absent
