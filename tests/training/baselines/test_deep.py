"""DSCMR and DAR: losses against loops over their formulas, repeatable training."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.baselines.small_world import embed
from xsense_ros.errors import InputError
from xsense_training.baselines.dar import DarLoss, fit_dar, ranking_sum
from xsense_training.baselines.deep import DeepSettings, perceptron
from xsense_training.baselines.dscmr import dscmr_loss, fit_dscmr
from xsense_training.data.samples import Samples

QUICK = DeepSettings(batch=32, epochs=10, learning_rate=1e-2, most_steps=40)


@pytest.fixture
def outputs():
    generator = torch.Generator().manual_seed(0)
    f = torch.randn(5, 4, generator=generator), torch.randn(5, 4, generator=generator)
    p = torch.randn(5, 3, generator=generator), torch.randn(5, 3, generator=generator)
    return f, p


def cosine(a, b):
    return float(a @ b / (a.norm() * b.norm()))


def test_dscmr_is_its_formula(outputs):
    f, p = outputs
    labels = torch.tensor([0, 1, 2, 0, 1]), torch.tensor([0, 1, 2, 0, 2])
    expected = 0.0
    for predicted, label in zip(p, labels, strict=True):
        for row, number in zip(predicted, label, strict=True):
            target = torch.zeros(3)
            target[number] = 1
            expected += float((row - target).norm()) / 5
    for a, b in ((0, 0), (0, 1), (1, 1)):
        for i in range(5):
            for j in range(5):
                s = cosine(f[a][i], f[b][j]) / 2
                same = float(labels[a][i] == labels[b][j])
                expected += 1e-4 * (math.log(1 + math.exp(s)) - same * s) / 25
    expected += 1e-2 * sum(float((a - b).norm()) for a, b in zip(*f, strict=True)) / 5
    found, terms = dscmr_loss(f, p, labels)
    assert float(found) == pytest.approx(expected, rel=1e-5)
    assert sum(terms.values()) == pytest.approx(expected, rel=1e-5)


def test_dar_is_its_formula(outputs):
    f, _ = outputs
    taught = tuple(rows.flip(0) for rows in f)
    expected = 0.0
    for student, teacher in ((f[1], taught[0]), (f[0], taught[1])):
        for guess, target in zip(student.log_softmax(1), teacher.softmax(1), strict=True):
            expected += (
                sum(float(t * (t.log() - g)) for g, t in zip(guess, target, strict=True)) / 5
            )
    ranking = 0.0
    for i in range(5):
        for j in range(5):
            if i != j:
                ranking += max(0, 0.1 - cosine(f[0][i], f[1][i]) + cosine(f[0][i], f[1][j]))
    assert float(ranking_sum(*f)) == pytest.approx(ranking, rel=1e-5)
    assert float(DarLoss()(f, taught)[0]) == pytest.approx(expected + ranking, rel=1e-5)


def test_a_perfect_pair_has_a_finite_gradient():
    f = torch.ones(2, 3, requires_grad=True)
    dscmr_loss((f, f), (f, f), (torch.tensor([0, 1]), torch.tensor([0, 1])))[0].backward()
    assert torch.isfinite(f.grad).all()


def test_normalisation_has_nothing_to_learn():
    kinds = [type(layer).__name__ for layer in perceptron([7, 6, 5, 4])]
    assert kinds == ['Linear', 'ReLU', 'BatchNorm1d'] * 2 + ['Linear']
    assert len(list(perceptron([7, 6, 5, 4]).parameters())) == 6  # of the linear layers alone


@pytest.mark.parametrize('fit', [fit_dscmr, fit_dar])
def test_it_learns_unit_vectors(train, score, fit):
    found = fit(*train, score, (24, 24, 16), QUICK)
    assert found.score == score(found.heads) > 0.6
    for samples in train:
        vectors = embed(found.heads[samples.modality], samples.features)
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_it_repeats(train, score):
    short = replace(QUICK, most_steps=5)
    first, second = (fit_dscmr(*train, score, (8, 4), short) for _ in range(2))
    for samples in train:
        a, b = (embed(f.heads[samples.modality], samples.features) for f in (first, second))
        assert np.array_equal(a, b)


def test_classes_stand_in_for_pairs(train, score):
    x, y = train
    apart = Samples(y.modality, y.features, y.label, y.concept + 1000)
    assert fit_dscmr(x, apart, score, (24, 16), QUICK).score > 0.6
    with pytest.raises(InputError, match='share a concept'):
        fit_dscmr(x, Samples(y.modality, y.features, y.label + 50, y.concept + 1000), score)


def test_dar_needs_room_for_its_classes(train, score):
    with pytest.raises(InputError, match='6, the number of classes'):
        fit_dar(*train, score, (8, 5))
