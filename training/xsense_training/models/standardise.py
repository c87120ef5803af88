# SPDX-License-Identifier: Apache-2.0
"""Standardisation of features as a layer, for heads that are not linear behind it."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


class Standardise(nn.Module):
    """s(x) = (x - mean) / scale. (B, F) -> (B, F); kept with the weights, never trained.

    Args:
        mean: (F,).
        scale: (F,), positive.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, mean: NDArray[np.floating], scale: NDArray[np.floating]) -> None:
        super().__init__()
        self.register_buffer('mean', torch.as_tensor(mean, dtype=torch.float32))
        self.register_buffer('scale', torch.as_tensor(scale, dtype=torch.float32))

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, F)."""
        return (features - self.mean) / self.scale
