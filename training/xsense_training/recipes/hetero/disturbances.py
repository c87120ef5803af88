# SPDX-License-Identifier: Apache-2.0
"""What other cameras make of the same scene: training sees every picture a little differently."""

from __future__ import annotations

import cv2
import numpy as np

from xsense_training.data.registered_pair import Pixels

Rng = np.random.Generator


def disturb_visible(image: Pixels, rng: Rng) -> Pixels:
    """Another camera's picture of the same: colours, gain, sharpness. RGB uint8 (H, W, 3)."""
    kind = rng.random()
    if kind < 0.2:
        image = np.repeat(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    elif kind < 0.35:
        image = image[..., rng.permutation(3)]
    elif kind < 0.4:
        image = np.repeat(image[..., rng.integers(3)][..., None], 3, axis=2)
    image = np.ascontiguousarray(image)
    if rng.random() < 0.25:
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.2, 0.8)))
    return image if rng.random() < 0.5 else _levels(image, rng)


def disturb_search(
    image: Pixels, rng: Rng, *, blur: float, noise: float, inverted: float
) -> Pixels:
    """Another sensor's picture of the same: polarity, gain, blur, noise. uint8 (H, W).

    Args:
        image: uint8 (H, W).
        rng: the same state gives the same picture.
        blur: largest sigma in pixels.
        noise: largest standard deviation, in shares of the picture's own.
        inverted: probability of the negative.
    """
    if rng.random() < inverted:
        image = np.asarray(255 - image, np.uint8)
    if rng.random() < 0.25:
        image = _levels(image, rng)
    found = image.astype(np.float32)
    if rng.random() < 0.5:
        sigma = rng.uniform(0.1, blur)
        found = np.asarray(cv2.GaussianBlur(found, (0, 0), sigma))
    if rng.random() < 0.5:
        strength = np.float32(rng.uniform(0, noise) * found.std())
        found = found + strength * rng.standard_normal(found.shape, np.float32)
    return np.clip(np.rint(found), 0, 255).astype(np.uint8)


def _levels(image: Pixels, rng: Rng) -> Pixels:
    """Gamma and gain as one table; never fewer levels than there were."""
    low, high = float(image.min()), float(image.max())
    at = np.clip((np.arange(256) - low) / max(high - low, 1), 0, 1) ** np.exp(rng.normal(0, 0.3))
    span = max(rng.uniform(60, 195), min(high - low, 195))
    table = rng.uniform(0, 60) + at * span
    return np.asarray(cv2.LUT(image, np.clip(np.rint(table), 0, 255).astype(np.uint8)), np.uint8)
