# SPDX-License-Identifier: Apache-2.0
"""Losses are functions of their rows: in what order several processes deliver them is the same."""

from __future__ import annotations

import pytest
import torch

from tests.training.losses.rows import unit_rows
from xsense_training.losses.info_nce import InfoNce
from xsense_training.losses.pairing_hinge import PairingHinge
from xsense_training.losses.sig_lip import SigLip
from xsense_training.losses.triplet_batch_all import TripletBatchAll
from xsense_training.losses.triplet_batch_hard import TripletBatchHard
from xsense_training.losses.triplet_semi_hard import TripletSemiHard

LOSSES = [
    InfoNce(), PairingHinge(), SigLip(), TripletBatchAll(), TripletBatchHard(), TripletSemiHard(),
]  # fmt: skip
LABELS = torch.tensor([0, 1, 2, 0, 3, 1, 4, 2])
ORDER = torch.tensor([4, 5, 6, 7, 0, 1, 2, 3])  # the second process first


@pytest.mark.parametrize('loss', LOSSES, ids=lambda loss: type(loss).__name__)
def test_value_and_gradients_follow_the_rows(loss):
    grads, values = [], []
    for order in (torch.arange(8), ORDER):
        x = unit_rows(8, 6, 0)[order].requires_grad_()
        y = unit_rows(8, 6, 1)[order]
        value = loss(x, y, LABELS[order])
        value.backward()
        values.append(value.item())
        grads.append(x.grad[order.argsort()])
    assert values[0] == pytest.approx(values[1], rel=1e-5)
    assert torch.allclose(*grads, atol=1e-6)


@pytest.mark.parametrize('loss', LOSSES, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_unit_rows_of_any_precision_are_taken(loss, dtype):
    x, y = (unit_rows(8, 64, seed).to(dtype) for seed in (0, 1))
    found = loss(x, y, LABELS)
    exact = loss(x.float(), y.float(), LABELS) if dtype is torch.float32 else found
    assert torch.isfinite(found) and found.item() == pytest.approx(exact.item(), rel=1e-5)


@pytest.mark.parametrize('loss', LOSSES, ids=lambda loss: type(loss).__name__)
def test_what_is_not_finite_is_left_to_the_trainer_to_name(loss):
    broken = unit_rows(8, 6, 0)
    broken[1, 2] = torch.nan
    assert not torch.isfinite(loss(broken, unit_rows(8, 6, 1), LABELS))
