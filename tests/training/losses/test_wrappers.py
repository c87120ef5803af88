# SPDX-License-Identifier: Apache-2.0
"""Cross-batch memory and Matryoshka against what they stand for."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from tests.training.losses.rows import SHARED, X, Y, unit_rows
from xsense_ros.errors import InputError
from xsense_training.losses.cross_batch_memory import CrossBatchMemory
from xsense_training.losses.info_nce import InfoNce
from xsense_training.losses.matryoshka import Matryoshka
from xsense_training.losses.pairing_hinge import PairingHinge
from xsense_training.losses.sig_lip import SigLip
from xsense_training.losses.supervised_contrastive import SupervisedContrastive
from xsense_training.losses.triplet_batch_hard import TripletBatchHard

BATCHES = [
    (unit_rows(4, 5, 10 + i), unit_rows(4, 5, 20 + i), torch.tensor([0, 1, i, 7]))
    for i in range(4)
]


def one_way():
    return InfoNce(0.2, learnable=False, two_way=False)


class TestCrossBatchMemory:
    def test_equals_the_loss_against_a_list_of_the_last_rows(self):
        memory, kept, past = CrossBatchMemory(one_way(), 6, 5), 6, []
        for x, y, labels in BATCHES:
            rows = past[-kept:]
            candidates_y = torch.stack([*y, *(b for _, b, _ in rows)])
            candidates_x = torch.stack([*x, *(a for a, _, _ in rows)])
            known = torch.tensor([*labels.tolist(), *(label for _, _, label in rows)])
            there = one_way()(x, candidates_y, labels, known)
            back = one_way()(y, candidates_x, labels, known)
            found = memory(x, y, labels).item()
            assert found == pytest.approx((there + back).item() / 2, rel=1e-5)
            past += zip(x, y, labels.tolist(), strict=True)

    @pytest.mark.parametrize(
        'loss',
        [
            one_way(),
            PairingHinge(two_way=False),
            TripletBatchHard(two_way=False),
            SigLip(),
            Matryoshka(one_way(), (2, 5)),
        ],
    )
    def test_the_first_batch_is_the_loss_both_ways(self, loss):
        found = CrossBatchMemory(loss, 8, 5)(X, Y, SHARED).item()
        expected = (loss(X, Y, SHARED) + loss(Y, X, SHARED)).item() / 2
        assert found == pytest.approx(expected, rel=1e-5)

    def test_past_vectors_get_no_gradient_and_present_ones_do(self):
        memory = CrossBatchMemory(one_way(), 8, 5)
        first = X.clone().requires_grad_()
        memory(first, Y, SHARED)
        second = X.clone().requires_grad_()
        memory(second, Y, SHARED).backward()
        assert first.grad is None and second.grad.abs().max() > 0

    def test_validation_leaves_no_trace_and_the_checkpoint_holds_the_memory(self):
        memory = CrossBatchMemory(one_way(), 6, 5)
        for batch in BATCHES[:2]:
            memory(*batch)
        twin = CrossBatchMemory(one_way(), 6, 5)
        twin.load_state_dict(memory.state_dict())
        memory.eval()
        memory(*BATCHES[3])
        memory.train()
        assert torch.equal(memory(*BATCHES[2]), twin(*BATCHES[2]))
        assert torch.equal(memory.x, twin.x) and int(twin.written) == 12

    def test_a_batch_larger_than_the_memory_leaves_its_last_rows(self):
        memory = CrossBatchMemory(one_way(), 4, 5)
        memory(X, Y, SHARED)
        kept = {tuple(row) for row in memory.x.tolist()}
        assert kept == {tuple(row) for row in X[2:].tolist()}

    def test_a_two_way_loss_is_refused(self):
        with pytest.raises(InputError, match='two_way=False'):
            CrossBatchMemory(InfoNce(), 8, 5)


class TestMatryoshka:
    def test_is_the_mean_over_prefixes_at_length_one(self):
        costs = []
        for size in (1, 3, 5):
            x, y = (F.normalize(rows[:, :size], dim=-1) for rows in (X, Y))
            costs.append(InfoNce(0.2)(x, y, SHARED).item())
        found = Matryoshka(InfoNce(0.2), (1, 3, 5))(X, Y, SHARED).item()
        assert found == pytest.approx(sum(costs) / 3, rel=1e-5)

    def test_wraps_a_loss_of_one_set_of_rows(self):
        full = Matryoshka(SupervisedContrastive(), (5,))(X, SHARED).item()
        assert full == pytest.approx(SupervisedContrastive()(X, SHARED).item(), rel=1e-5)

    def test_the_temperature_inside_is_trained(self):
        loss = Matryoshka(InfoNce(), (2, 5))
        loss(X, Y, SHARED).backward()
        assert next(loss.parameters()).grad.abs() > 0

    @pytest.mark.parametrize('sizes', [(), (0, 2), (2, 6)])
    def test_sizes_that_do_not_fit_are_refused(self, sizes):
        with pytest.raises(InputError, match='dimensions'):
            Matryoshka(InfoNce(), sizes)(X, Y, SHARED)
