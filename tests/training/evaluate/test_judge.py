# SPDX-License-Identifier: Apache-2.0
"""From similarities to outcomes, and generalised zero-shot with its harmonic mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from xsense_training.evaluate.direction import Direction, Side
from xsense_training.evaluate.generalised import (
    HARMONIC,
    SEEN,
    UNSEEN,
    harmonic_mean,
    judge_generalised,
    together,
)
from xsense_training.evaluate.hubness import Bank, inverted_softmax
from xsense_training.evaluate.judge import judge
from xsense_training.evaluate.metrics import rank_queries
from xsense_training.evaluate.rows import summarise
from xsense_training.evaluate.table import markdown


def side(modality, concepts):
    concepts = np.asarray(concepts)
    return Side(modality, np.arange(len(concepts)), concepts)


def direction(query, gallery):
    relevance = query.concept[:, None] == gallery.concept[None]
    return Direction('asked', query, gallery, relevance)


@pytest.fixture
def asked():
    return direction(side('sketch', range(8)), side('image', np.repeat(np.arange(8), 2)))


def test_methods_and_a_chance_row(asked):
    scores = asked.relevance + np.random.default_rng(0).random(asked.relevance.shape)
    found = judge('s', 'd', 'unseen', asked, 3, {'ours': ('production', scores)})
    assert [(o.method, o.kind, o.run) for o in found] == [
        ('ours', 'production', 3),
        ('chance', 'chance', 3),
    ]
    assert {o.direction for o in found} == {'sketch->image'}
    expected = rank_queries(scores, asked.relevance)
    assert np.array_equal(found[0].results.ranks, expected.ranks)
    assert len(found[1].results.counts) >= 2000  # enough draws for a steady mean
    assert found[1].results.value('R@1') == pytest.approx(2 / 16, abs=0.03)


def test_a_bank_adds_corrected_outcomes(asked):
    rng = np.random.default_rng(0)
    scores, bank = rng.random(asked.relevance.shape), rng.random((30, 16))
    found = judge(
        's', 'd', 'x', asked, 0, {'ours': ('production', scores)}, {'ours': Bank(bank, 0.3)}
    )
    assert [o.correction for o in found] == ['', 'inverted softmax', 'CSLS', '']
    expected = rank_queries(inverted_softmax(scores, bank, 0.3), asked.relevance)
    assert np.array_equal(found[1].results.ranks, expected.ranks)


def test_what_cannot_be_judged_is_refused(asked):
    good = np.zeros(asked.relevance.shape)
    for bad in (good[:, 1:], np.full_like(good, np.nan)):
        with pytest.raises(ValueError, match='ours'):
            judge('s', 'd', 'x', asked, 0, {'ours': ('production', bad)})
    with pytest.raises(ValueError, match='other'):
        judge('s', 'd', 'x', asked, 0, {'ours': ('baseline', good)}, {'other': Bank(good)})
    with pytest.raises(ValueError, match='best'):
        judge('s', 'd', 'x', asked, 0, {'ours': ('best', good)})


class TestGeneralised:
    def test_reports_the_harmonic_mean_of_each_run(self):
        rng = np.random.default_rng(0)
        seen, unseen = side('image', range(10)), side('image', range(10, 16))
        gallery = together(seen, unseen)
        ask_seen = direction(side('sketch', range(10)), gallery)
        ask_unseen = direction(side('sketch', range(10, 16)), gallery)
        outcomes = []
        for run in range(2):
            # Seen classes are answered well, unseen ones are drawn to them.
            good = 3 * ask_seen.relevance + rng.random(ask_seen.relevance.shape)
            poor = rng.random(ask_unseen.relevance.shape)
            methods = {'ours': ('production', poor, good)}
            outcomes += judge_generalised('s', 'd', 'x', ask_unseen, ask_seen, run, methods)
        values = {(o.split, o.run): o.results.value('mAP') for o in outcomes if o.method == 'ours'}
        assert {s for s, _ in values} == {'x' + SEEN, 'x' + UNSEEN}
        expected = np.mean(
            [2 / (1 / values['x' + SEEN, run] + 1 / values['x' + UNSEEN, run]) for run in range(2)]
        )
        summary = summarise(outcomes)
        row = next(
            r
            for r in summary.rows
            if (r.split, r.metric, r.method) == ('x' + HARMONIC, 'mAP', 'ours')
        )
        assert row.mean == pytest.approx(expected, abs=1e-4) and row.runs == 2
        assert row.mean < np.mean([*values.values()])
        assert f'x{HARMONIC}**: sketch->image 16 x 16' in markdown(summary)

    def test_harmonic_mean(self):
        assert harmonic_mean(0.0, 0.0) == 0 and harmonic_mean(0.9, 0.0) == 0
        assert harmonic_mean(0.6, 0.3) == pytest.approx(0.4)

    def test_galleries_must_be_one(self):
        gallery = side('image', range(4))
        asked = direction(side('sketch', range(2)), gallery)
        other = replace(asked, gallery=side('image', range(3)))
        with pytest.raises(ValueError, match='one gallery'):
            judge_generalised('s', 'd', 'x', asked, other, 0, {})
        with pytest.raises(ValueError, match='sound'):
            together(gallery, side('sound', range(2)))
