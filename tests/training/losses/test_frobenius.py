# SPDX-License-Identifier: Apache-2.0
"""Frobenius terms, entry by entry."""

from __future__ import annotations

import pytest
import torch

from tests.training.losses.rows import X, Y
from xsense_training.losses.frobenius import alignment, reconstruction


@pytest.mark.parametrize('term', [alignment, reconstruction])
def test_equals_the_loop_scaled_by_rows_and_dimensions(term):
    total = sum((float(X[i, k]) - float(Y[i, k])) ** 2 for i in range(6) for k in range(5))
    assert term(X, Y).item() == pytest.approx(total / 6 / 5, rel=1e-5)
    norm = torch.linalg.matrix_norm(X - Y, 'fro').item()
    assert term(X, Y).item() == pytest.approx(norm**2 / 30, rel=1e-5)


def test_both_sides_of_an_alignment_move_but_a_reconstruction_s_target_stays():
    x, target = X.clone().requires_grad_(), Y.clone().requires_grad_()
    reconstruction(x, target).backward()
    assert x.grad.abs().max() > 0 and target.grad is None
    alignment(x, target).backward()
    assert target.grad.abs().max() > 0


def test_shapes_must_agree_because_broadcasting_would_hide_a_mistake():
    with pytest.raises(ValueError, match=r'\(6, 5\), \(1, 5\)'):
        alignment(X, Y[:1])
