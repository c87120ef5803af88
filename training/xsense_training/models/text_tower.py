# SPDX-License-Identifier: Apache-2.0
"""Text trunk: token table -> masked weighted mean. ids (B, L), mask (B, L) -> (B, D).

The table is WordLlama's (32,000 x 256, MIT); each token has a weight beside its vector.
"""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def load_token_table(path: Path) -> NDArray[np.float32]:
    """The (tokens, dimensions) embedding table of a safetensors file with one fp16 tensor."""
    data = path.read_bytes()
    (header_bytes,) = struct.unpack('<Q', data[:8])
    header = json.loads(data[8 : 8 + header_bytes])
    spec = header['embedding.weight']
    if spec['dtype'] != 'F16':
        raise ValueError(f'{path}: embedding.weight is {spec["dtype"]}, expected F16')
    start, end = (8 + header_bytes + offset for offset in spec['data_offsets'])
    table = np.frombuffer(data[start:end], dtype='<f2').reshape(spec['shape'])
    return table.astype(np.float32)


class TokenMean(nn.Module):
    """Weighted mean of token vectors; order-free. ids (B, L) int64, mask (B, L) -> (B, D).

    Args:
        table: (tokens, D) float32 token vectors.
        weights: (tokens,) positive weight of each token.
    """

    weights: Tensor

    def __init__(self, table: NDArray[np.float32], weights: NDArray[np.float32]) -> None:
        super().__init__()
        self.table = nn.Embedding(
            table.shape[0], table.shape[1], _weight=torch.from_numpy(table.copy())
        )
        self.table.requires_grad_(False)
        self.register_buffer('weights', torch.from_numpy(weights.copy()).reshape(-1, 1))

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Ids (B, L), mask (B, L) with 1 for tokens, 0 for padding -> (B, D)."""
        weights = self.weights[ids] * mask.unsqueeze(-1)
        total = (self.table(ids) * weights).sum(dim=1)
        mean: Tensor = total / weights.sum(dim=1).clamp_min(1e-6)
        return mean


class TextTower(nn.Module):
    """Token mean and head in one model: ids, mask -> (B, D) unit vectors."""

    def __init__(self, trunk: TokenMean, head: nn.Module) -> None:
        super().__init__()
        self.trunk = trunk
        self.head = head

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """(B, L), (B, L) -> (B, D)."""
        z: Tensor = self.head(self.trunk(ids, mask))
        return z
