# SPDX-License-Identifier: Apache-2.0
"""Curves from rankings, against counting by hand."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_training.evaluate.metrics import rank_queries
from xsense_training.evaluate.precision_recall import eleven_point, full_curve


def test_full_curve_is_what_counting_gives():
    rng = np.random.default_rng(0)
    similarity, relevance = rng.random((9, 20)), rng.random((9, 20)) < 0.3
    relevance[:, 0] = True
    order = np.argsort(-similarity, axis=1)
    ranked = np.take_along_axis(relevance, order, axis=1)
    recall, precision = full_curve(rank_queries(similarity, relevance))
    for k in range(1, 21):
        hits = ranked[:, :k].sum(axis=1)
        assert recall[k - 1] == pytest.approx(np.mean(hits / relevance.sum(axis=1)))
        assert precision[k - 1] == pytest.approx(np.mean(hits / k))


def test_a_perfect_ranking_has_full_precision_everywhere():
    relevance = np.repeat(np.eye(4, dtype=bool), 5, axis=1)
    assert eleven_point(rank_queries(relevance.astype(float), relevance)) == pytest.approx(1)


def test_interpolation_takes_the_best_beyond():
    # Relevant at 2 and 3 of 4: precision 1/2, then 2/3; interpolated it is 2/3 throughout.
    results = rank_queries(np.array([[4.0, 3, 2, 1]]), np.array([[False, True, True, False]]))
    assert eleven_point(results) == pytest.approx(2 / 3)
