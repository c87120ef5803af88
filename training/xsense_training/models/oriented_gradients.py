# SPDX-License-Identifier: Apache-2.0
"""Where edges run and in which direction: what line art and colour pictures have in common.

A black line and the border of a red area have equal unsigned orientations, so a network that sees
these maps instead of colours starts in a common world. Everything is fixed arithmetic of a graph
(convolutions, pooling, division): it exports, and runs on every inference runtime.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BINS = 9
_POOL = 2  # pixels a side over which directions are averaged before they are binned
_FAINT = 1e-5  # squared gradient below which a direction is noise


class OrientedGradients(nn.Module):
    """(B, 3, S, S) normalised picture -> (B, 9, S / 2, S / 2) edge strength by orientation, >= 0.

    Gradients of the three channels are added as doubled-angle vectors, so that opposite directions
    (dark to light, light to dark) count as one and none is lost where two channels disagree.

    Args:
        std: by which the picture was divided, per channel; undone, so that all channels weigh
            alike.
    """

    differences: Tensor
    directions: Tensor

    def __init__(self, std: tuple[float, float, float]) -> None:
        super().__init__()
        across = torch.zeros(2, 1, 3, 3)
        across[0, 0, 1, 0], across[0, 0, 1, 2] = -1, 1
        across[1, 0, 0, 1], across[1, 0, 2, 1] = -1, 1
        kernels = torch.cat([across * value for value in std])
        self.register_buffer('differences', kernels, persistent=False)
        angle = torch.arange(BINS) * (2 * math.pi / BINS)
        unit = torch.stack([angle.cos(), angle.sin()], dim=1).reshape(BINS, 2, 1, 1)
        self.register_buffer('directions', unit, persistent=False)

    def forward(self, picture: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, 9, S / 2, S / 2)."""
        padded = F.pad(picture, (1, 1, 1, 1), mode='replicate')
        gradient = F.conv2d(padded, self.differences, groups=3)
        gx, gy = gradient[:, 0::2], gradient[:, 1::2]
        energy = (gx * gx + gy * gy).sum(dim=1, keepdim=True)
        cosine = (gx * gx - gy * gy).sum(dim=1, keepdim=True)
        sine = 2 * (gx * gy).sum(dim=1, keepdim=True)
        # The doubled-angle vector keeps the length of the gradient, not of its square.
        vector = torch.cat([cosine, sine, energy], dim=1) / (energy + _FAINT).sqrt()
        pooled = F.avg_pool2d(vector, _POOL)
        strength = pooled[:, 2:]
        likeness = F.conv2d(pooled[:, :2], self.directions) / (strength + 1e-4)
        return F.relu(likeness) ** 3 * strength


def contrast_normalise(maps: Tensor, reach: int, ceiling: float) -> Tensor:
    """Divide by the strength around: (B, C, H, W) -> same shape, at most `ceiling`.

    Args:
        maps: non-negative.
        reach: cells to each side that count as around.
        ceiling: as in the clipping of Dalal and Triggs 2005, so that no edge outshouts the rest.
    """
    around = F.avg_pool2d(
        F.pad((maps * maps).sum(dim=1, keepdim=True), [reach] * 4, mode='replicate'),
        2 * reach + 1,
        stride=1,
    )
    return (maps / (around.sqrt() + 0.02)).clamp(max=ceiling)


class HogVector(nn.Module):
    """Histograms of oriented gradients: (B, 9, S / 2, S / 2) maps -> (B, D) unit rows.

    After Dalal and Triggs 2005, with one normalisation over 3 x 3 cells in place of overlapping
    blocks. Several sizes of cells, side by side and of equal weight, see strokes and silhouette.

    Args:
        cells: sides of the cells in pixels of the picture.
    """

    def __init__(self, cells: Sequence[int] = (8, 16)) -> None:
        super().__init__()
        self.cells = tuple(cell // _POOL for cell in cells)

    def forward(self, maps: Tensor) -> Tensor:
        """(B, 9, S / 2, S / 2) -> (B, the sum of 9 (S / cell)^2)."""
        rows = []
        for cell in self.cells:
            pooled = F.avg_pool2d(maps, cell)
            rows.append(F.normalize(contrast_normalise(pooled, 1, 0.5).flatten(1), dim=-1))
        return torch.cat(rows, dim=1) / math.sqrt(len(rows))
