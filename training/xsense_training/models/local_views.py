# SPDX-License-Identifier: Apache-2.0
"""A picture against its own surroundings: what a gain, an offset or a shadow leaves alone."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

LOCAL_VIEWS = 3  # of a picture: whole, against its near and against its far surroundings
LEVEL = 0.25 / 255  # a quarter of a grey level
FLAT = 0.03  # standard deviations of the picture, below which surroundings count as flat


def local_views(image: Tensor) -> Tensor:
    """A picture and how each pixel differs from its surroundings: gain and offset are no content.

    (B, C, H, W) -> (B, 3 C + 1, H, W): standardised as a whole, then against the mean and the
    standard deviation of about 6 x 6 pixels and of about 20 x 20, and the logarithm of the latter
    deviation. Windows that vary by one or two grey levels hold as much as others.
    """
    mean = image.mean(dim=(1, 2, 3), keepdim=True)
    moved = image - mean
    whole = moved / (moved.square().mean(dim=(1, 2, 3), keepdim=True) + LEVEL**2).sqrt()
    near = whole - _around(whole, 2, 3)
    far = whole - _around(whole, 4, 5)
    narrow, deviation = (
        (_around(x.square(), *steps).mean(dim=1, keepdim=True) + FLAT**2).sqrt()
        for x, steps in ((near, (2, 3)), (far, (4, 5)))
    )
    return torch.cat([whole, near / narrow, far / deviation, deviation.log()], dim=1)


def _around(x: Tensor, step: int, cells: int) -> Tensor:
    """Mean over about step * cells pixels around each; pooled first, which costs a tenth."""
    small = F.avg_pool2d(F.avg_pool2d(x, step), cells, 1, cells // 2, count_include_pad=False)
    return F.interpolate(small, scale_factor=float(step), mode='bilinear', align_corners=False)
