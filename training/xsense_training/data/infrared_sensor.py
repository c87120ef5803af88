# SPDX-License-Identifier: Apache-2.0
"""What a thermal camera does to a field of temperatures: optics, detector, counts, gain.

Every size is drawn for every image: the lens (sigma 0.4 to 3 pixels), a coarser detector than the
visible one (one frame in three), the halo of local contrast enhancement, shading of the lens
itself, and noise of pixels, columns and rows that is at worst as strong as the picture. Counts are
of 14 bits and reach 8 by the same lines as on the robot (`senses.levels`).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.levels import stretch_to_8_bit
from xsense_training.data.registered_pair import Pixels

Floats = NDArray[np.float32]
BITS = 14
SHARPEST, BLUREST = 0.4, 3.0  # sigma of the lens in pixels
# Largest standard deviations of the noise, in shares of the picture's own.
PIXELS, COLUMNS, ROWS = 0.9, 0.4, 0.25


def through_lens(field: Floats, rng: np.random.Generator) -> Floats:
    """Blurred, with a halo and shading towards the corners, in either polarity; (H, W)."""
    sigma = float(np.exp(rng.uniform(np.log(SHARPEST), np.log(BLUREST))))
    seen = np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
    if rng.random() < 0.4:
        seen = seen - np.float32(rng.uniform(0.2, 0.8)) * _wide_blur(seen, rng.uniform(8, 24))
    rows, columns = field.shape
    down, across = np.ogrid[-1 : 1 : rows * 1j, -1 : 1 : columns * 1j]
    corner = (down**2 + across**2).astype(np.float32)
    seen = seen + np.float32(rng.normal(0, 0.2)) * max(float(seen.std()), 1e-3) * corner
    return np.asarray(-seen if rng.random() < 0.5 else seen, np.float32)


def to_counts(field: Floats, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Temperatures of any scale (H, W) -> raw counts of BITS bits with a detector's noise."""
    rows, columns = field.shape
    coarser = rng.uniform(1.4, 2.8) if rng.random() < 1 / 3 else 1.0
    small = (max(round(columns / coarser), 1), max(round(rows / coarser), 1))
    if coarser > 1:
        field = np.asarray(cv2.resize(field, small, interpolation=cv2.INTER_AREA), np.float32)
    spread = max(float(field.std()), 1e-3)
    # Most frames are clean; the square keeps a tail of bad ones.
    strength = np.array([PIXELS, COLUMNS, ROWS]) * rng.random(3) ** 2 * spread / coarser
    noise = strength[0] * rng.standard_normal(field.shape, np.float32)
    noise += strength[1] * rng.standard_normal(small[0], np.float32)
    noise += strength[2] * rng.standard_normal((small[1], 1), np.float32)
    if rng.random() < 0.3:
        _dead(noise, rng, 8 * spread)
    # Down to a few counts between the regions: frames of low contrast show their steps.
    gain = np.exp(rng.uniform(np.log(8), np.log(1500))) / spread
    counts = rng.uniform(5000, 11000) + gain * (field - field.mean() + noise)
    found = np.clip(np.rint(counts), 0, 2**BITS - 1).astype(np.float32)
    if coarser > 1:
        found = cv2.resize(found, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(found, np.uint16)


def to_8_bit(counts: NDArray[np.uint16]) -> Pixels:
    """Automatic gain as on the robot: (H, W) -> uint8 (H, W)."""
    return stretch_to_8_bit(counts, zero_is_invalid=False)


def _dead(noise: Floats, rng: np.random.Generator, far: float) -> None:
    """Pixels stuck far above or below the picture, up to one in 500."""
    count = int(rng.integers(1, max(noise.size // 500, 2)))
    at = rng.integers(0, noise.size, count)
    noise.ravel()[at] = rng.choice((-far, far), count)


def _wide_blur(image: Floats, sigma: float) -> Floats:
    """A Gaussian blur of many pixels, on a quarter of the rows and columns."""
    rows, columns = image.shape
    small = cv2.resize(
        image, (max(columns // 4, 1), max(rows // 4, 1)), interpolation=cv2.INTER_AREA
    )
    wide = cv2.GaussianBlur(small, (0, 0), sigma / 4)
    return np.asarray(cv2.resize(wide, (columns, rows), interpolation=cv2.INTER_LINEAR))
