# SPDX-License-Identifier: Apache-2.0
"""A trunk's map as one unit vector, and the teacher that sees two maps at once.

The published network compares flattened maps (100,352 numbers, place by place), so that a sensor
turned by a few degrees is another thing to it. Pooled vectors do not care where something is.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from xsense_training.models.crossnet import CrossNetFusion
from xsense_training.models.heads import L2Normalise


class GeneralisedMean(nn.Module):
    """(B, C, H, W) -> (B, C): (mean x^p)^(1/p) per channel, p trained (Radenovic et al. 2019).

    p = 1 is the average, large p the maximum; negative values count as zero.
    """

    def __init__(self, power: float = 3.0) -> None:
        super().__init__()
        self.power = nn.Parameter(torch.tensor(power))

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C)."""
        power = self.power.clamp(min=1.0)
        return x.clamp(min=1e-6).pow(power).mean(dim=(2, 3)).pow(1 / power)


class Pooled(nn.Module):
    """Map -> unit vector: generalised mean, one linear layer, batch norm, length one.

    Args:
        channels: C of the map.
        dimension: D.
    """

    def __init__(self, channels: int, dimension: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            GeneralisedMean(),
            nn.Linear(channels, dimension),
            nn.BatchNorm1d(dimension),
            L2Normalise(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, D)."""
        return cast(Tensor, self.layers(x))


class PooledTower(nn.Module):
    """A trunk and its pooled end: a function of one sense alone.

    Args:
        trunk: (B, ...) -> (B, C, H, W).
        channels: C.
        dimension: D.
    """

    def __init__(self, trunk: nn.Module, channels: int, dimension: int) -> None:
        super().__init__()
        self.trunk, self.end = trunk, Pooled(channels, dimension)

    def forward(self, x: Tensor) -> Tensor:
        """(B, ...) -> (B, D) unit rows."""
        return cast(Tensor, self.end(self.trunk(x)))


class FusedTeacher(nn.Module):
    """What a touch and a picture of one thing say together; in training alone.

    Each map may be missing: a learned value per channel stands for it then. The towers take over
    how the teacher's vectors lie to each other, never its inputs.

    Args:
        fusion: mixes two maps.
        channels: C of each map.
        dimension: D.
    """

    def __init__(self, fusion: CrossNetFusion, channels: int, dimension: int) -> None:
        super().__init__()
        self.fusion, self.end = fusion, Pooled(2 * channels, dimension)
        self.missing = nn.Parameter(torch.zeros(2, channels, 1, 1))

    def forward(self, touch: Tensor, vision: Tensor, without: Tensor) -> Tensor:
        """Maps (B, C, H, W) twice and what each row lacks -> (B, D) unit rows.

        Args:
            touch: map of the touches.
            vision: map of the pictures.
            without: (B,) int: 0 the touch, 1 the picture, 2 nothing is missing.
        """
        lacks = without.view(-1, 1, 1, 1)
        felt = torch.where(lacks == 0, self.missing[0], touch)
        seen = torch.where(lacks == 1, self.missing[1], vision)
        return cast(Tensor, self.end(torch.cat(self.fusion(felt, seen), dim=1)))
