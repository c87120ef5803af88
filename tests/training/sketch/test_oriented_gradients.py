# SPDX-License-Identifier: Apache-2.0
"""Edges by orientation, as the exported graph computes them."""

from __future__ import annotations

import math

import numpy as np
import torch

from xsense_training.models.efficientnet_lite0 import STD
from xsense_training.models.oriented_gradients import (
    BINS,
    HogVector,
    OrientedGradients,
    contrast_normalise,
)


def stripes(angle: float, size: int = 32) -> torch.Tensor:
    y, x = torch.meshgrid(torch.arange(size), torch.arange(size), indexing='ij')
    wave = torch.sin((x * math.cos(angle) + y * math.sin(angle)) * 0.8)
    return wave.expand(1, 3, size, size).float()


def test_each_orientation_has_its_bin() -> None:
    for number in range(BINS):
        maps = OrientedGradients(STD)(stripes(number * math.pi / BINS))
        assert int(maps[..., 4:12, 4:12].mean(dim=(0, 2, 3)).argmax()) == number


def test_dark_on_light_equals_light_on_dark() -> None:
    picture = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    gradients = OrientedGradients(STD)
    torch.testing.assert_close(gradients(picture), gradients(-picture))


def test_maps_equal_a_naive_recomputation() -> None:
    generator = torch.Generator().manual_seed(1)
    picture = torch.randn(1, 3, 8, 8, generator=generator)
    found = OrientedGradients(STD)(picture)[0].numpy()
    x = np.pad(
        picture[0].numpy() * np.array(STD)[:, None, None], ((0, 0), (1, 1), (1, 1)), mode='edge'
    )
    vector = np.zeros((3, 8, 8))
    for row in range(8):
        for column in range(8):
            gx = x[:, row + 1, column + 2] - x[:, row + 1, column]
            gy = x[:, row + 2, column + 1] - x[:, row, column + 1]
            energy = (gx**2 + gy**2).sum()
            parts = np.array([(gx**2 - gy**2).sum(), 2 * (gx * gy).sum(), energy])
            vector[:, row, column] = parts / np.sqrt(energy + 1e-5)
    pooled = vector.reshape(3, 4, 2, 4, 2).mean(axis=(2, 4))
    for number in range(BINS):
        angle = 2 * math.pi * number / BINS
        likeness = (math.cos(angle) * pooled[0] + math.sin(angle) * pooled[1]) / (pooled[2] + 1e-4)
        expected = np.maximum(likeness, 0) ** 3 * pooled[2]
        np.testing.assert_allclose(found[number], expected, atol=1e-5)


def test_a_vector_has_length_one_and_contrast_does_not_matter() -> None:
    maps = torch.rand(2, BINS, 16, 16, generator=torch.Generator().manual_seed(2)) + 0.5
    hog = HogVector((8, 16))
    rows = hog(maps)
    assert rows.shape == (2, BINS * (16 + 4))
    single = HogVector((8,))(maps)
    torch.testing.assert_close(rows[:, : BINS * 16], single / math.sqrt(2))
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(2))
    assert float((rows * hog(maps * 5)).sum(dim=1).min()) > 0.995
    assert float(contrast_normalise(maps, 1, 0.5).max()) <= 0.5
