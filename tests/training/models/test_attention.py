# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import torch
import torch.nn.functional as F

from xsense_training.models.attention import ConvBlockAttention, SqueezeExcitation

X = torch.randn(3, 32, 6, 5, generator=torch.Generator().manual_seed(0))


def test_squeeze_and_excitation_is_its_formula() -> None:
    torch.manual_seed(0)
    block = SqueezeExcitation(32, ratio=16)
    narrow, wide = (p.detach() for p in block.parameters())
    assert (narrow.shape, wide.shape) == ((2, 32), (32, 2))
    for sample, found in zip(X, block(X), strict=True):
        scale = torch.sigmoid(wide @ torch.relu(narrow @ sample.mean(dim=(1, 2))))
        torch.testing.assert_close(found, sample * scale[:, None, None])


def test_cbam_scales_channels_then_places() -> None:
    torch.manual_seed(0)
    block = ConvBlockAttention(32, ratio=8)
    narrow, wide, place = (p.detach() for p in block.parameters())
    assert place.shape == (1, 2, 7, 7)
    narrow, wide = narrow[:, :, 0, 0], wide[:, :, 0, 0]
    assert (narrow.shape, wide.shape) == ((4, 32), (32, 4))
    for sample, found in zip(X, block(X), strict=True):
        parts = [
            wide @ torch.relu(narrow @ pooled)
            for pooled in (sample.mean(dim=(1, 2)), sample.flatten(1).max(dim=1).values)
        ]
        scaled = sample * torch.sigmoid(parts[0] + parts[1])[:, None, None]
        both = torch.stack((scaled.mean(dim=0), scaled.max(dim=0).values))
        weight = torch.sigmoid(F.conv2d(F.pad(both, (3, 3, 3, 3))[None], place))[0]
        torch.testing.assert_close(found, scaled * weight)
