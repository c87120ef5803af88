# SPDX-License-Identifier: Apache-2.0
"""On rankings without ties every metric equals scikit-learn's and trec_eval's."""

from __future__ import annotations

import numpy as np
import pytest
import pytrec_eval
from sklearn.metrics import average_precision_score, precision_recall_curve

from xsense_training.evaluate.metrics import rank_queries
from xsense_training.evaluate.precision_recall import eleven_point, query_curve

QUERIES, GALLERY = 25, 120


@pytest.fixture(scope='module')
def drawn():
    rng = np.random.default_rng(0)
    similarity = rng.permuted(np.tile(np.linspace(-1, 1, GALLERY), (QUERIES, 1)), axis=1)
    relevance = rng.random((QUERIES, GALLERY)) < rng.uniform(0.02, 0.3, (QUERIES, 1))
    relevance[:, 0] = True
    return similarity, relevance, rank_queries(similarity, relevance)


def trec(similarity, relevance, measures):
    names = [f'{i:04d}' for i in range(GALLERY)]
    truth, run = {}, {}
    for q in range(QUERIES):
        truth[f'q{q:03d}'] = {n: int(r) for n, r in zip(names, relevance[q], strict=True)}
        run[f'q{q:03d}'] = {n: float(s) for n, s in zip(names, similarity[q], strict=True)}
    return pytrec_eval.RelevanceEvaluator(truth, measures).evaluate(run)


def test_average_precision_is_scikit_learns(drawn):
    similarity, relevance, results = drawn
    expected = [average_precision_score(r, s) for r, s in zip(relevance, similarity, strict=True)]
    assert results.per_query('mAP') == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ('ours', 'theirs'),
    [
        ('mAP', 'map'),
        ('MRR', 'recip_rank'),
        ('P@5', 'P_5'),
        ('P@10', 'P_10'),
        ('P@100', 'P_100'),
        ('recall@5', 'recall_5'),
        ('recall@30', 'recall_30'),
        ('mAP@5/R', 'map_cut_5'),
        ('mAP@10/R', 'map_cut_10'),
        ('R@5', 'success_5'),
        ('success@10', 'success_10'),
    ],
)
def test_every_query_equals_trec_eval(drawn, ours, theirs):
    similarity, relevance, results = drawn
    found = trec(similarity, relevance, {'map', 'recip_rank', 'P', 'recall', 'map_cut', 'success'})
    expected = [found[f'q{q:03d}'][theirs] for q in range(QUERIES)]
    assert results.per_query(ours) == pytest.approx(expected, abs=1e-6)  # trec_eval keeps floats


def test_curve_holds_scikit_learns_points(drawn):
    similarity, relevance, results = drawn
    for query in range(QUERIES):
        precision, recall, _ = precision_recall_curve(relevance[query], similarity[query])
        reference = {(round(r, 9), round(p, 9)) for r, p in zip(recall, precision, strict=True)}
        ours = zip(*(np.round(v, 9) for v in query_curve(results, query)), strict=True)
        assert set(ours) <= reference


def test_eleven_points_are_trec_evals(drawn):
    similarity, relevance, results = drawn
    found = trec(similarity, relevance, {'iprec_at_recall'})
    expected = [
        np.mean([found[f'q{q:03d}'][f'iprec_at_recall_{level / 10:.2f}'] for q in range(QUERIES)])
        for level in range(11)
    ]
    assert eleven_point(results) == pytest.approx(expected, abs=1e-6)
