# SPDX-License-Identifier: Apache-2.0
"""The picture of a gel that nothing touches: light of the lamps, folds, scratches, dust."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_training.touch_sim.gel_table import sensor_file

# Lamps light the measured gel in steps no finer than this; what is finer are its own folds.
_LIGHT_PIXELS = 24.0
# Unevenness of light and of the coat between units, in grey levels, by its size in pixels of the
# simulated frame. The two measured sensors spread by 9..31 over their frames (each in its own
# way) and by 0.6..2.1 in finer structure.
_UNEVEN = ((130.0, 5.0), (50.0, 1.5), (5.0, 0.5))
_TINT_PER_LEVEL = 0.5


@lru_cache(maxsize=1)
def measured_light() -> NDArray[np.float32]:
    """(480, 640, 3) float32 RGB: light of the measured sensor without contact, folds removed.

    Raises:
        InputError: the measured files are not fetched.
    """
    with np.load(sensor_file('gelsight', 'dataPack.npz')) as stored:
        frame = stored['f0'].astype(np.float32)
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), _LIGHT_PIXELS), np.float32)


def draw_background(
    draw: np.random.Generator,
    position: NDArray[np.float32],
    mixing: NDArray[np.float32],
) -> NDArray[np.float32]:
    """The resting frame of one unit.

    Args:
        draw: where its peculiarities come from.
        position: (H, W, 2) float32, where its pixels lie in the measured sensor's frame.
        mixing: (3, 3) float32, colours of the measured sensor to those of this one.

    Returns:
        (H, W, 3) float32 RGB in 0..255.
    """
    rows, columns = position.shape[:2]
    light = cv2.remap(
        measured_light(),
        position[..., 0],
        position[..., 1],
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    light = light @ mixing.T
    for pixels, levels in _UNEVEN:
        common = _cloud(draw, rows, columns, pixels, 1)
        tint = _cloud(draw, rows, columns, pixels, 3)
        light += np.float32(levels) * (common + np.float32(_TINT_PER_LEVEL) * tint)
    light += _scratches(draw, rows, columns)
    light *= _vignette(draw, rows, columns)[..., None]
    return np.asarray(np.clip(light, 0.0, 255.0), np.float32)


def _cloud(
    draw: np.random.Generator, rows: int, columns: int, pixels: float, channels: int
) -> NDArray[np.float32]:
    """Smooth noise of unit spread, (rows, columns, channels)."""
    coarse = 2.0 / pixels
    size = (max(int(rows * coarse), 2) + 3, max(int(columns * coarse), 2) + 3)
    field = draw.standard_normal((*size, channels)).astype(np.float32)
    smooth = cv2.resize(
        cv2.GaussianBlur(field, (0, 0), 1.0), (columns, rows), interpolation=cv2.INTER_CUBIC
    ).reshape(rows, columns, channels)
    return np.asarray((smooth - smooth.mean(axis=(0, 1))) / smooth.std(), np.float32)


def _scratches(draw: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """Scratches and dust of the coat, (rows, columns, 3), in grey levels."""
    marks = np.zeros((rows, columns, 3), np.float32)
    corner = np.array([columns, rows], np.float64)
    for _ in range(int(draw.integers(1, 7))):
        bend = draw.uniform(0.0, 1.0, (3, 2)) * corner
        along = np.linspace(0.0, 1.0, 24)[:, None]
        curve = (1 - along) ** 2 * bend[0] + 2 * along * (1 - along) * bend[1] + along**2 * bend[2]
        colour = draw.uniform(-24.0, 24.0) + draw.normal(0.0, 8.0, 3)
        stroke = np.rint(curve * 16).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(marks, [stroke], False, colour.tolist(), 1, cv2.LINE_AA, 4)
    for _ in range(int(draw.integers(0, 12))):
        middle = np.rint(draw.uniform(0.0, 1.0, 2) * corner).astype(int)
        colour = np.repeat(draw.uniform(-30.0, 10.0), 3)
        cv2.circle(marks, tuple(middle.tolist()), int(draw.integers(1, 3)), colour.tolist(), -1)
    return np.asarray(cv2.GaussianBlur(marks, (0, 0), 1.0), np.float32)


def _vignette(draw: np.random.Generator, rows: int, columns: int) -> NDArray[np.float32]:
    """Darkening towards the corners, (rows, columns), at most 1."""
    row, column = np.mgrid[0:rows, 0:columns].astype(np.float32)
    middle = draw.normal(0.0, 0.06, 2)
    across = column / (columns - 1) * 2 - 1 - middle[0]
    down = row / (rows - 1) * 2 - 1 - middle[1]
    strength = draw.uniform(0.0, 0.12)
    return np.asarray(1.0 - strength * (across**2 + down**2) / 2, np.float32)
