# SPDX-License-Identifier: Apache-2.0
"""Attention over channels and places of a feature map; both blocks keep its shape.

Sources: Hu et al., "Squeeze-and-Excitation Networks" (CVPR 2018); Woo et al., "CBAM" (ECCV 2018).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SqueezeExcitation(nn.Module):
    """Scales every channel by what all channels are on average: (B, C, H, W) -> the same.

    Args:
        channels: C.
        ratio: C / ratio hidden units, without biases.
    """

    def __init__(self, channels: int, ratio: int = 16) -> None:
        super().__init__()
        self.scale = nn.Sequential(
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(channels, channels // ratio, bias=False),
            nn.ReLU(),
            nn.Linear(channels // ratio, channels, bias=False),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        scaled: Tensor = x * self.scale(x)[:, :, None, None]
        return scaled


class ConvBlockAttention(nn.Module):
    """CBAM: scales channels, then places: (B, C, H, W) -> the same.

    Args:
        channels: C.
        ratio: C / ratio hidden units of the channel part, shared by average and maximum.
        kernel: side of the convolution that finds the places.
    """

    def __init__(self, channels: int, ratio: int = 8, kernel: int = 7) -> None:
        super().__init__()
        self.channel = nn.Sequential(
            nn.Conv2d(channels, channels // ratio, 1, bias=False),
            nn.ReLU(),
            nn.Conv2d(channels // ratio, channels, 1, bias=False),
        )
        self.place = nn.Conv2d(2, 1, kernel, padding=kernel // 2, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) -> (B, C, H, W)."""
        pooled = (x.mean(dim=(2, 3), keepdim=True), x.amax(dim=(2, 3), keepdim=True))
        x = x * torch.sigmoid(self.channel(pooled[0]) + self.channel(pooled[1]))
        both = torch.cat((x.mean(dim=1, keepdim=True), x.amax(dim=1, keepdim=True)), dim=1)
        weighed: Tensor = x * torch.sigmoid(self.place(both))
        return weighed
