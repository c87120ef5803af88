# SPDX-License-Identifier: Apache-2.0
"""Rows of a report, recomputed with scipy."""

from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import stats

from tests.training.evaluate.made import outcomes
from xsense_training.evaluate.metrics import METRICS
from xsense_training.evaluate.rows import summarise

KEYS = [
    'system',
    'dataset',
    'split',
    'direction',
    'metric',
    'method',
    'kind',
    'mean',
    'ci_low',
    'ci_high',
    'runs',
    'p_value_vs_best_baseline',
]


def row(summary, method, metric='mAP', direction='sketch->image'):
    (found,) = [
        r for r in summary.rows if (r.method, r.metric, r.direction) == (method, metric, direction)
    ]
    return found


def values(judged, method, metric='mAP', direction='sketch->image'):
    return np.array(
        [
            o.results.value(metric)
            for o in judged
            if (o.method, o.direction, o.correction) == (method, direction, '')
        ]
    )


def test_keys_are_those_of_the_command(summary):
    assert all(list(asdict(r)) == KEYS for r in summary.rows)
    assert {r.metric for r in summary.rows if '(' not in r.metric.replace('min(R,k)', '')} == set(
        METRICS
    )


@pytest.mark.parametrize('metric', ['mAP', 'P@10', 'MRR', 'recall@10'])
def test_mean_interval_and_p_are_scipys(judged, summary, metric):
    ours, theirs = (values(judged, m, metric) for m in ('ours', 'CCA'))
    found = row(summary, 'ours', metric)
    assert found.mean == pytest.approx(ours.mean(), abs=1e-4) and found.runs == 4
    low, high = stats.t.interval(0.95, 3, ours.mean(), stats.sem(ours))
    assert (found.ci_low, found.ci_high) == pytest.approx((low, high), abs=1e-4)
    expected = stats.ttest_rel(ours, theirs).pvalue
    assert found.p_value_vs_best_baseline == pytest.approx(expected, abs=1e-6)


def test_the_best_baseline_is_the_best_by_its_own_result(judged, summary):
    assert row(summary, 'CCA').mean > row(summary, 'regression').mean
    assert row(summary, 'CCA').p_value_vs_best_baseline is None
    assert row(summary, 'chance').p_value_vs_best_baseline is None
    # The lower median rank is the better one.
    assert row(summary, 'CCA', 'median_rank').p_value_vs_best_baseline is None
    # A control or a published variant sets no bar; what ships must be above them all the same.
    compared = [
        c
        for c in summary.comparisons
        if (c.metric, c.direction, c.method) == ('mAP', 'sketch->image', 'ours')
    ]
    assert {(c.other, c.other_kind) for c in compared} == {
        ('CCA', 'baseline'),
        ('mean colour', 'control'),
        ('original', 'published'),
    }
    against = next(c for c in compared if c.other_kind == 'published')
    difference = values(judged, 'ours') - values(judged, 'original')
    assert against.difference == pytest.approx(difference.mean(), abs=1e-4)
    assert against.p_runs == pytest.approx(stats.ttest_1samp(difference, 0).pvalue, abs=1e-6)
    assert against.p_queries < 0.01 and 0 < against.smallest_detectable < against.difference


def test_corrected_results_have_metrics_of_their_own(judged, summary):
    found = row(summary, 'ours', 'mAP (inverted softmax)')
    expected = [
        o.results.value('mAP')
        for o in judged
        if (o.correction, o.direction) == ('inverted softmax', 'sketch->image')
    ]
    assert found.mean == pytest.approx(np.mean(expected), abs=1e-4)
    assert found.p_value_vs_best_baseline is None  # no baseline was corrected


def test_one_run_is_judged_over_its_queries():
    found = row(summarise(outcomes(runs=1)), 'ours')
    assert found.runs == 1 and found.ci_low < found.mean < found.ci_high
    assert 0 < found.p_value_vs_best_baseline < 0.05


def test_other_queries_cannot_be_paired(judged):
    shorter = [
        replace(o, results=replace(o.results, counts=o.results.counts[:-1]))
        if o.method == 'CCA'
        else o
        for o in outcomes(runs=1)
    ]
    with pytest.raises(ValueError, match="'CCA' 29"):
        summarise(shorter)


def test_sizes_are_those_of_the_question(summary):
    assert {(s.direction, s.queries, s.gallery) for s in summary.sizes} == {
        ('sketch->image', 30, 60),
        ('image->sketch', 60, 30),
    }
