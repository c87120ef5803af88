# SPDX-License-Identifier: Apache-2.0
"""Supervised contrastive loss against the definition, row by row."""

from __future__ import annotations

import math

import pytest
import torch

from tests.training.losses.rows import DISTINCT, SHARED, X, Y
from xsense_training.losses.supervised_contrastive import SupervisedContrastive


def naive(vectors, labels, temperature):
    costs = []
    for i in range(len(vectors)):
        others = [j for j in range(len(vectors)) if j != i]
        logits = {j: float(vectors[i] @ vectors[j]) / temperature for j in others}
        normaliser = math.log(sum(math.exp(v) for v in logits.values()))
        positives = [j for j in others if labels[j] == labels[i]]
        if positives:
            costs.append(-sum(logits[j] - normaliser for j in positives) / len(positives))
    return sum(costs) / len(costs)


def test_equals_the_double_loop():
    found = SupervisedContrastive(0.2)(X, SHARED).item()
    assert found == pytest.approx(naive(X, SHARED, 0.2), rel=1e-5)


def test_two_modalities_stacked():
    vectors, labels = torch.cat([X, Y]), torch.cat([SHARED, SHARED])
    found = SupervisedContrastive()(vectors, labels).item()
    assert found == pytest.approx(naive(vectors, labels, 0.1), rel=1e-5)


def test_without_positives_nothing_moves():
    x = X.clone().requires_grad_()
    loss = SupervisedContrastive()(x, DISTINCT)
    loss.backward()
    assert loss.item() == 0 and x.grad.abs().max() == 0


def test_rows_of_another_length_are_refused():
    with pytest.raises(ValueError, match='vectors'):
        SupervisedContrastive()(2 * X, SHARED)
