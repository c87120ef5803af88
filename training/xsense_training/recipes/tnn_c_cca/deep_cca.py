# SPDX-License-Identifier: Apache-2.0
"""Category deep CCA: two networks trained so that C-CCA finds more correlation in their outputs.

Andrew et al. 2013 (deep CCA) with the class pairs of cluster-CCA in the cross term (C-DCCA of
Zeng, Yu and Oyama). The loss is minus the sum of the canonical correlations.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ClusterCorrelation(nn.Module):
    """Rows x (B, K), y (B, K), labels (B,), row i of both one pair -> minus sum of correlations.

    Args:
        beta: share of the true pairs in the cross term, the rest are all pairs of a class.
        regularisation: added to the diagonal of both covariances, relative to their mean variance.
    """

    def __init__(self, beta: float = 0.2, regularisation: float = 1e-2) -> None:
        super().__init__()
        self.beta, self.regularisation = beta, regularisation

    def forward(self, x: Tensor, y: Tensor, labels: Tensor) -> Tensor:
        """(B, K), (B, K), (B,) -> scalar in (-K, 0)."""
        a, b = x - x.mean(dim=0), y - y.mean(dim=0)
        member = nn.functional.one_hot(labels).to(a.dtype)
        member = member[:, member.sum(dim=0) > 0]
        of_classes = (member.T @ a).T @ (member.T @ b) / member.sum(dim=0).square().sum()
        cross = self.beta * a.T @ b / (len(a) - 1) + (1 - self.beta) * of_classes
        whitened = self._inverse_root(a) @ cross @ self._inverse_root(b)
        correlation: Tensor = torch.linalg.matrix_norm(whitened, 'nuc')
        return -correlation

    def _inverse_root(self, rows: Tensor) -> Tensor:
        covariance = rows.T @ rows / (len(rows) - 1)
        lift = self.regularisation * covariance.diagonal().mean() + 1e-6
        values, vectors = torch.linalg.eigh(
            covariance + lift * torch.eye(len(covariance), dtype=rows.dtype, device=rows.device)
        )
        root: Tensor = (vectors * values.clamp_min(1e-8).rsqrt()) @ vectors.T
        return root
