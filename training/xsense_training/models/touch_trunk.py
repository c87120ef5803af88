# SPDX-License-Identifier: Apache-2.0
"""A small trunk for pictures of a gel: how rough, how wide, how round what presses on it is.

The first five stages of EfficientNet-Lite0 (0.69 M parameters) with ImageNet's weights, frozen:
edges and textures are the same in a shaded gel as in a photograph. What is read off them are
statistics of every stage instead of a class: means and deviations over the field, and once more
weighted by how much the gel has changed, since most of a field is mostly no contact. Deviations
describe a texture whatever its place (Cimpoi et al. 2015 pool so, with richer statistics).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from xsense_training.models.efficientnet_lite0 import EfficientNetLite0, fold_batch_norm

ENDS = (3, 5, 8, 11)  # blocks of the stages 2 to 5: strides 4, 8, 16, 16
STRIDES = (4, 8, 16, 16)
CHANNELS = (24, 40, 80, 112)
FEATURES = 4 * sum(CHANNELS)


class TouchTrunk(nn.Module):
    """(B, 3, S, S), no contact is zero, S a multiple of 16 -> (B, 1024). Frozen.

    Args:
        network: with ImageNet's weights; its first blocks are taken over.
    """

    def __init__(self, network: EfficientNetLite0) -> None:
        super().__init__()
        self.stem = network.stem
        blocks = list(network.blocks)
        self.stages = nn.ModuleList(
            nn.Sequential(*blocks[start:end]) for start, end in zip((0, *ENDS), ENDS, strict=False)
        )
        # Nothing here ever trains, so the norms are folded: half the time.
        fold_batch_norm(self.eval())
        self.requires_grad_(False)

    def train(self, mode: bool = True) -> TouchTrunk:
        """Stays in eval mode: it is frozen."""
        return super().train(False)

    def forward(self, touch: Tensor) -> Tensor:
        """(B, 3, S, S) -> (B, 1024)."""
        change = touch.abs().mean(dim=1, keepdim=True)
        y = self.stem(touch)
        found = []
        for stage, stride in zip(self.stages, STRIDES, strict=True):
            y = stage(y)
            weight = F.avg_pool2d(change, stride) + 1e-3
            found += [*_statistics(y, torch.ones_like(weight)), *_statistics(y, weight)]
        return torch.cat(found, dim=1)


def _statistics(y: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """(B, C, H, W), (B, 1, H, W) -> weighted mean and deviation over the field, (B, C) each."""
    share = weight / weight.sum(dim=(2, 3), keepdim=True)
    mean = (y * share).sum(dim=(2, 3), keepdim=True)
    variance = ((y - mean).square() * share).sum(dim=(2, 3))
    return mean.flatten(1), (variance + 1e-4).sqrt()
