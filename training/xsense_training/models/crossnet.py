# SPDX-License-Identifier: Apache-2.0
"""CrossNet as published: two trunks and a block that mixes their maps.

The block is called cross attention in the original; it is a convolution over both maps. Because
of it each output depends on both inputs: the net has no embedding of a touch alone, and what is
computed for a query from its pair contains the answer. `recipes/crossnet` has what follows.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from xsense_training.models.crossnet_trunk import (
    CHANNELS,
    WIDTH,
    Attention,
    CrossNetTrunk,
    conv_unit,
)


class CrossNetFusion(nn.Module):
    """Maps of touch and vision, (B, C, H, W) each, -> the same two, each with both in it.

    Args:
        channels: C.
    """

    def __init__(self, channels: int = CHANNELS) -> None:
        super().__init__()
        self.mixed = nn.Sequential(
            conv_unit(2 * channels, channels, 3),
            conv_unit(channels, channels),
            conv_unit(channels, channels, 3),
            conv_unit(channels, channels),
        )
        self.for_touch, self.for_vision = (conv_unit(channels, channels) for _ in range(2))
        self.touch, self.vision = (conv_unit(2 * channels, channels) for _ in range(2))

    def forward(self, touch: Tensor, vision: Tensor) -> tuple[Tensor, Tensor]:
        """Twice (B, C, H, W) -> twice (B, C, H, W)."""
        mixed = self.mixed(torch.cat((touch, vision), dim=1))
        return (
            self.touch(torch.cat((touch, self.for_touch(mixed)), dim=1)),
            self.vision(torch.cat((vision, self.for_vision(mixed)), dim=1)),
        )


class CrossNet(nn.Module):
    """Pictures of a touch and of a thing, (B, 3, H, W) each, -> twice (B, 8 W, H / 16, W / 16).

    Args:
        touch: attention of the touch trunk.
        vision: attention of the vision trunk.
        unused_layers: as in CrossNetTrunk.
        width: as in CrossNetTrunk.
    """

    def __init__(
        self,
        touch: Attention = 'CBAM',
        vision: Attention = 'SE',
        unused_layers: bool = False,
        width: int = WIDTH,
    ) -> None:
        super().__init__()
        self.touch = CrossNetTrunk(touch, unused_layers, width)
        self.vision = CrossNetTrunk(vision, unused_layers, width)
        self.fusion = CrossNetFusion(8 * width)

    def forward(self, touch: Tensor, vision: Tensor) -> tuple[Tensor, Tensor]:
        """Touches and pictures -> the maps of both, each of which depends on both inputs."""
        found: tuple[Tensor, Tensor] = self.fusion(self.touch(touch), self.vision(vision))
        return found
