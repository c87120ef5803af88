# SPDX-License-Identifier: Apache-2.0
"""Batches of every shape go through whole, are named, and are shared out without loss."""

from __future__ import annotations

from typing import NamedTuple

import pytest
import torch

from xsense_ros.errors import InputError
from xsense_training.training_loop.batches import (
    count_rows,
    map_tensors,
    move,
    named_tensors,
    take_part,
)
from xsense_training.training_loop.gather_rows import gather_rows
from xsense_training.training_loop.processes import Part, part


class Named(NamedTuple):
    x: torch.Tensor
    more: dict


ROWS = torch.arange(12.0).reshape(6, 2)
BATCH = Named(ROWS, {'label': torch.arange(6), 'list': [ROWS + 1, (ROWS + 2, 'kept')]})
NAMES = ['batch.x', 'batch.more.label', 'batch.more.list.0', 'batch.more.list.1.0']


def test_every_tensor_has_a_name():
    assert [name for name, _ in named_tensors(BATCH)] == NAMES


def test_the_shape_of_a_batch_survives():
    found = map_tensors(lambda tensor: tensor * 2, BATCH)
    assert isinstance(found, Named) and found.more['list'][1][1] == 'kept'
    for (_, a), (_, b) in zip(named_tensors(BATCH), named_tensors(found), strict=True):
        assert torch.equal(a * 2, b)


def test_parts_add_up_to_the_batch():
    parts = [take_part(BATCH, Part(rank, 3)) for rank in range(3)]
    for i, (_, tensor) in enumerate(named_tensors(BATCH)):
        pieces = [list(named_tensors(piece))[i][1] for piece in parts]
        assert torch.equal(torch.cat(pieces), tensor)
    assert take_part(BATCH, Part()) is BATCH


def test_rows_that_cannot_be_shared_are_refused():
    with pytest.raises(InputError, match=r'rows of a batch: got 6.*4 processes.*batch of 4 rows'):
        take_part(BATCH, Part(0, 4))
    with pytest.raises(InputError, match=r'batch.1: got \(3,\), expected 6 rows'):
        take_part((ROWS, torch.zeros(3)), Part(0, 2))


def test_rows_are_counted_and_must_be_there():
    assert count_rows(BATCH) == 6
    with pytest.raises(InputError, match=r'batch.x: got \(0, 2\)'):
        count_rows({'x': torch.zeros(0, 2)})


def test_only_pictures_change_their_layout():
    pictures, others = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4)
    a, b = move((pictures, others), torch.device('cpu'), channels_last=True)
    assert a.is_contiguous(memory_format=torch.channels_last) and b is others
    assert move(pictures, torch.device('cpu')) is pictures


def test_one_process_gathers_its_own_rows():
    x = torch.randn(3, 2, requires_grad=True)
    assert part() == Part(0, 1) and gather_rows(x) is x
