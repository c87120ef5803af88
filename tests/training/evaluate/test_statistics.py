# SPDX-License-Identifier: Apache-2.0
"""Intervals, paired tests and what they could have found."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from xsense_training.evaluate.statistics import (
    bootstrap_interval,
    fold_interval,
    paired_p,
    sign_flip_p,
    smallest_detectable,
)


def test_bootstrap_interval_covers_the_mean():
    values = np.random.default_rng(0).normal(3, 1, 400)
    low, high = bootstrap_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.2)


def test_fold_interval_is_student_t():
    low, high = fold_interval([1.0, 2.0, 3.0])
    assert (low + high) / 2 == pytest.approx(2)
    assert high - low == pytest.approx(2 * 4.3027 / np.sqrt(3), rel=1e-3)


def test_a_clear_difference_is_found():
    rng = np.random.default_rng(0)
    folds = 0.1 + 0.01 * rng.standard_normal(5)
    assert paired_p(folds) == pytest.approx(stats.ttest_1samp(folds, 0).pvalue)
    assert paired_p(folds) < 1e-4 and smallest_detectable(folds) < 0.1
    assert sign_flip_p(0.1 + 0.1 * rng.standard_normal(200)) < 1e-3


def test_no_difference_is_not_found():
    rng = np.random.default_rng(1)
    folds = 0.1 * rng.standard_normal(5)
    assert paired_p(folds) > 0.05 and abs(folds.mean()) < smallest_detectable(folds)
    assert sign_flip_p(rng.standard_normal(200)) > 0.05
    assert paired_p(np.zeros(5)) == 1 and np.isnan(paired_p(np.full(5, 0.1)))


def test_smallest_detectable_difference_has_the_stated_power():
    """Simulated: the t test finds a difference of that size in about 80 % of trials."""
    rng = np.random.default_rng(2)
    spread, folds = 0.05, 5
    true = np.mean([smallest_detectable(rng.normal(0, spread, folds)) for _ in range(500)])
    found = [
        stats.ttest_1samp(rng.normal(true, spread, folds), 0).pvalue < 0.05 for _ in range(500)
    ]
    assert 0.65 < np.mean(found) < 0.95


def test_sign_flips_equal_the_exact_test_on_few_queries():
    differences = np.array([0.3, 0.1, -0.05, 0.2, 0.25, 0.15])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 6)).reshape(6, -1).T
    exact = np.mean(np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12)
    assert sign_flip_p(differences, draws=20000) == pytest.approx(exact, abs=0.01)
