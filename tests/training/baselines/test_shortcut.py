"""When a control row says that a system has learned the shortcut."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.baselines.shortcut import shortcut
from xsense_training.evaluate.metrics import rank_queries
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.statistics import fold_interval


def outcome(run, noise, method, direction='sound->image', queries=40):
    rng = np.random.default_rng(run)
    truth = np.eye(queries)
    similarity = truth + noise * rng.standard_normal(truth.shape)
    kind = 'control' if method == 'duration' else 'production'
    results = rank_queries(similarity, truth.astype(bool))
    return Outcome('tnn-c-cca', 'embedded', 'notes', direction, method, kind, run, results)


def test_a_control_as_good_as_the_system_is_a_shortcut():
    found = shortcut(
        [outcome(run, 0.6, 'ours') for run in range(5)],
        [outcome(run, 0.55, 'duration') for run in (4, 3, 2, 1, 0)],
    )
    assert found.learned and found.interval[0] <= 0
    assert 'ours has learned the shortcut' in found.sentence()
    assert 'of duration' in found.sentence()


def test_a_system_far_above_its_control_is_none():
    ours = [outcome(run, 0.2, 'ours') for run in range(5)]
    theirs = [outcome(run, 2.0, 'duration') for run in range(5)]
    found = shortcut(ours, theirs, 'R@1')
    assert not found.learned and 'knows more' in found.sentence()
    gaps = [
        np.mean(a.results.rank == 1) - np.mean(b.results.rank == 1)
        for a, b in zip(ours, theirs, strict=True)
    ]
    assert found.difference == pytest.approx(np.mean(gaps))
    assert found.interval == pytest.approx(fold_interval(gaps))
    assert found.score - found.reached == pytest.approx(found.difference)


def test_one_run_is_judged_over_its_queries():
    found = shortcut([outcome(0, 0.2, 'ours')], [outcome(0, 2.0, 'duration')])
    assert not found.learned and np.isfinite(found.interval).all()


@pytest.mark.parametrize(
    ('other', 'metric', 'message'),
    [
        (outcome(1, 1.0, 'duration'), 'mAP', 'runs of the control'),
        (outcome(0, 1.0, 'duration', 'image->sound'), 'mAP', 'runs of the control'),
        (outcome(0, 1.0, 'duration', queries=30), 'mAP', 'queries of the control'),
        (outcome(0, 1.0, 'duration'), 'median_rank', 'more is better'),
    ],
)
def test_unlike_things_are_not_compared(other, metric, message):
    with pytest.raises(InputError, match=message):
        shortcut([outcome(0, 1.0, 'ours')], [other], metric)
