# SPDX-License-Identifier: Apache-2.0
"""Each loss against a naive double loop."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F

from xsense_training.losses.distillation import TeacherKl
from xsense_training.losses.info_nce import InfoNce
from xsense_training.losses.pairing_hinge import PairingHinge


def unit_rows(rows, dimensions, seed):
    generator = torch.Generator().manual_seed(seed)
    return F.normalize(torch.randn(rows, dimensions, generator=generator), dim=-1)


X, Y = unit_rows(6, 5, 0), unit_rows(6, 5, 1)
DISTINCT = torch.arange(6)
SHARED = torch.tensor([0, 1, 0, 2, 3, 1])


def naive_info_nce(x, y, labels, temperature):
    total = 0.0
    for a, b in ((x, y), (y, x)):
        for i in range(len(a)):
            logits = [float(a[i] @ b[j]) / temperature for j in range(len(b))]
            normaliser = math.log(sum(math.exp(v) for v in logits))
            positives = [j for j in range(len(b)) if labels[i] == labels[j]]
            total -= sum(logits[j] - normaliser for j in positives) / len(positives)
    return total / (2 * len(x))


def naive_hinge(x, y, labels, margin):
    total, count = 0.0, 0
    for i in range(len(x)):
        for j in range(len(x)):
            if labels[i] == labels[j]:
                continue
            paired = float(x[i] @ y[i])
            total += max(0.0, margin - paired + float(x[i] @ y[j]))
            total += max(0.0, margin - float(x[j] @ y[j]) + float(x[i] @ y[j]))
            count += 1
    return total / count


class TestInfoNce:
    def test_equals_the_double_loop(self):
        for labels in (DISTINCT, SHARED):
            found = InfoNce(0.1)(X, Y, labels).item()
            assert math.isclose(found, naive_info_nce(X, Y, labels, 0.1), rel_tol=1e-5)

    def test_other_captions_of_an_item_are_no_negatives(self):
        """Pulling a second caption closer lowers the loss; as a negative it would raise it."""
        axes = torch.eye(4)
        x = axes[[0, 3, 2]]
        far, near = axes[[0, 1, 2]], F.normalize(axes[[0, 1, 2]] + axes[[1, 0, 1]] * 0.5, dim=-1)
        near[[0, 2]] = far[[0, 2]]
        loss, same, distinct = InfoNce(0.5), torch.tensor([0, 0, 1]), torch.arange(3)
        assert loss(x, near, same) < loss(x, far, same)
        assert loss(x, near, distinct) > loss(x, far, distinct)

    def test_the_temperature_learns(self):
        loss = InfoNce()
        loss(X, Y, DISTINCT).backward()
        assert loss.log_scale.grad is not None and loss.log_scale.grad.abs() > 0


class TestPairingHinge:
    def test_equals_the_double_loop(self):
        for labels in (DISTINCT, SHARED):
            for margin in (0.002, 0.1, 1.0):
                found = float(PairingHinge(margin)(X, Y, labels))
                assert math.isclose(found, naive_hinge(X, Y, labels, margin), rel_tol=1e-5)

    def test_one_item_alone_costs_nothing(self):
        assert float(PairingHinge()(X, Y, torch.zeros(6, dtype=torch.long))) == 0


class TestTeacherKl:
    def test_equals_the_definition(self):
        student, teacher, temperature = X @ Y.T, Y @ Y.T, 2.0
        total = 0.0
        for s, t in zip(student.numpy(), teacher.numpy(), strict=True):
            p = np.exp(t / temperature) / np.exp(t / temperature).sum()
            q = np.exp(s / temperature) / np.exp(s / temperature).sum()
            total += float((p * np.log(p / q)).sum())
        expected = total / len(student) * temperature**2
        found = TeacherKl(temperature)(student, teacher)
        assert math.isclose(float(found), expected, rel_tol=1e-4)

    def test_no_gradient_reaches_the_teacher(self):
        student = (X @ Y.T).requires_grad_()
        teacher = (Y @ Y.T).requires_grad_()
        TeacherKl()(student, teacher).backward()
        assert student.grad is not None and teacher.grad is None
