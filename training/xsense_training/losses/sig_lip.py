# SPDX-License-Identifier: Apache-2.0
"""Sigmoid loss: every pair of rows is a yes-or-no question of its own.

Source: Zhai et al. 2023 (arXiv 2303.15343), algorithm 1. Not in pytorch-metric-learning. Rows with
equal labels are all answered yes.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_training.losses.unit_rows import require_unit_rows


class SigLip(nn.Module):
    """-1/B sum_ij log sigmoid(z_ij (t x_i.y_j + b)), z = 1 for equal labels and -1 otherwise.

    The same from either side, so there is no direction to choose.

    Args:
        scale: t at the start.
        bias: b at the start; strongly negative, because nearly all pairs are no pairs.
        learnable: whether both are trained.
    """

    def __init__(self, scale: float = 10.0, bias: float = -10.0, learnable: bool = True) -> None:
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(scale)), requires_grad=learnable)
        self.bias = nn.Parameter(torch.tensor(bias), requires_grad=learnable)
        self.two_way = False

    def forward(
        self, x: Tensor, y: Tensor, labels: Tensor, labels_y: Tensor | None = None
    ) -> Tensor:
        """(B, D), (M, D), (B,) int, (M,) int -> scalar; without labels_y rows are partners."""
        require_unit_rows(x=x, y=y)
        same = labels[:, None] == (labels if labels_y is None else labels_y)[None, :]
        logits = x @ y.T * self.log_scale.exp() + self.bias
        return -F.logsigmoid(torch.where(same, logits, -logits)).sum() / len(x)
