# SPDX-License-Identifier: Apache-2.0
"""The 72 real presses of a ball that come with the measured files, and what a picture says.

48 were made on a GelSight, 24 on a GelSight Mini. Both lists carry a centre and a radius of
contact that a person marked. Those of the GelSight agree with the pictures; those of the Mini lie
up to 26 pixels beside them, so a centre is found from the picture itself: the colour change of a
pressed ball is odd (opposite slopes, opposite colours), hence its centre is the point about which
it is most nearly its own negative.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from xsense_training.touch_sim.gel_table import Sensor, sensor_file
from xsense_training.touch_sim.sensor_unit import COLUMNS, MM_PER_PIXEL, ROWS

# Where to look for the centre, in pixels beside the marked one; and where colour ends.
_SEARCH = 40
_FURTHEST = 55


@dataclass(frozen=True)
class RealPress:
    """One press at the simulator's resolution.

    Attributes:
        index: number in the file.
        frame: (240, 320, 3) float32 RGB.
        change: (240, 320, 3) float32, frame minus the frame without contact.
        marked: (2,) float64 column and row of the marked centre.
        centre: (2,) float64, the same as the picture says.
        radius_mm: marked radius of contact.
    """

    index: int
    frame: NDArray[np.float32]
    change: NDArray[np.float32]
    marked: NDArray[np.float64]
    centre: NDArray[np.float64]
    radius_mm: float


@lru_cache(maxsize=2)
def real_presses(sensor: Sensor, root: Path | None = None) -> tuple[RealPress, ...]:
    """All presses of a sensor, in the order of the file; read once (60 MB for the GelSight).

    Raises:
        InputError: the files are not fetched (`xsense-train data fetch gel`).
    """
    with np.load(sensor_file(sensor, 'dataPack.npz', root)) as stored:
        frames, centres = stored['imgs'], stored['touch_center'].astype(np.float64)
        radii = stored['touch_radius'].astype(np.float64)
        resting = _half_size(stored['f0'])
    presses = []
    for index, (picture, centre, radius) in enumerate(zip(frames, centres, radii, strict=True)):
        frame = _half_size(picture)
        change = frame - resting
        marked = (centre + 0.5) / 2 - 0.5
        presses.append(
            RealPress(
                index,
                frame,
                change,
                marked,
                find_centre(change, marked),
                float(radius / 2 * MM_PER_PIXEL),
            )
        )
    return tuple(presses)


def resting_frame(sensor: Sensor, root: Path | None = None) -> NDArray[np.float32]:
    """(240, 320, 3) float32 RGB: the frame without contact.

    Raises:
        InputError: the files are not fetched.
    """
    with np.load(sensor_file(sensor, 'dataPack.npz', root)) as stored:
        return _half_size(stored['f0'])


def find_centre(change: NDArray[np.float32], about: NDArray[np.float64]) -> NDArray[np.float64]:
    """Centre of a pressed ball: where the colour change is most nearly odd.

    The sum over v of change(c + v) * change(c - v) is the convolution of the change with itself
    at 2c; its most negative value marks the centre.

    Args:
        change: (H, W, 3) float32.
        about: (2,) column and row to look around, to within 20 pixels.

    Returns:
        (2,) float64 column and row, to a fraction of a pixel.
    """
    margin = 2 * _SEARCH
    padded = np.pad(change, ((margin, margin), (margin, margin), (0, 0)))
    centre = np.asarray(about, np.float64)
    for _ in range(3):  # the part that is looked at moves along with the centre
        left, top = (np.rint(centre).astype(int) - _SEARCH).tolist()
        part = padded[top + margin :, left + margin :][: 2 * _SEARCH + 1, : 2 * _SEARCH + 1]
        odd = sum(fftconvolve(part[..., channel], part[..., channel]) for channel in range(3))
        row, column = np.unravel_index(np.argmin(odd), odd.shape)
        row, column = np.clip([row, column], 1, np.array(odd.shape) - 2)
        centre = np.array(
            [
                left + (column + _vertex(*odd[row, column - 1 : column + 2])) / 2,
                top + (row + _vertex(*odd[row - 1 : row + 2, column])) / 2,
            ]
        )
    return centre


def colour_radius(change: NDArray[np.float32], centre: NDArray[np.float64]) -> float:
    """Radius in mm at which the odd part of the colour has fallen to half of its strongest.

    Args:
        change: (H, W, 3) float32.
        centre: (2,) column and row.
    """
    angle = np.linspace(-np.pi, np.pi, 72, endpoint=False)
    radius = np.arange(1.0, _FURTHEST)
    column = centre[0] + radius[:, None] * np.cos(angle)
    row = centre[1] + radius[:, None] * np.sin(angle)
    rings = cv2.remap(
        change,
        column.astype(np.float32),
        row.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    odd = (rings - np.roll(rings, len(angle) // 2, axis=1)) / 2
    strength = np.sqrt((odd**2).mean(axis=(1, 2)))
    peak = int(strength.argmax())
    half = strength[peak] / 2
    below = np.flatnonzero(strength[peak:] < half)
    if not below.size:
        return float(radius[-1] * MM_PER_PIXEL)
    after = peak + int(below[0])
    share = (strength[after - 1] - half) / (strength[after - 1] - strength[after])
    return float((radius[after - 1] + share) * MM_PER_PIXEL)


def distance_mm(centre: NDArray[np.float64]) -> NDArray[np.float32]:
    """(240, 320) float32: distance of every pixel from a centre."""
    across = np.arange(COLUMNS, dtype=np.float32) - np.float32(centre[0])
    down = np.arange(ROWS, dtype=np.float32) - np.float32(centre[1])
    return np.asarray(np.hypot(across, down[:, None]) * np.float32(MM_PER_PIXEL), np.float32)


def ball_heights(centre: NDArray[np.float64], ball_mm: float) -> NDArray[np.float32]:
    """(240, 320) float32 mm: a ball of that radius over the gel, -inf beside it."""
    square = ball_mm**2 - distance_mm(centre) ** 2
    top = np.sqrt(np.maximum(square, 0.0)) - ball_mm
    return np.asarray(np.where(square > 0, top, -np.inf), np.float32)


def _half_size(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = cv2.resize(picture.astype(np.float32), (COLUMNS, ROWS), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _vertex(before: float, here: float, after: float) -> float:
    """Offset of the extremum of the parabola through three neighbours."""
    bend = before - 2 * here + after
    return 0.0 if bend == 0 else float(0.5 * (before - after) / bend)
