# SPDX-License-Identifier: Apache-2.0
"""Rules chosen on made evidence whose best is known, and judged against single senses."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.engines.manifest import Calibration
from xsense_ros.fusion.rules import LOG_ODDS, WEIGHTED
from xsense_training.fusion.choosing import choose_fusion, naive
from xsense_training.fusion.events import Said
from xsense_training.fusion.judging import HONEST, RANKED, RIGHT, STRANGERS, judge_together
from xsense_training.fusion.open_set import ask_twice, calibration_error
from xsense_training.fusion.table import fusion_table

THINGS = 24


def said(strength: tuple[float, float], seed: int, samples: int = 6) -> Said:
    """Evidence of two senses that err independently; strength 0 knows nothing."""
    rng = np.random.default_rng(seed)
    thing = np.repeat(np.arange(THINGS), samples)
    right = thing[:, None] == np.arange(THINGS)[None, :]
    found = [rng.standard_normal(right.shape) + s * right for s in strength]
    # As calibrations tell them: log-likelihood ratios of the normal deviates, and a prior.
    odds = [s * x - s * s / 2 - 1.0 for s, x in zip(strength, found, strict=True)]
    return Said({'impact': odds[0], 'touch': odds[1]}, thing)


def test_together_beats_each_sense_and_is_honest() -> None:
    chosen = choose_fusion(said((2.0, 2.0), 0))
    assert chosen.fusion.rule in (LOG_ODDS, WEIGHTED) and chosen.fusion.measured
    assert set(chosen.tried) == {'log-odds', 'weighted', 'max', 'rank'}
    assert chosen.tried['log-odds'] > chosen.tried['max']
    found = judge_together(said((2.0, 2.0), 1), chosen)
    assert set(found['above']) >= {'R@1', 'mAP'}
    for metric in RANKED:
        mean, low, high = found['methods']['together'][metric]
        assert low <= mean <= high
    together, alone = found['methods']['together'], found['methods'][found['better']]
    assert together[RIGHT][0] > alone[RIGHT][0] and together[HONEST] < 0.1
    assert found['things'] == THINGS


def test_a_sense_that_knows_nothing_weighs_less_and_does_not_help() -> None:
    validation = said((3.0, 1.0), 0)
    noise = np.random.default_rng(5).standard_normal(validation.right.shape)
    blind = Said({'impact': validation.by_sense['impact'], 'touch': noise}, validation.thing)
    chosen = choose_fusion(blind)
    assert chosen.fusion.rule == WEIGHTED
    assert chosen.fusion.weights['touch'] < chosen.fusion.weights['impact'] / 2
    test = said((3.0, 1.0), 2)
    other = np.random.default_rng(6).standard_normal(test.right.shape)
    found = judge_together(
        Said({'impact': test.by_sense['impact'], 'touch': other}, test.thing), chosen
    )
    assert not {'R@1', 'mAP'} & set(found['above'])


def test_every_event_is_asked_with_and_without_its_thing() -> None:
    evidence = said((2.0, 2.0), 3)
    scores = evidence.by_sense['touch']
    trials = ask_twice(scores, evidence.right)
    count = len(scores)
    assert len(trials.top.best) == 2 * count and trials.stranger.sum() == count
    assert not trials.top.correct[trials.stranger].any()
    for row in range(count):
        own = scores[row][evidence.right[row]][0]
        assert trials.top.best[row] >= own
        assert trials.top.correct[row] == (trials.top.best[row] == own)
    calibration = Calibration(1.0, 0.0, 0.5, 0.1)
    p = 1 / (1 + np.exp(-trials.top.best))
    q = 1 / (1 + np.exp(-trials.top.second))
    np.testing.assert_array_equal(trials.accepted(calibration), (p >= 0.5) & (p - q >= 0.1))


def test_calibration_error_by_hand() -> None:
    told = np.array([0.1, 0.1, 0.9, 0.9])
    assert calibration_error(told, np.array([False, False, True, True]), 2) == pytest.approx(0.1)
    assert calibration_error(told, np.array([True, True, False, False]), 2) == pytest.approx(0.9)
    assert naive(choose_fusion(said((1.0, 1.0), 0)).fusion).rule == LOG_ODDS


def test_the_table_says_what_was_and_what_was_not_shown() -> None:
    chosen = choose_fusion(said((2.0, 2.0), 0))
    row = {
        'senses': 'impact+touch',
        'targets': {'impact': ['impact'], 'touch': ['image', 'touch']},
        'data': 'made',
        'validation things': THINGS,
        'mAP on validation': chosen.tried,
        'rule': chosen.fusion.rule,
        'weights': chosen.fusion.weights,
        **judge_together(said((2.0, 2.0), 1), chosen),
    }
    text = fusion_table({'results': [row]})
    assert 'touch asks image and touch' in text and '| **together** |' in text
    assert 'by more than its interval in R@1' in text and STRANGERS in text
    assert 'not shown to be above' in fusion_table({'results': [row | {'above': []}]})
