# SPDX-License-Identifier: Apache-2.0
"""What light does to the visible half of a made pair, and heat knows nothing of.

Cast shadows, glare, night with the noise of few photons, and the camera's own colour and blur.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_training.data.registered_pair import Pixels

NIGHT = 0.15  # share of the pictures taken in little light


def lit(visible: Pixels, rng: np.random.Generator) -> Pixels:
    """The picture in light drawn at random.

    Args:
        visible: RGB uint8 (H, W, 3), evenly lit.
        rng: the same state gives the same light.

    Returns:
        RGB uint8 (H, W, 3).
    """
    shape = visible.shape[:2]
    light = np.ones(shape, np.float32)
    for _ in range(int(rng.integers(0, 3))):
        light *= _shadow(shape, rng)
    night = rng.random() < NIGHT
    level = rng.uniform(0.25, 0.6) if night else rng.uniform(0.7, 1.15)
    cast = level * rng.uniform(0.88, 1.12, 3)
    added = _glare(shape, rng) if not night and rng.random() < 0.2 else np.zeros(shape, np.float32)
    # Noise is the root of the signal, as photons have it, and the electronics' own; of one grey
    # value for the three channels, because cameras smooth the colour of their noise away.
    signal = visible[..., 1] * light * np.float32(level) + added
    photons = np.float32(rng.uniform(3, 12) if night else rng.uniform(0, 1.5))
    noise = rng.standard_normal(shape, np.float32)
    added += photons * np.sqrt(signal / 64 + np.float32(0.2)) * noise
    sigma = float(rng.uniform(0, 0.8))
    planes = []
    for channel in range(3):  # plane by plane: three numbers a pixel make slow inner loops
        plane = visible[..., channel] * light
        plane *= np.float32(cast[channel])
        plane += added
        planes.append(np.clip(plane, 0, 255, out=plane).astype(np.uint8))
    image = cv2.merge(planes)
    if sigma > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), sigma)
    return np.asarray(image, np.uint8)


def _shadow(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Factor (H, W) of a polygon in shade, its rim soft."""
    rows, columns = shape
    middle, reach = rng.uniform(0, (columns, rows)), rng.uniform(0.1, 0.45) * columns
    turns = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 8))))
    around = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    corners = middle + reach * rng.uniform(0.4, 1, (len(turns), 1)) * around
    mask = np.zeros(shape, np.float32)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), rng.uniform(0.6, 4))
    return np.asarray(1 - np.float32(rng.uniform(0.2, 0.65)) * soft, np.float32)


def _glare(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """Brightness to add, (H, W): a lamp or the sun on something shiny."""
    rows, columns = shape
    down, across = np.ogrid[:rows, :columns]
    x, y = rng.uniform(0, (columns, rows))
    away = ((across - x) ** 2 + (down - y) ** 2).astype(np.float32)
    size = np.float32(rng.uniform(0.03, 0.15) * columns)
    return np.asarray(np.float32(rng.uniform(80, 250)) * np.exp(-away / (2 * size**2)), np.float32)
