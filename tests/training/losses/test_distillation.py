# SPDX-License-Identifier: Apache-2.0
"""KL terms against their definition, entry by entry."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from tests.training.losses.rows import X, Y, unit_rows
from xsense_training.losses.distillation import TeacherKl, topology_kl


def softmax(values):
    strength = [math.exp(v) for v in values]
    return [s / sum(strength) for s in strength]


class TestTeacherKl:
    def test_equals_the_definition(self):
        student, teacher, temperature = X @ Y.T, Y @ Y.T, 2.0
        total = 0.0
        for s, t in zip(student.tolist(), teacher.tolist(), strict=True):
            p = softmax([v / temperature for v in t])
            q = softmax([v / temperature for v in s])
            total += sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
        found = TeacherKl(temperature)(student, teacher)
        assert found.item() == pytest.approx(total / len(student) * temperature**2, rel=1e-4)

    def test_no_gradient_reaches_the_teacher(self):
        student = (X @ Y.T).requires_grad_()
        teacher = (Y @ Y.T).requires_grad_()
        TeacherKl()(student, teacher).backward()
        assert student.grad is not None and teacher.grad is None


class TestTopology:
    def test_equals_the_definition(self):
        words, temperature = 3 * torch.randn(6, 4, generator=torch.Generator().manual_seed(1)), 0.5
        lengths = [float(np.linalg.norm(w)) for w in words]
        total = 0.0
        for i in range(6):
            others = [j for j in range(6) if j != i]
            p = softmax(
                [
                    float(words[i] @ words[j]) / lengths[i] / lengths[j] / temperature
                    for j in others
                ]
            )
            q = softmax([float(X[i] @ X[j]) / temperature for j in others])
            total += sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
        found = topology_kl(X, words, temperature).item()
        assert found == pytest.approx(total / 6, rel=1e-4)

    def test_it_vanishes_for_the_same_topology(self):
        rotation = torch.linalg.qr(torch.randn(5, 5, generator=torch.Generator().manual_seed(0)))[
            0
        ]
        assert topology_kl(X @ rotation, 7 * X).item() == pytest.approx(0, abs=1e-5)

    def test_descending_it_brings_the_topology_over(self):
        words = unit_rows(6, 3, 9)
        raw = torch.randn(6, 5, generator=torch.Generator().manual_seed(2)).requires_grad_()
        optimiser = torch.optim.Adam([raw], lr=0.05)
        costs = []
        for _ in range(150):
            loss = topology_kl(torch.nn.functional.normalize(raw, dim=-1), words, 0.3)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            costs.append(loss.item())
        assert costs[-1] < 0.1 * costs[0]

    def test_one_row_has_no_topology(self):
        assert topology_kl(X[:1], Y[:1]).item() == 0
