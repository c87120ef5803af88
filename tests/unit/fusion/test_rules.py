# SPDX-License-Identifier: Apache-2.0
"""Rules of fusion, recomputed item by item; names of senses."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.fusion.rules import (
    LOG_ODDS,
    MAX,
    RANK,
    RULES,
    UNMEASURED,
    WEIGHTED,
    Fusion,
    joint_name,
    senses_of,
)

NAN = math.nan
EVIDENCE = {
    'impact': np.array([1.0, -2.0, NAN, 0.5]),
    'touch': np.array([-1.0, 3.0, 2.0, 0.5]),
}
NEUTRAL = {'impact': 0.2, 'touch': -0.6}
WEIGHTS = {'impact': 1.5, 'touch': 0.5}


def naive(rule: str) -> list[float]:
    scores = []
    for item in range(4):
        said = {sense: own[item] for sense, own in EVIDENCE.items()}
        known = {sense: value for sense, value in said.items() if not math.isnan(value)}
        added = {sense: value - NEUTRAL[sense] for sense, value in known.items()}
        if rule == LOG_ODDS:
            scores.append(sum(added.values()))
        elif rule == WEIGHTED:
            scores.append(sum(WEIGHTS[sense] * value for sense, value in added.items()))
        elif rule == MAX:
            scores.append(max(added.values()))
        else:
            total = 0.0
            for own in EVIDENCE.values():
                values = [-math.inf if math.isnan(v) else v for v in own]
                total += 1 / (61 + sum(other > values[item] for other in values))
            scores.append(total)
    return scores


@pytest.mark.parametrize('rule', RULES)
def test_every_rule_is_recomputed_item_by_item(rule: str) -> None:
    fusion = Fusion(rule, WEIGHTS, NEUTRAL)
    scores = fusion.score(EVIDENCE)
    np.testing.assert_allclose(scores, naive(rule))
    many = {sense: np.stack([own, own[::-1]]) for sense, own in EVIDENCE.items()}
    np.testing.assert_allclose(fusion.score(many), [scores, scores[::-1]])


def test_bayes_of_independent_senses_is_the_sum_of_log_odds() -> None:
    """P(right | a, b) of two senses that err independently, from their own posteriors."""
    prior, posteriors = 0.25, (0.7, 0.6)
    odds = prior / (1 - prior)
    for p in posteriors:
        odds *= (p / (1 - p)) / (prior / (1 - prior))
    neutral = math.log(prior / (1 - prior))
    fusion = Fusion(LOG_ODDS, neutral={'sound': neutral, 'text': neutral})
    said = {
        sense: np.array([math.log(p / (1 - p))])
        for sense, p in zip(('sound', 'text'), posteriors, strict=True)
    }
    assert fusion.score(said)[0] + neutral == pytest.approx(math.log(odds))


def test_unmeasured_senses_are_never_accepted_by_themselves() -> None:
    assert UNMEASURED.rule == LOG_ODDS and not UNMEASURED.measured
    assert UNMEASURED.calibration.min_probability == 1.0
    assert UNMEASURED.share('touch', 2.0) == 2.0
    assert Fusion(WEIGHTED, WEIGHTS, NEUTRAL).share('touch', 2.0) == pytest.approx(1.3)


def test_an_unknown_rule_is_named() -> None:
    with pytest.raises(InputError, match='majority'):
        Fusion('majority').score(EVIDENCE)
    assert RANK in RULES


def test_names_of_senses() -> None:
    assert senses_of('touch + impact') == ('impact', 'touch')
    assert senses_of('text+image+sound') == ('image', 'sound', 'text')
    assert joint_name(('touch', 'impact')) == 'impact+touch' and joint_name(['text']) == 'text'
    for bad in ('touch', '', 'touch+', 'touch+touch', 'touch+smell', 'touch impact'):
        with pytest.raises(InputError, match='senses asked together'):
            senses_of(bad)
