# SPDX-License-Identifier: Apache-2.0
"""CrossNet's trunk: ResNet-50 at stride 16 with attention in two places, (B, 3, H, W) -> a map.

Against the plain ResNet-50 the last stage keeps its size (stride 1, no dilation), attention
follows the max pooling (64 channels) and the second stage (512), and two 1x1 convolutions narrow
2048 channels to 512.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor, nn

from xsense_training.models.attention import ConvBlockAttention, SqueezeExcitation
from xsense_training.torchvision_guard import prepare_torchvision

Attention = Literal['CBAM', 'SE', 'none']
WIDTH = 64  # channels of the first convolution; all others are multiples of it
CHANNELS = 8 * WIDTH  # of the map
STRIDE = 16
# Bottlenecks, their inner channels over the width, and the stride of the first: He et al. 2016,
# table 1, but for the last stride.
STAGES = ((3, 1, 1), (4, 2, 2), (6, 4, 2), (3, 8, 1))
_BLOCKS: Mapping[Attention, Callable[[int], nn.Module]] = {
    'CBAM': ConvBlockAttention,
    'SE': SqueezeExcitation,
    'none': lambda channels: nn.Identity(),
}


class CrossNetTrunk(nn.Module):
    """(B, 3, H, W) with ImageNet's mean and deviation taken out -> (B, 8 W, H / 16, W / 16).

    Weights are drawn (Kaiming, fan out), as published; nothing is pre-trained.

    Args:
        attention: which block, in both places.
        unused_layer: also hold the classifier that the original holds and never calls (2048 to
            512); for counting.
        width: channels of the first convolution; 64 is the published network.
    """

    def __init__(
        self, attention: Attention, unused_layer: bool = False, width: int = WIDTH
    ) -> None:
        super().__init__()
        block = _BLOCKS[attention]
        first, second, third, fourth = _stages(width)
        self.layers = nn.Sequential(
            nn.Sequential(
                nn.Conv2d(3, width, 7, 2, 3, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
                nn.MaxPool2d(3, 2, 1),
            ),
            block(width),
            first,
            second,
            block(8 * width),
            third,
            fourth,
            conv_unit(32 * width, 16 * width, activation=nn.ReLU),
            conv_unit(16 * width, 8 * width, activation=nn.ReLU),
        )
        if unused_layer:
            self.unused = nn.Linear(32 * width, 8 * width)
        for module in self.layers.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode='fan_out', nonlinearity='relu')

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, 8 W, H / 16, W / 16)."""
        found: Tensor = self.layers(pictures)
        return found


def conv_unit(
    channels: int, out: int, kernel: int = 1, activation: type[nn.Module] = nn.Mish
) -> nn.Sequential:
    """Convolution that keeps height and width, batch norm, activation."""
    return nn.Sequential(
        nn.Conv2d(channels, out, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(out),
        activation(),
    )


def _stages(width: int) -> list[nn.Sequential]:
    prepare_torchvision()
    from torchvision.models.resnet import Bottleneck

    found, channels = [], width
    for blocks, times, stride in STAGES:
        inner = times * width
        out = Bottleneck.expansion * inner
        shortcut = nn.Sequential(
            nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out)
        )
        first = Bottleneck(channels, inner, stride, shortcut)
        found.append(nn.Sequential(first, *(Bottleneck(out, inner) for _ in range(blocks - 1))))
        channels = out
    return found
