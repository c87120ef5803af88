# SPDX-License-Identifier: Apache-2.0
"""Metrics of boxes, recounted."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_training.evaluate.match_results import METRICS, MatchResults

RNG = np.random.default_rng(0)
RESULTS = MatchResults(
    RNG.random(50), RNG.uniform(0, 12, 50), RNG.normal(1, 1, 50), RNG.normal(-1, 1, 30)
)


def test_shares_are_counts():
    overlap, away = RESULTS.overlap.tolist(), RESULTS.distance.tolist()
    assert RESULTS.value('mIoU') == pytest.approx(sum(overlap) / 50)
    for limit in (0.5, 0.7, 0.9):
        assert RESULTS.value(f'P{limit}') == sum(v > limit for v in overlap) / 50
    assert RESULTS.value('hit@5px') == sum(v <= 5 for v in away) / 50
    curve = [sum(v > step / 20 for v in overlap) / 50 for step in range(20)]
    assert RESULTS.value('AUC') == pytest.approx(sum(curve) / 20)


def test_false_alarms_at_recall():
    threshold = RESULTS.threshold
    assert (RESULTS.score >= threshold).mean() >= 0.95
    assert (RESULTS.score > threshold).mean() < 0.98
    expected = sum(v >= threshold for v in RESULTS.false_score.tolist()) / 30
    assert RESULTS.value('FA@95') == expected
    constant = MatchResults(np.ones(4), np.zeros(4), np.zeros(4), np.zeros(6))
    assert constant.value('FA@95') == 1  # a method that is never unsure


def test_names():
    assert all(np.isfinite(RESULTS.value(metric)) for metric in METRICS)
    with pytest.raises(ValueError, match='unknown metric'):
        RESULTS.per_query('mAP')
    empty = MatchResults(np.ones(4), np.zeros(4), np.zeros(4), np.zeros(0))
    assert np.isnan(empty.value('FA@95'))
