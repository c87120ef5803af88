# SPDX-License-Identifier: Apache-2.0
"""How large an architecture is, counted without weights, beside what was published of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode


@dataclass(frozen=True)
class ModelSize:
    """One architecture, or a part of one.

    parameters, macs: counted here, MACs (multiply-accumulates of convolutions and matrix
    products) for one sample; published_*: what its source says, None where it says nothing; note:
    what must be known to compare the two.
    """

    name: str
    parameters: int
    macs: int
    published_parameters: int | None = None
    published_macs: int | None = None
    note: str = ''


@dataclass(frozen=True)
class TimeRatio:
    """How long something takes, over what it is compared with in the same run."""

    name: str
    ratio: float


def count(build: Callable[[], nn.Module], *shapes: Sequence[int]) -> tuple[int, int]:
    """Parameters and MACs of a module; neither memory nor time is spent on its numbers.

    Args:
        build: makes the module.
        shapes: of its inputs, a batch of one.
    """
    with torch.device('meta'), torch.no_grad():
        module = build().eval()
        with FlopCounterMode(display=False) as counted:
            module(*(torch.zeros(*shape) for shape in shapes))
    # The counter takes a multiplication and an addition for two operations.
    return sum(p.numel() for p in module.parameters()), counted.get_total_flops() // 2
