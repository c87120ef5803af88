# SPDX-License-Identifier: Apache-2.0
"""Heads that bring trunk features into the shared space, on the unit sphere.

A head is a linear path, which a closed-form solution (CCA, ridge) can fill, plus a small residual
MLP that starts at zero. The learned tower so begins exactly at its closed-form baseline.
"""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn


class L2Normalise(nn.Module):
    """(B, D) -> (B, D) with rows of length one; a zero row stays zero."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, D) -> (B, D)."""
        return F.normalize(x, dim=-1, eps=1e-9)


class ResidualHead(nn.Module):
    """z = normalise(W s(x) + b + MLP(s(x))), with s(x) = (x - mean) / scale. (B, in) -> (B, out).

    Args:
        in_features: size of the trunk's features.
        out_features: size of the shared space.
        hidden: width of the residual MLP; 0 leaves a purely linear head.
        dropout: share of hidden units dropped in training.
        input_dropout: share of inputs of the MLP path dropped in training.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        hidden: int = 512,
        dropout: float = 0.5,
        input_dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.register_buffer('mean', torch.zeros(in_features))
        self.register_buffer('scale', torch.ones(in_features))
        self.linear = nn.Linear(in_features, out_features)
        self.residual: nn.Sequential | None = None
        if hidden:
            last = nn.Linear(hidden, out_features)
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
            self.residual = nn.Sequential(
                nn.Dropout(input_dropout),
                nn.Linear(in_features, hidden),
                nn.ReLU(),
                nn.Dropout(dropout),
                last,
            )
        self.normalise = L2Normalise()

    def standardise(self, mean: NDArray[np.floating], scale: NDArray[np.floating]) -> None:
        """Set the statistics of the input features, each (in,); scale must be positive."""
        self.mean.copy_(torch.as_tensor(mean, dtype=torch.float32))
        self.scale.copy_(torch.as_tensor(scale, dtype=torch.float32))

    def set_linear(self, weight: NDArray[np.floating], bias: NDArray[np.floating]) -> None:
        """Fill the linear path: weight (out, in) and bias (out,) act on RAW features."""
        raw = torch.as_tensor(weight, dtype=torch.float64)
        offset = torch.as_tensor(bias, dtype=torch.float64) + raw @ self.mean.double()
        with torch.no_grad():
            self.linear.weight.copy_((raw * self.scale.double()).float())
            self.linear.bias.copy_(offset.float())

    def forward(self, features: Tensor) -> Tensor:
        """(B, in) raw features -> (B, out) unit vectors."""
        x = (features - self.mean) / self.scale
        z = self.linear(x)
        if self.residual is not None:
            z = z + self.residual(x)
        return cast(Tensor, self.normalise(z))


class LinearHead(nn.Module):
    """z = normalise(W x + b): one Gemm, the form in which closed-form towers ship."""

    def __init__(self, weight: NDArray[np.floating], bias: NDArray[np.floating]) -> None:
        super().__init__()
        self.linear = nn.Linear(weight.shape[1], weight.shape[0])
        with torch.no_grad():
            self.linear.weight.copy_(torch.as_tensor(weight, dtype=torch.float32))
            self.linear.bias.copy_(torch.as_tensor(bias, dtype=torch.float32))
        self.normalise = L2Normalise()

    def forward(self, features: Tensor) -> Tensor:
        """(B, in) -> (B, out) unit vectors."""
        return cast(Tensor, self.normalise(self.linear(features)))


class ConcatHead(nn.Module):
    """Several heads side by side, weighted, still of length one: (B, in) -> (B, sum of outs).

    The cosine of two such vectors is the weighted mean of the heads' cosines: an ensemble in one
    tower. Weights are shares of the cosine and sum to one.
    """

    shares: Tensor

    def __init__(self, heads: list[nn.Module], shares: list[float]) -> None:
        super().__init__()
        if len(heads) != len(shares) or abs(sum(shares) - 1) > 1e-6 or min(shares) < 0:
            raise ValueError(f'shares {shares} must be one per head, >= 0 and sum to 1')
        self.heads = nn.ModuleList(heads)
        self.register_buffer('shares', torch.tensor(shares).sqrt())

    def forward(self, features: Tensor) -> Tensor:
        """(B, in) -> (B, D) unit vectors."""
        parts = [
            share * head(features) for share, head in zip(self.shares, self.heads, strict=False)
        ]
        return torch.cat(parts, dim=-1)


class PaddedHead(nn.Module):
    """A head and zeros behind it: (B, in) -> (B, out + zeros), still of length one.

    For a modality that does not take part in a block that others fill: cosines with it are those
    without the block, times the square root of the share that the others leave it.
    """

    def __init__(self, head: nn.Module, zeros: int) -> None:
        super().__init__()
        self.head = head
        self.zeros = zeros

    def forward(self, features: Tensor) -> Tensor:
        """(B, in) -> (B, out + zeros)."""
        return F.pad(self.head(features), (0, self.zeros))
