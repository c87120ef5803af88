# SPDX-License-Identifier: Apache-2.0
"""What may change in a drawing or a picture without changing what it shows, a batch at a time.

Few concepts train, so their variety must come from here. All functions take float32 (B, C, S, S)
in [0, 1] with a white ground and follow from the generator alone.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

WHITE = 1.0
ROTATION, SCALE, ASPECT, SHEAR, SHIFT, WOBBLE = 0.10, 0.065, 0.08, 0.065, 0.04, 0.024


def warp(x: Tensor, generator: torch.Generator) -> Tensor:
    """Turn, scale, stretch, shear, shift and wobble; what comes in from outside is white."""
    count, _, side, _ = x.shape

    def normal(scale: float, columns: int = 1) -> Tensor:
        return torch.randn(count, columns, generator=generator) * scale

    angle, shear = normal(ROTATION)[:, 0], normal(SHEAR)[:, 0]
    scale, aspect = normal(SCALE).exp()[:, 0], normal(ASPECT).exp()[:, 0]
    wide, high = scale * aspect, scale / aspect
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0], matrix[:, 0, 1] = angle.cos() * wide, shear - angle.sin() * high
    matrix[:, 1, 0], matrix[:, 1, 1] = angle.sin() * wide, angle.cos() * high
    matrix[:, :, 2] = normal(SHIFT, 2)
    grid = F.affine_grid(matrix, [count, 1, side, side], align_corners=False)
    coarse = torch.randn(count, 2, 6, 6, generator=generator) * WOBBLE
    wobble = F.interpolate(coarse, (side, side), mode='bicubic', align_corners=True)
    grid = grid + wobble.permute(0, 2, 3, 1)
    # Zeros come in from outside; on the negative that is white.
    return WHITE - F.grid_sample(WHITE - x, grid, align_corners=False)


def flip(x: Tensor, which: Tensor) -> Tensor:
    """Mirror the rows (B,) that are marked."""
    return torch.where(which.view(-1, 1, 1, 1), x.flip(3), x)


def redraw(line: Tensor, generator: torch.Generator) -> Tensor:
    """A drawing as another hand might have made it: warped, thicker, with gaps, fainter."""
    x = warp(line, generator)
    thick = -F.max_pool2d(-x, 3, 1, 1)
    share = _uniform(x, 0.0, 0.7, generator) * _chance(x, 0.4, generator)
    x = x * (1 - share) + thick * share
    patches = F.interpolate(
        torch.rand(len(x), 1, 7, 7, generator=generator), x.shape[-2:], mode='bilinear'
    )
    erased = patches < _uniform(x, 0.0, 0.28, generator) * _chance(x, 0.5, generator)
    x = torch.where(erased, WHITE, x)
    return WHITE - (WHITE - x) * _uniform(x, 0.7, 1.0, generator)


def repaint(picture: Tensor, generator: torch.Generator) -> Tensor:
    """A picture in other colours: warped, hue and saturation changed, inverted, blurred."""
    x = warp(picture, generator)
    grey = x.mean(dim=1, keepdim=True)
    x = grey + (x - grey) * _uniform(x, -0.3, 1.5, generator)
    order = torch.randperm(3, generator=generator)
    x = torch.where(_chance(x, 0.4, generator), x[:, order], x)
    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    x = (x - mean) * _uniform(x, 0.5, 1.3, generator) + mean + _uniform(x, -0.15, 0.15, generator)
    x = torch.where(_chance(x, 0.1, generator), 1 - x, x)
    soft = F.avg_pool2d(F.pad(x, (1, 1, 1, 1), mode='replicate'), 3, 1)
    return torch.where(_chance(x, 0.2, generator), soft, x).clamp(0, 1)


def _uniform(like: Tensor, low: float, high: float, generator: torch.Generator) -> Tensor:
    return torch.rand(len(like), 1, 1, 1, generator=generator) * (high - low) + low


def _chance(like: Tensor, share: float, generator: torch.Generator) -> Tensor:
    return torch.rand(len(like), 1, 1, 1, generator=generator) < share
