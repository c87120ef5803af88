# SPDX-License-Identifier: Apache-2.0
"""Losses on pairs of rows (InfoNCE, hinge, sigmoid) against a naive double loop."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from pytorch_metric_learning.losses import SupConLoss
from pytorch_metric_learning.reducers import MeanReducer

from tests.training.losses.rows import DISTINCT, MANY_Y, OF_MANY_Y, SHARED, X, Y
from xsense_training.losses.info_nce import InfoNce
from xsense_training.losses.pairing_hinge import PairingHinge
from xsense_training.losses.sig_lip import SigLip


def naive_info_nce_from(a, b, labels_a, labels_b, temperature):
    """Mean over the rows of a that have a positive in b."""
    costs = []
    for i in range(len(a)):
        logits = [float(a[i] @ b[j]) / temperature for j in range(len(b))]
        normaliser = math.log(sum(math.exp(v) for v in logits))
        positives = [j for j in range(len(b)) if labels_a[i] == labels_b[j]]
        if positives:
            costs.append(-sum(logits[j] - normaliser for j in positives) / len(positives))
    return sum(costs) / len(costs)


def naive_info_nce(x, y, labels, labels_y, temperature):
    there = naive_info_nce_from(x, y, labels, labels_y, temperature)
    back = naive_info_nce_from(y, x, labels_y, labels, temperature)
    return (there + back) / 2


def naive_hinge(x, y, labels, margin, two_way):
    total, count = 0.0, 0
    for i in range(len(x)):
        for j in range(len(x)):
            if labels[i] == labels[j]:
                continue
            total += max(0.0, margin - float(x[i] @ y[i]) + float(x[i] @ y[j]))
            if two_way:
                total += max(0.0, margin - float(x[j] @ y[j]) + float(x[i] @ y[j]))
            count += 1
    return total / count


class TestInfoNce:
    @pytest.mark.parametrize('labels', [DISTINCT, SHARED])
    def test_equals_the_double_loop(self, labels):
        expected = naive_info_nce(X, Y, labels, labels, 0.1)
        assert InfoNce(0.1)(X, Y, labels).item() == pytest.approx(expected, rel=1e-5)

    def test_equals_the_double_loop_where_rows_are_no_partners(self):
        found = InfoNce(0.1)(X, MANY_Y, SHARED, OF_MANY_Y).item()
        expected = naive_info_nce(X, MANY_Y, SHARED, OF_MANY_Y, 0.1)
        assert found == pytest.approx(expected, rel=1e-5)

    def test_each_direction_is_the_library_s(self):
        library = SupConLoss(0.1, reducer=MeanReducer())
        # The clone is needed: given one label tensor twice, the library drops the true pairs.
        there = library(X, SHARED, ref_emb=Y, ref_labels=SHARED.clone())
        back = library(Y, SHARED, ref_emb=X, ref_labels=SHARED.clone())
        assert torch.allclose(InfoNce(0.1, two_way=False)(X, Y, SHARED), there, rtol=1e-5)
        assert torch.allclose(InfoNce(0.1)(X, Y, SHARED), (there + back) / 2, rtol=1e-5)

    def test_other_captions_of_an_item_are_no_negatives(self):
        """Pulling a second caption closer lowers the loss; as a negative it would raise it."""
        axes = torch.eye(4)
        x = axes[[0, 3, 2]]
        far, near = axes[[0, 1, 2]], F.normalize(axes[[0, 1, 2]] + axes[[1, 0, 1]] * 0.5, dim=-1)
        near[[0, 2]] = far[[0, 2]]
        loss, same, distinct = InfoNce(0.5), torch.tensor([0, 0, 1]), torch.arange(3)
        assert loss(x, near, same) < loss(x, far, same)
        assert loss(x, near, distinct) > loss(x, far, distinct)

    def test_the_temperature_learns_unless_it_is_told_not_to(self):
        loss = InfoNce()
        loss(X, Y, DISTINCT).backward()
        assert loss.log_scale.grad is not None and loss.log_scale.grad.abs() > 0
        assert not InfoNce(learnable=False).log_scale.requires_grad

    def test_nothing_in_common_costs_nothing(self):
        x = X.clone().requires_grad_()
        loss = InfoNce()(x, Y, DISTINCT, DISTINCT + 10)
        loss.backward()
        assert loss.item() == 0 and x.grad.abs().max() == 0


class TestPairingHinge:
    @pytest.mark.parametrize('labels', [DISTINCT, SHARED])
    @pytest.mark.parametrize('margin', [0.002, 0.1, 1.0])
    @pytest.mark.parametrize('two_way', [True, False])
    def test_equals_the_double_loop(self, labels, margin, two_way):
        found = PairingHinge(margin, two_way)(X, Y, labels).item()
        assert found == pytest.approx(naive_hinge(X, Y, labels, margin, two_way), rel=1e-5)

    def test_further_rows_are_negatives_alone(self):
        more, labels_more = torch.cat([Y, MANY_Y]), torch.cat([SHARED, OF_MANY_Y])
        total, count = 0.0, 0
        for i in range(len(X)):
            for j in range(len(more)):
                if SHARED[i] != labels_more[j]:
                    total += max(0.0, 0.1 - float(X[i] @ Y[i]) + float(X[i] @ more[j]))
                    count += 1
        found = PairingHinge(0.1, two_way=False)(X, more, SHARED, labels_more).item()
        assert found == pytest.approx(total / count, rel=1e-5)

    def test_the_published_sum_over_negatives(self):
        total = 0.0
        for i in range(6):
            for j in range(6):
                if j != i:
                    total += max(0.0, 0.002 - float(X[i] @ Y[i]) + float(X[i] @ Y[j]))
        found = PairingHinge(0.002, two_way=False, per_anchor=True)(X, Y, DISTINCT).item()
        assert found == pytest.approx(total / 6, rel=1e-5)

    def test_one_item_alone_costs_nothing(self):
        assert float(PairingHinge()(X, Y, torch.zeros(6, dtype=torch.long))) == 0


class TestSigLip:
    @pytest.mark.parametrize('labels', [DISTINCT, SHARED])
    def test_equals_the_double_loop(self, labels):
        total = 0.0
        for i in range(6):
            for j in range(6):
                answer = 1 if labels[i] == labels[j] else -1
                logit = 4.0 * float(X[i] @ Y[j]) - 2.0
                total += math.log(1 + math.exp(-answer * logit))
        assert SigLip(4.0, -2.0)(X, Y, labels).item() == pytest.approx(total / 6, rel=1e-5)

    def test_it_is_the_same_from_either_side(self):
        assert torch.allclose(SigLip()(X, Y, SHARED), SigLip()(Y, X, SHARED))

    def test_scale_and_bias_learn(self):
        loss = SigLip()
        loss(X, Y, SHARED).backward()
        assert loss.log_scale.grad.abs() > 0 and loss.bias.grad.abs() > 0
