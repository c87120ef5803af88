# SPDX-License-Identifier: Apache-2.0
"""The pairing hinge of See, Hear, and Read, vectorised and in both directions.

Source: Aytar et al. 2017 (arXiv 1706.00932): sum over j != i of
max(0, margin - cos(x_i, y_i) + cos(x_i, y_j)); here averaged over all (i, j), so that the value
does not depend on the batch size, and added for both anchors.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class PairingHinge(nn.Module):
    """x (B, D), y (B, D) unit vectors, labels (B,) -> scalar; equal labels are no negatives.

    Args:
        margin: the published value for softmax outputs is 0.002; 0.1 suits unit vectors.
    """

    def __init__(self, margin: float = 0.1) -> None:
        super().__init__()
        self.margin = margin

    def forward(self, x: Tensor, y: Tensor, labels: Tensor) -> Tensor:
        """(B, D), (B, D), (B,) int -> scalar; zero where the batch holds a single item."""
        cosine = x @ y.T
        paired = cosine.diagonal()
        negative = labels[:, None] != labels[None, :]
        from_x = (self.margin - paired[:, None] + cosine).clamp_min(0)
        from_y = (self.margin - paired[None, :] + cosine).clamp_min(0)
        count = negative.sum().clamp_min(1)
        return torch.where(negative, from_x + from_y, 0.0).sum() / count
