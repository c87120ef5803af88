# SPDX-License-Identifier: Apache-2.0
"""Symmetric InfoNCE with a learnable temperature, aware of several positives.

Source: van den Oord et al. 2018 (InfoNCE); Radford et al. 2021 (symmetric, learnable scale);
Khosla et al. 2020 (mean of log-probabilities over all positives of an anchor, their "out" form).
With a fixed temperature each direction equals SupConLoss of pytorch-metric-learning between two
sets of rows (tested); its NTXentLoss leaves the other positives out of the denominator. Ours
exists for the learnable temperature and both directions.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_training.losses.unit_rows import require_unit_rows


class InfoNce(nn.Module):
    """Mean of both directions' cross-entropies. x (B, D), y (M, D) unit vectors, labels (B,).

    Rows with equal labels are the same item (another caption, another view): all of them are
    positives of one another, none is a negative. Rows without a positive on the other side ask
    nothing.

    Args:
        temperature: starting temperature.
        learnable: whether the temperature is trained (its logit scale is capped at 100).
        two_way: also from y to x.
    """

    def __init__(
        self, temperature: float = 0.07, learnable: bool = True, two_way: bool = True
    ) -> None:
        super().__init__()
        scale = torch.tensor(math.log(1 / temperature))
        self.log_scale = nn.Parameter(scale, requires_grad=learnable)
        self.two_way = two_way

    def forward(
        self, x: Tensor, y: Tensor, labels: Tensor, labels_y: Tensor | None = None
    ) -> Tensor:
        """(B, D), (M, D), (B,) int, (M,) int -> scalar; without labels_y rows are partners."""
        require_unit_rows(x=x, y=y)
        logits = x @ y.T * self.log_scale.exp().clamp(max=100)
        positive = (labels[:, None] == (labels if labels_y is None else labels_y)[None, :]).float()
        loss = _cross_entropy(logits, positive)
        return 0.5 * (loss + _cross_entropy(logits.T, positive.T)) if self.two_way else loss


def _cross_entropy(logits: Tensor, positive: Tensor) -> Tensor:
    """Mean over rows with a positive; zero where there is none."""
    asked = positive.any(dim=1)
    if not asked.any():
        return logits.sum() * 0
    if not asked.all():
        logits, positive = logits[asked], positive[asked]
    return F.cross_entropy(logits, positive / positive.sum(dim=1, keepdim=True))
