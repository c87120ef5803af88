# SPDX-License-Identifier: Apache-2.0
"""What may change in a picture or a press without changing what it is of."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_training.features.views import camera

Image = NDArray[np.uint8]
TURN, SHIFT, ZOOM = 15.0, 0.08, 0.1  # degrees; share of the side; share
MIRRORED, NOISE = 0.25, 0.04


def another_frame(rgb: Image, rng: np.random.Generator) -> Image:
    """The picture as another camera might have it: nearer, mirrored, in other light."""
    height, width = rgb.shape[:2]
    share = rng.uniform(0.75, 1.0)
    rows, columns = round(share * height), round(share * width)
    top, left = rng.integers(height - rows + 1), rng.integers(width - columns + 1)
    seen = rgb[top : top + rows, left : left + columns]
    return camera(seen[:, ::-1] if rng.random() < 0.5 else seen, rng)


def another_press(touch: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The press on another unit: turned, shifted, mirrored, with other gains of its lamps.

    Args:
        touch: float32 (1, 3, S, S) as TouchInput gives it, 0 where nothing touches.
        rng: decides everything.
    """
    side = touch.shape[-1]
    centre = (side / 2 - 0.5, side / 2 - 0.5)
    zoom = rng.uniform(1 - ZOOM, 1 + ZOOM)
    move = cv2.getRotationMatrix2D(centre, rng.uniform(-TURN, TURN), zoom)
    move[:, 2] += rng.uniform(-SHIFT, SHIFT, 2) * side
    change = np.ascontiguousarray(touch[0].transpose(1, 2, 0))
    moved = cv2.warpAffine(change, move, (side, side))
    if rng.random() < MIRRORED:
        moved = moved[:, ::-1]
    gains = rng.uniform(0.75, 1.3) * rng.uniform(0.85, 1.15, 3)
    noise = rng.normal(0, rng.uniform(0, NOISE), moved.shape)
    return np.ascontiguousarray((moved * gains + noise).transpose(2, 0, 1)[None], np.float32)
