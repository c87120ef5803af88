# SPDX-License-Identifier: Apache-2.0
"""The pairing hinge of See, Hear, and Read, vectorised and in both directions.

Source: Aytar et al. 2017 (arXiv 1706.00932): sum over j != i of
max(0, margin - cos(x_i, y_i) + cos(x_i, y_j)), from x alone; here averaged over all (i, j) unless
asked for otherwise, so that the value does not depend on the batch size, and added for both
anchors. pytorch-metric-learning has no equal: its TripletMarginLoss takes every row of a label for
a positive, here the partner alone is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xsense_training.losses.unit_rows import require_unit_rows


class PairingHinge(nn.Module):
    """x (B, D), y (M, D) unit vectors, labels (B,) -> scalar; equal labels are no negatives.

    The first B rows of y are the partners of the rows of x; further rows are only negatives.

    Args:
        margin: the published value for softmax outputs is 0.002; 0.1 suits unit vectors.
        two_way: also from y to x.
        per_anchor: sum over the negatives of a row and mean over rows, as published.
    """

    def __init__(
        self, margin: float = 0.1, two_way: bool = True, per_anchor: bool = False
    ) -> None:
        super().__init__()
        self.margin, self.two_way, self.per_anchor = margin, two_way, per_anchor

    def forward(
        self, x: Tensor, y: Tensor, labels: Tensor, labels_y: Tensor | None = None
    ) -> Tensor:
        """(B, D), (M, D), (B,) int, (M,) int -> scalar; zero where all rows are one item."""
        require_unit_rows(x=x, y=y)
        cosine = x @ y.T
        paired = cosine.diagonal()
        negative = labels[:, None] != (labels if labels_y is None else labels_y)[None, :]
        cost = (self.margin - paired[:, None] + cosine).clamp_min(0)
        if self.two_way:
            cost = cost + (self.margin - paired[None, :] + cosine).clamp_min(0)
        total = torch.where(negative, cost, 0.0).sum()
        return total / (len(x) if self.per_anchor else negative.sum().clamp_min(1))
