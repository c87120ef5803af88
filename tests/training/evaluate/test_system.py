# SPDX-License-Identifier: Apache-2.0
"""Features through a head, wherever the head lives."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from xsense_training.evaluate.system import apply


class Elsewhere(nn.Module):
    """Its weights are on another device than the rows come from."""

    def __init__(self, as_buffer: bool) -> None:
        super().__init__()
        weight = torch.empty(2, device='meta')
        if as_buffer:
            self.register_buffer('weight', weight)
        else:
            self.weight = nn.Parameter(weight)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        assert rows.device.type == 'meta' and not self.training
        return torch.ones(rows.shape[0], 3)


def test_rows_follow_the_weights() -> None:
    for head in (Elsewhere(True), Elsewhere(False)):
        assert np.array_equal(apply(head, np.zeros((4, 2))), np.ones((4, 3)))
    assert np.array_equal(apply(nn.Identity(), np.eye(2)), np.eye(2, dtype=np.float32))
