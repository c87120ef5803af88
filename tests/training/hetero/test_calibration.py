# SPDX-License-Identifier: Apache-2.0
"""What "found" means: a probability that is right, and a threshold that keeps its promise."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_training.recipes.hetero.calibration import achieved, calibrate, joined


def scores(apart, count=4000):
    rng = np.random.default_rng(0)
    return rng.normal(apart / 2, 1, count), rng.normal(-apart / 2, 1, count)


def test_probability_is_that_of_two_bells():
    """Normal scores of equal spread: the log odds are apart * score."""
    fitted = calibrate(*scores(3.0)).spec
    assert fitted.slope == pytest.approx(3.0, rel=0.08)
    assert fitted.intercept == pytest.approx(0.0, abs=0.15)


@pytest.mark.parametrize(('apart', 'rule'), [(5.0, '95%'), (2.0, '5%')])
def test_the_threshold_keeps_recall_or_false_alarms(apart, rule):
    present, absent = scores(apart)
    found = calibrate(present, absent)
    assert rule in found.rule
    assert found.achieved == achieved(found.spec, present, absent)
    assert found.achieved['false_alarms'] <= 0.05
    if rule == '95%':
        assert found.achieved['recall'] == pytest.approx(0.95, abs=0.002)
    else:
        assert found.achieved['recall'] < 0.95
        assert found.achieved['false_alarms'] == pytest.approx(0.05, abs=0.002)


def test_refused_pictures_do_not_bend_the_curve():
    present, absent = scores(4.0)
    plain = calibrate(present, absent)
    bent = calibrate(present, np.concatenate([absent, [-1e9] * 5]))
    assert bent.spec.slope == pytest.approx(plain.spec.slope, rel=0.05)


def test_lists_are_joined():
    present, absent = joined([(np.ones(2), np.zeros(1)), (np.ones(3), np.zeros(4))])
    assert len(present) == 5 and len(absent) == 5
