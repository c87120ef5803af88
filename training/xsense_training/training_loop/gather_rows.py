# SPDX-License-Identifier: Apache-2.0
"""Rows of all processes in one tensor, with gradients: what a contrastive loss must see.

Each process computes the loss of the whole batch from the gathered rows. Backward adds up what the
processes' losses want of a row; DistributedDataParallel then averages the weights' gradients over
the processes. Both together give exactly the gradient that one process gives on the whole batch,
for towers in front of the gathering and for parameters behind it (a temperature).
"""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from xsense_training.training_loop.processes import part


def gather_rows(rows: Tensor) -> Tensor:
    """(B, ...) of this process -> (world * B, ...) in the order of the processes.

    The identity on one process, and while gradients are off: validation is not shared out.
    """
    if part().world == 1 or not torch.is_grad_enabled():
        return rows
    gathered: Tensor = _GatherRows.apply(rows)  # type: ignore[no-untyped-call]
    return gathered


class _GatherRows(torch.autograd.Function):
    """all_gather whose backward is a sum over the processes, by public collectives only."""

    @staticmethod
    def forward(context: Any, rows: Tensor) -> Tensor:
        """(B, ...) -> (world * B, ...)."""
        rows = rows.contiguous()
        blocks = [torch.empty_like(rows) for _ in range(part().world)]
        dist.all_gather(blocks, rows)
        return torch.cat(blocks)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        """(world * B, ...) -> (B, ...)."""
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total[part().rows(len(total))]
