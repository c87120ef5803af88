# SPDX-License-Identifier: Apache-2.0
"""Supervised contrastive loss in one space: pytorch-metric-learning's, with our conditions.

Source: Khosla et al. 2020 (arXiv 2004.11362), equation 2. Equal to ours would be, so theirs is
taken: mean over the rows that have another row of their label, all rows but the anchor itself in
the denominator. Rows of several modalities may be stacked, their labels with them.
"""

from __future__ import annotations

from pytorch_metric_learning.losses import SupConLoss
from torch import Tensor, nn

from xsense_training.losses.unit_rows import require_unit_rows


class SupervisedContrastive(nn.Module):
    """vectors (B, D) unit rows, labels (B,) -> scalar; zero without a positive or a negative."""

    def __init__(self, temperature: float = 0.1) -> None:
        super().__init__()
        self.loss = SupConLoss(temperature)

    def forward(self, vectors: Tensor, labels: Tensor) -> Tensor:
        """(B, D), (B,) int -> scalar."""
        require_unit_rows(vectors=vectors)
        found: Tensor = self.loss(vectors, labels)
        return found
