# SPDX-License-Identifier: Apache-2.0
"""Heads as plain data: every kind comes back bit for bit, and nothing else is taken."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from xsense_ros.errors import InputError
from xsense_training.models.convex_words import ConvexWordHead, NamedClasses
from xsense_training.models.head_files import build_head, plain_head
from xsense_training.models.heads import ConcatHead, LinearHead, PaddedHead, ResidualHead

RNG = np.random.default_rng(0)


def linear(size=5):
    return LinearHead(RNG.standard_normal((size, 6)), RNG.standard_normal(size))


def residual(hidden):
    head = ResidualHead(6, 5, hidden)
    head.standardise(RNG.standard_normal(6), RNG.random(6) + 0.5)
    for parameter in head.parameters():
        nn.init.normal_(parameter)
    return head


def convex():
    classes = NamedClasses(
        torch.randn(9, 6), torch.randn(9), tuple('abcdefghi'), RNG.random((9, 4), np.float32)
    )
    head = ConvexWordHead(classes, np.full(4, 0.5), 0.7)
    head.centre_on(torch.randn(8, 6))
    return head


HEADS = {
    'linear': linear(),
    'residual': residual(7),
    'residual without a hidden layer': residual(0),
    'convex words': convex(),
    'padded': PaddedHead(linear(), 3),
    'mixture in a mixture': ConcatHead(
        [ConcatHead([residual(4), convex()], [0.25, 0.75]), PaddedHead(linear(3), 2)], [0.9, 0.1]
    ),
}


@pytest.mark.parametrize('name', HEADS)
def test_comes_back_bit_for_bit_from_a_file_that_is_not_trusted(name, tmp_path):
    head = HEADS[name].eval()
    torch.save(plain_head(head), tmp_path / 'head.pt')
    twin = build_head(torch.load(tmp_path / 'head.pt', weights_only=True))
    x = torch.randn(11, 6)
    assert torch.equal(head(x), twin(x)) and not twin.training
    assert set(twin.state_dict()) == set(head.state_dict())


def test_other_modules_and_kinds_are_refused():
    with pytest.raises(InputError, match='Conv1d'):
        plain_head(nn.Conv1d(1, 1, 1))
    with pytest.raises(InputError, match='hyperbolic'):
        build_head({'kind': 'hyperbolic', 'sizes': (1, 2), 'state': {}})
