# SPDX-License-Identifier: Apache-2.0
"""Tables, stores and plots of found boxes: the same rows as rankings have."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from xsense_ros.errors import InputError
from xsense_training.evaluate.brief import brief
from xsense_training.evaluate.document import read_metrics, write_metrics
from xsense_training.evaluate.match_results import METRICS, MatchResults
from xsense_training.evaluate.match_table import constant_box_table
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.outcome_store import INDEX, load_outcomes, save_outcomes
from xsense_training.evaluate.report import report, write_sections
from xsense_training.evaluate.rows import summarise
from xsense_training.evaluate.table import markdown
from xsense_training.export.model_card import verdicts

STRENGTH = {
    'centre prior': ('control', 0.1),
    'NCC': ('baseline', 0.4),
    '|NCC|': ('baseline', 0.5),
    'ours': ('production', 0.9),
}


def outcomes(absent=40):
    rng = np.random.default_rng(0)
    found = []
    for dataset, split in (('land', 'centred, a control'), ('land', 'moved'), ('made', 'moved')):
        for method, (kind, strength) in STRENGTH.items():
            right = rng.random(120) < strength
            overlap = np.where(right, rng.uniform(0.75, 1, 120), rng.uniform(0, 0.3, 120))
            away = np.where(right, rng.uniform(0, 4, 120), 30)
            score = rng.normal(3 * strength, 1, 120)
            results = MatchResults(overlap, away, score, rng.normal(0, 1, absent))
            found.append(Outcome('hetero', dataset, split, 'a->b', method, kind, 0, results))
    return found


@pytest.fixture(scope='module')
def summary():
    return summarise(outcomes())


def lines(text):
    return [line for line in text.splitlines() if line.startswith('|')]


def test_rows_are_those_of_the_searches(summary):
    judged = outcomes()
    rows = {(r.dataset, r.split, r.method, r.metric): r for r in summary.rows}
    assert {metric for *_, metric in rows} == set(METRICS)
    for o in judged:
        for metric in METRICS:
            row = rows[o.dataset, o.split, o.method, metric]
            assert row.mean == pytest.approx(o.results.value(metric), abs=1e-4)
            assert row.ci_low <= row.mean <= row.ci_high and row.runs == 1
    # The interval is that of a share.
    ours = rows['made', 'moved', 'ours', 'P0.5']
    low, high = stats.binomtest(round(ours.mean * 120), 120).proportion_ci(method='wilson')
    assert (ours.ci_low, ours.ci_high) == pytest.approx((low, high), abs=0.03)
    assert rows['made', 'moved', '|NCC|', 'P0.5'].p_value_vs_best_baseline is None
    assert ours.p_value_vs_best_baseline < 0.001
    assert [(s.queries, s.gallery) for s in summary.sizes] == [(120, 40)] * 3


def test_lower_false_alarms_are_better(summary):
    best = {
        r.method
        for r in summary.rows
        if r.metric == 'FA@95' and r.kind == 'baseline' and r.p_value_vs_best_baseline is None
    }
    rows = [r for r in summary.rows if r.metric == 'FA@95' and r.dataset == 'made']
    lowest = min((r for r in rows if r.kind == 'baseline'), key=lambda r: r.mean)
    assert lowest.method in best


def test_without_absent_searches_there_is_no_false_alarm():
    assert 'FA@95' not in {r.metric for r in summarise(outcomes(absent=0)).rows}


def test_table(summary):
    text = markdown(summary)
    table = lines(text)
    assert '**Centred**' in text and '**Moved**' in text
    assert all(line.replace('\\|', '').count('|') == table[0].count('|') for line in table)
    ours = [line for line in table if '**ours**' in line][-1]
    assert ': above' in ours and '| _\\|NCC\\|_ |' in text
    assert 'in 2 of 2 questions.' in text  # the control asks nothing


def test_brief_and_constant_box(summary):
    table = lines(brief(summary))
    assert len(table) == 2 + 3 and '| **0.' in table[2]
    assert len({line.replace('\\|', '').count('|') for line in table}) == 1
    constant = lines(constant_box_table(summary))
    assert len(constant) == 2 + 2  # of the first data set alone
    shown = next(r for r in summary.rows if (r.method, r.metric) == ('centre prior', 'mIoU'))
    assert f'| {shown.mean:.3f} |' in constant[2]


def test_what_is_not_apart_is_named():
    judged = outcomes()
    same = {(o.dataset, o.split): o.results for o in judged if o.method == '|NCC|'}
    drawn = summarise(
        [replace(o, results=same[o.dataset, o.split]) if o.method == 'ours' else o for o in judged]
    )
    assert 'in 0 of 2 questions; not in: land, moved (mIoU, P0.5, P0.7)' in markdown(drawn)
    assert {v['verdict'] for v in verdicts(drawn).values()} == {'not shown'}
    assert {v['verdict'] for v in verdicts(summarise(judged)).values()} == {'above'}


def test_what_was_saved_is_loaded(tmp_path, summary):
    judged = outcomes()
    save_outcomes(judged, tmp_path / 'outcomes')
    found = load_outcomes(tmp_path)
    assert len(found) == len(judged)
    for o in judged:
        (same,) = (
            f for f in found if (f.dataset, f.split, f.method) == (o.dataset, o.split, o.method)
        )
        for name, values in vars(o.results).items():
            assert np.array_equal(getattr(same.results, name), values)
    report(['hetero'], runs=tmp_path, plots=tmp_path / 'plots')
    assert (tmp_path / 'plots' / 'hetero-success.png').stat().st_size > 5000
    index = next((tmp_path / 'outcomes').rglob(INDEX))
    index.write_text(index.read_text().replace('"match"', '"guess"'))
    with pytest.raises(InputError, match='judge again'):
        load_outcomes(tmp_path)


def test_metrics_survive_their_file(tmp_path, summary):
    path = tmp_path / 'metrics.json'
    path.write_text(write_metrics(summary, {}))
    assert read_metrics(path) == summary
    assert json.loads(path.read_text())['asked'][0]['gallery'] == 40


def test_sections(tmp_path, summary):
    page = tmp_path / 'page.md'
    names = ('hetero', 'hetero-constant-box')
    marks = [f'<!-- {end}results:{name} -->' for name in names for end in ('', '/')]
    page.write_text('\n'.join(marks))
    assert write_sections(page, summary, brief) == ['hetero', 'hetero-constant-box']
    assert brief(summary).strip() in page.read_text()
    assert constant_box_table(summary).strip() in page.read_text()
