# SPDX-License-Identifier: Apache-2.0
"""What several senses say of the same thing, joined to one answer (late fusion).

Each sense tells for every item the log-odds that it is the right one, as its calibration has it
(xsense_ros.retrieval). A rule makes one score an item of them, and a calibration of its own makes
a probability of the score: senses are not independent of each other, and none is as sure as it
says, so the sum of honest log-odds is not honest.

Rules (Kittler et al. 1998, "On combining classifiers"; Cormack et al. 2009 for ranks):

- ``log-odds``: the sum of what each sense adds to its neutral log-odds (naive Bayes);
- ``weighted``: the same, each sense with a weight;
- ``max``: the surest sense alone;
- ``rank``: the sum of 1 / (60 + rank); knows no cosines.

A sense that has no view of an item says nothing of it: that counts as its neutral log-odds, and
in ranks as the last place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.manifest import Calibration
from xsense_ros.errors import InputError
from xsense_ros.names import MODALITIES

Floats = NDArray[np.floating]
LOG_ODDS, WEIGHTED, MAX, RANK = 'log-odds', 'weighted', 'max', 'rank'
RULES = (LOG_ODDS, WEIGHTED, MAX, RANK)
RANK_OFFSET = 60.0
JOINT = '+'
# The logistic of the bare score; nothing is accepted by itself.
_NOT_FITTED = Calibration(slope=1.0, intercept=0.0, min_probability=1.0, min_margin=0.0)


@dataclass(frozen=True)
class Fusion:
    """How some senses are joined.

    ``weights`` and ``neutral`` [log-odds] are by sense; what is not named has weight 1 and is
    neutral at 0, even odds. ``calibration`` takes the score in place of a cosine. ``measured``:
    whether all that was found on data, for exactly these senses, targets and models.
    """

    rule: str
    weights: Mapping[str, float] = field(default_factory=dict)
    neutral: Mapping[str, float] = field(default_factory=dict)
    calibration: Calibration = _NOT_FITTED
    measured: bool = False

    def score(self, evidence: Mapping[str, Floats]) -> Floats:
        """Evidence by sense, (..., N) log-odds of N items, to a score (..., N) of each item.

        NaN: the sense has no view of the item.

        Raises:
            InputError: a rule that there is not.
        """
        senses = list(evidence)
        shape = (-1,) + (1,) * np.ndim(evidence[senses[0]])
        neutral = np.reshape([self.neutral.get(sense, 0.0) for sense in senses], shape)
        weights = np.reshape([self.weights.get(sense, 1.0) for sense in senses], shape)
        said = np.stack([np.asarray(evidence[sense], np.float64) for sense in senses])
        if self.rule == RANK:
            return np.asarray((1.0 / (RANK_OFFSET + _ranks(said))).sum(axis=0))
        added = np.where(np.isnan(said), 0.0, said - neutral)
        if self.rule == MAX:
            # An item of which nobody has a view is nobody's answer; it never gets here alone.
            return np.asarray(np.where(np.isnan(said), -np.inf, added).max(axis=0))
        if self.rule == LOG_ODDS:
            return np.asarray(added.sum(axis=0))
        if self.rule == WEIGHTED:
            return np.asarray((weights * added).sum(axis=0))
        cure = 'write the file of fusions again: `xsense-train fusion`'
        raise InputError('rule of fusion', self.rule, f'one of {list(RULES)}', cure)

    def share(self, sense: str, log_odds: float) -> float:
        """What a sense adds to the score of an item, to tell which sense decided."""
        weight = self.weights.get(sense, 1.0) if self.rule == WEIGHTED else 1.0
        return weight * (log_odds - self.neutral.get(sense, 0.0))


# Senses that nobody has measured together: their sum keeps the order, and nothing is accepted
# unless the user sets the least probability.
UNMEASURED = Fusion(LOG_ODDS)


def senses_of(name: str) -> tuple[str, ...]:
    """The senses of 'impact+touch', in alphabetical order.

    Raises:
        InputError: fewer than two, the same sense twice, or a sense that there is not.
    """
    senses = tuple(sorted(part.strip() for part in name.split(JOINT)))
    known = len(set(senses)) == len(senses) >= 2 and set(senses) <= set(MODALITIES)
    if not known:
        expected = f"two or more of {list(MODALITIES)}, each once, as in 'impact+touch'"
        raise InputError('senses asked together', name, expected, 'correct the names')
    return senses


def joint_name(senses: Sequence[str]) -> str:
    """'impact+touch' of these senses in any order; of one, its own name."""
    return JOINT.join(sorted(senses))


def _ranks(said: Floats) -> Floats:
    """(S, ..., N) log-odds -> ranks from 1 of each item within its sense; equal ones share."""
    filled = np.where(np.isnan(said), -np.inf, said)
    better = filled[..., None, :] > filled[..., :, None]
    return np.asarray(1.0 + better.sum(axis=-1))
