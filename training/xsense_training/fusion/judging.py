# SPDX-License-Identifier: Apache-2.0
"""Several senses together beside each of them alone, on things that nothing was chosen on.

All intervals are bootstraps over things, not over questions: samples of one thing are alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.manifest import Calibration
from xsense_training.evaluate.metrics import rank_queries
from xsense_training.evaluate.statistics import Floats, bootstrap_interval
from xsense_training.fusion.choosing import Chosen, naive
from xsense_training.fusion.events import Ints, Said
from xsense_training.fusion.open_set import ask_twice, calibration_error

RANKED = ('R@1', 'R@5', 'mAP')
RIGHT, WRONG, STRANGERS = 'accepted and right', 'accepted, wrong', 'strangers accepted'
HONEST = 'calibration error'
DRAWS = 2000
Figures = dict[str, Any]


def judge_together(said: Said, chosen: Chosen) -> Figures:
    """All that a table says, as plain data.

    Returns:
        'methods': method -> metric -> [value, low, high], the calibration error without interval;
        'differences': metric -> [together minus the better sense alone, low, high], the better
        one by its own result here; 'better': that sense; 'above': metrics whose whole interval
        lies above zero.
    """
    together = _values(chosen.fusion.score(said.by_sense), chosen.fusion.calibration, said)
    alone = {
        sense: _values(found, chosen.alone[sense], said) for sense, found in said.by_sense.items()
    }
    values = {**alone, 'together': together}
    methods: dict[str, Figures] = {
        name: {metric: _interval(own, said.thing) for metric, own in found.items()}
        for name, found in values.items()
    }
    plain = naive(chosen.fusion)
    for name, scores, calibration in (
        *((s, found, chosen.alone[s]) for s, found in said.by_sense.items()),
        ('together', chosen.fusion.score(said.by_sense), chosen.fusion.calibration),
        ('sum, not calibrated again', plain.score(said.by_sense), plain.calibration),
    ):
        trials = ask_twice(scores, said.right, seed=1)
        error = calibration_error(trials.probability(calibration), trials.top.correct)
        methods.setdefault(name, {})[HONEST] = round(error, 4)
    better = max(alone, key=lambda sense: float(alone[sense]['mAP'].mean()))
    differences = {
        metric: _interval(together[metric] - alone[better][metric], said.thing)
        for metric in (*RANKED, RIGHT, STRANGERS)
    }
    return {
        'things': len(np.unique(said.thing)),
        'questions': len(said.thing),
        'methods': methods,
        'better': better,
        'differences': differences,
        'above': [metric for metric in RANKED if differences[metric][1] > 0],
    }


def _values(
    scores: NDArray[np.floating], calibration: Calibration, said: Said
) -> Mapping[str, Floats]:
    """Metric -> (Q,)."""
    ranked = rank_queries(scores, said.right)
    trials = ask_twice(scores, said.right, seed=1)
    accepted = trials.accepted(calibration)
    known = ~trials.stranger
    right = trials.top.correct[known]
    return {metric: ranked.per_query(metric) for metric in RANKED} | {
        RIGHT: (accepted[known] & right).astype(float),
        WRONG: (accepted[known] & ~right).astype(float),
        STRANGERS: accepted[trials.stranger].astype(float),
    }


def _interval(values: Floats, thing: Ints) -> list[float]:
    """[mean, low, high] over things."""
    means = np.array([values[thing == one].mean() for one in np.unique(thing)])
    low, high = bootstrap_interval(means, draws=DRAWS)
    return [round(float(found), 4) for found in (means.mean(), low, high)]
