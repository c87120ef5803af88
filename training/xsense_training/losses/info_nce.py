# SPDX-License-Identifier: Apache-2.0
"""Symmetric InfoNCE with a learnable temperature, aware of several positives.

Source: van den Oord et al. 2018 (InfoNCE); Radford et al. 2021 (symmetric, learnable scale);
Khosla et al. 2020 (mean of log-probabilities over all positives of an anchor, their "out" form).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class InfoNce(nn.Module):
    """Mean of both directions' cross-entropies. x (B, D), y (B, D) unit vectors, labels (B,).

    Rows with equal labels are the same item (another caption, another view): all of them are
    positives of one another, none is a negative.

    Args:
        temperature: starting temperature.
        learnable: whether the temperature is trained (its logit scale is capped at 100).
    """

    def __init__(self, temperature: float = 0.07, learnable: bool = True) -> None:
        super().__init__()
        scale = torch.tensor(math.log(1 / temperature))
        self.log_scale = nn.Parameter(scale, requires_grad=learnable)

    def forward(self, x: Tensor, y: Tensor, labels: Tensor) -> Tensor:
        """(B, D), (B, D), (B,) int -> scalar."""
        logits = x @ y.T * self.log_scale.exp().clamp(max=100)
        positive = (labels[:, None] == labels[None, :]).float()
        target = positive / positive.sum(dim=1, keepdim=True)
        return 0.5 * (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target))
