# SPDX-License-Identifier: Apache-2.0
"""Trunks of the heterologous matcher, all at stride 8, cut where sharing between sensors starts.

Chen et al., "Transformer Tracking" (CVPR 2021) keep ResNet-50 up to its third stage at stride 8.
The heterologous variant adds MobileNetV3-Large and the CSPNet trunk (Wang et al., CVPRW 2020) in
the widths of a medium detector, likewise kept at stride 8. Every trunk gives several feature maps
of one resolution ("taps"), of which the last is the output; fusing them is optional.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from xsense_training.torchvision_guard import prepare_torchvision

STRIDE = 8


class Taps(nn.Module):
    """Stages in a row; gives the outputs of the marked ones. (B, C, H, W) -> list of feature maps.

    Args:
        stages: modules in order; the last one is always tapped.
        tapped: numbers of further stages whose output is kept.
    """

    def __init__(self, stages: Sequence[nn.Module], tapped: Sequence[int] = ()) -> None:
        super().__init__()
        self.stages = nn.ModuleList(stages)
        self.tapped = {*tapped, len(stages) - 1}

    def forward(self, x: Tensor) -> list[Tensor]:
        """All tapped outputs, in the order of the stages."""
        found = []
        for number, stage in enumerate(self.stages):
            x = stage(x)
            if number in self.tapped:
                found.append(x)
        return found


@dataclass(frozen=True)
class Trunk:
    """A trunk in two parts.

    low: image (B, 3, H, W) -> features, what may be each sensor's own; high: features -> taps, all
    at stride 8, what may be shared; widths: channels of the taps.
    """

    low: nn.Module
    high: Taps
    widths: tuple[int, ...]


def resnet50() -> Trunk:
    """He et al. (CVPR 2016) without the last stage; dilation takes the place of its stride."""
    prepare_torchvision()
    from torchvision.models import resnet50 as build

    net = build(weights=None, replace_stride_with_dilation=[False, True, False])
    low = nn.Sequential(net.conv1, net.bn1, net.relu, net.maxpool, net.layer1)
    return Trunk(low, Taps([net.layer2, net.layer3], [0]), (512, 1024))


def mobilenet_v3_large() -> Trunk:
    """Howard et al. (ICCV 2019); the two later depthwise strides are 1, without dilation."""
    prepare_torchvision()
    from torchvision.models import mobilenet_v3_large as build

    stages = list(build(weights=None).features)
    for number in (7, 13):
        for module in stages[number].modules():
            if isinstance(module, nn.Conv2d) and module.groups > 1:
                module.stride = (1, 1)
    # Stage 10 is the last of 80 channels, 15 the last of 160; 16 widens to 960.
    return Trunk(nn.Sequential(*stages[:3]), Taps(stages[3:], [7, 12]), (80, 160, 960))


def csp_net() -> Trunk:
    """Cross-stage partial trunk with spatial pyramid pooling; its last two strides are 1."""
    low = nn.Sequential(
        ConvUnit(3, 48, 6, stride=2, padding=2),
        ConvUnit(48, 96, 3, stride=2),
        CspStage(96, 2),
    )
    high = [
        nn.Sequential(ConvUnit(96, 192, 3, stride=2), CspStage(192, 4)),
        nn.Sequential(ConvUnit(192, 384, 3), CspStage(384, 6)),
        nn.Sequential(ConvUnit(384, 768, 3), CspStage(768, 2), PyramidPool(768)),
    ]
    return Trunk(low, Taps(high, [0, 1]), (192, 384, 768))


TRUNKS: dict[str, Callable[[], Trunk]] = {
    'resnet50': resnet50,
    'mobilenet-v3-large': mobilenet_v3_large,
    'csp': csp_net,
}


class ConvUnit(nn.Sequential):
    """Convolution, batch norm, SiLU. (B, in, H, W) -> (B, out, H / stride, W / stride)."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int = 1,
        stride: int = 1,
        padding: int | None = None,
    ) -> None:
        same = kernel // 2 if padding is None else padding
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, same, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3, momentum=0.03),
            nn.SiLU(),
        )


class CspStage(nn.Module):
    """Half the channels through a chain of residual blocks, half around it; then merged."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        half = width // 2
        self.through, self.around = ConvUnit(width, half), ConvUnit(width, half)
        self.chain = nn.ModuleList(
            nn.Sequential(ConvUnit(half, half), ConvUnit(half, half, 3)) for _ in range(blocks)
        )
        self.merge = ConvUnit(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same shape."""
        y = self.through(x)
        for block in self.chain:
            y = y + block(y)
        return cast(Tensor, self.merge(torch.cat([y, self.around(x)], dim=1)))


class PyramidPool(nn.Module):
    """Maxima over windows of 5, 9 and 13 cells beside the features themselves, merged."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow = ConvUnit(width, width // 2)
        self.pool = nn.MaxPool2d(5, stride=1, padding=2)
        self.merge = ConvUnit(2 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) -> the same shape."""
        levels = [self.narrow(x)]
        for _ in range(3):  # pooling again over 5 widens the window by 4
            levels.append(self.pool(levels[-1]))
        return cast(Tensor, self.merge(torch.cat(levels, dim=1)))
