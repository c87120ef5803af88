# SPDX-License-Identifier: Apache-2.0
"""Hub correction against naive loops, and never with the help of other test queries."""

from __future__ import annotations

import math

import numpy as np
import pytest

from xsense_training.evaluate.hubness import choose_temperature, csls, inverted_softmax
from xsense_training.evaluate.metrics import mean_reciprocal_rank


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    return rng.uniform(-1, 1, (6, 9)), rng.uniform(-1, 1, (14, 9))


def test_inverted_softmax_equals_the_loop(drawn):
    similarity, bank = drawn
    found = inverted_softmax(similarity, bank, 0.2)
    for q in range(6):
        for i in range(9):
            below = sum(math.exp(bank[b, i] / 0.2) for b in range(14))
            assert math.exp(found[q, i]) == pytest.approx(math.exp(similarity[q, i] / 0.2) / below)


def test_csls_equals_the_loop(drawn):
    similarity, bank = drawn
    found = csls(similarity, bank, neighbours=3)
    for q in range(6):
        for i in range(9):
            of_query = sum(sorted(similarity[q], reverse=True)[:3]) / 3
            of_item = sum(sorted(bank[:, i], reverse=True)[:3]) / 3
            assert found[q, i] == pytest.approx(2 * similarity[q, i] - of_query - of_item)


@pytest.mark.parametrize('correct', [lambda s, b: inverted_softmax(s, b, 0.1), csls])
def test_a_query_is_answered_the_same_alone(drawn, correct):
    similarity, bank = drawn
    together = correct(similarity, bank)
    alone = np.concatenate([correct(row[None], bank) for row in similarity])
    assert np.allclose(together, alone)


def test_a_hub_loses_its_advantage():
    """One item is near to everything; the bank tells."""
    rng = np.random.default_rng(1)
    n = 40
    truth = rng.standard_normal((n, 16))
    similarity = truth @ truth.T + 2 * rng.standard_normal((n, n))
    bank = rng.standard_normal((80, n))
    similarity[:, :4] += 15
    bank[:, :4] += 15
    relevance = np.eye(n, dtype=bool)
    corrected = inverted_softmax(similarity, bank, 1.0)
    before = mean_reciprocal_rank(similarity, relevance)
    assert mean_reciprocal_rank(corrected, relevance) > before + 0.2


def test_temperature_is_the_best_of_the_candidates(drawn):
    similarity, bank = drawn
    cases = [(similarity, bank, np.eye(6, 9, dtype=bool))]
    candidates = (0.05, 0.3, 2.0)
    scores = {
        t: mean_reciprocal_rank(inverted_softmax(similarity, bank, t), cases[0][2])
        for t in candidates
    }
    assert scores[choose_temperature(cases, candidates)] == max(scores.values())
    assert choose_temperature([], candidates) == 0.3


@pytest.mark.parametrize(
    ('bank', 'temperature'), [((5, 8), 0.1), ((0, 9), 0.1), ((5, 9), 0.0), ((5, 9), -1.0)]
)
def test_what_cannot_be_corrected_is_refused(drawn, bank, temperature):
    with pytest.raises(ValueError):
        inverted_softmax(drawn[0], np.zeros(bank), temperature)
