# SPDX-License-Identifier: Apache-2.0
"""Infrared images made from visible ones: what differs between the two, drawn at random.

No ground-level pair of visible and thermal images is in the package registries, and training on
made ones is known to carry over to real sensors (LoFTR's AUC@10 on RGB-infrared pairs rises from
6.9 to 30.8 with them). Nothing here is physics: it is the family of differences that a matcher
must not mind.

- What is warm has little to do with what is bright: every region (of like colour, and every thing
  where its outline is known) gets its own temperature, and its own share of the visible shading,
  of either sign.
- Optics: infrared lenses and pixels are coarse. Noise: of every pixel, of whole columns and rows.
- Counts of 14 bits, brought to 8 by the same lines as on the robot (`senses.levels`).
- The cameras stand side by side: a small homography.

Besides 'thermal' there are 'near-infrared' (texture stays, greens are bright) and 'depth' (smooth
within a thing, steps between things).
"""

from __future__ import annotations

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.levels import stretch_to_8_bit
from xsense_training.data.registered_pair import Box, Pixels

Kind = Literal['thermal', 'near-infrared', 'depth']
KINDS: tuple[Kind, ...] = ('thermal', 'near-infrared', 'depth')
Floats = NDArray[np.float32]
BITS = 14


def make_infrared(
    visible: Pixels,
    rng: np.random.Generator,
    things: NDArray[np.integer] | None = None,
    kind: Kind = 'thermal',
) -> Pixels:
    """An image of another sensor, pixel on pixel with the visible one.

    Args:
        visible: RGB uint8 (H, W, 3).
        rng: the same state gives the same image.
        things: (H, W) number of the thing at each pixel, where that is known.
        kind: of the sensor.

    Returns:
        uint8 (H, W).

    Raises:
        InputError: not an RGB image, or an unknown kind.
    """
    if visible.ndim != 3 or visible.shape[2] != 3 or visible.dtype != np.uint8:
        raise InputError('image', visible.shape, 'RGB uint8 (H, W, 3)', 'decode it first')
    if kind not in KINDS:
        raise InputError('kind of sensor', kind, f'one of {KINDS}', 'correct the kind')
    make = {'thermal': _heat, 'near-infrared': _near_infrared, 'depth': _depth}[kind]
    return to_8_bit(to_counts(_seen(make(visible, rng, things), rng), rng))


def to_counts(field: Floats, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Temperatures of any scale (H, W) -> raw counts of BITS bits with a sensor's noise."""
    spread = max(float(field.std()), 1e-3)
    rows, columns = field.shape
    strength = rng.random(3) * (0.08, 0.06, 0.03) * spread
    noise = strength[0] * rng.standard_normal((rows, columns))
    noise += strength[1] * rng.standard_normal(columns)
    noise += strength[2] * rng.standard_normal((rows, 1))
    gain = np.exp(rng.uniform(np.log(60), np.log(1500))) / spread
    counts = rng.uniform(5000, 11000) + gain * (field - field.mean() + noise)
    return np.asarray(np.clip(np.rint(counts), 0, 2**BITS - 1), np.uint16)


def to_8_bit(counts: NDArray[np.uint16]) -> Pixels:
    """Automatic gain as on the robot: (H, W) -> uint8 (H, W)."""
    return stretch_to_8_bit(counts, zero_is_invalid=False)


def small_homography(
    rng: np.random.Generator, columns: int, rows: int, largest: float = 3.0
) -> NDArray[np.float64]:
    """(3, 3): every corner moves by up to `largest` pixels along each axis, on its own."""
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    moved = corners + rng.uniform(-largest, largest, corners.shape).astype(np.float32)
    return np.asarray(cv2.getPerspectiveTransform(corners, moved), np.float64)


def seen_from_beside(image: Pixels, homography: NDArray[np.float64]) -> Pixels:
    """The image (H, W) as a camera beside the first one sees it, of the same size."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])  # OpenCV counts from pixel centres
    matrix = np.linalg.inv(half) @ homography @ half
    return np.asarray(
        cv2.warpPerspective(image, matrix, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT),
        np.uint8,
    )


def moved_box(box: Box, homography: NDArray[np.float64]) -> Box:
    """The upright box nearest to where the homography puts one."""
    left, top, width, height = box
    right, bottom = left + width, top + height
    corners = np.array([[[left, top], [right, top], [left, bottom], [right, bottom]]], np.float64)
    moved = cv2.perspectiveTransform(corners, homography)[0].reshape(2, 2, 2)  # row, column, x y
    (first, last), (high, low) = moved[..., 0].mean(axis=0), moved[..., 1].mean(axis=1)
    return float(first), float(high), float(last - first), float(low - high)


def _heat(visible: Pixels, rng: np.random.Generator, things: NDArray[np.integer] | None) -> Floats:
    bright = _brightness(visible)
    region = _regions(visible, rng, int(rng.integers(3, 12)))
    if things is not None:
        region = _numbered(region * (int(things.max()) + 1) + things)
    count = int(region.max()) + 1
    warmth = rng.standard_normal(count).astype(np.float32)
    # Shading shows in heat too (sun on a slope warms it): a common share, and one a region.
    shading = rng.normal(0, 0.7) + 0.5 * rng.standard_normal(count)
    own = cv2.GaussianBlur(warmth[region], (0, 0), rng.uniform(0.5, 1.5))
    field = rng.uniform(0.3, 1.2) * own + shading.astype(np.float32)[region] * bright
    return np.asarray(field + rng.uniform(0, 0.6) * _clouds(visible.shape[:2], rng), np.float32)


def _near_infrared(
    visible: Pixels, rng: np.random.Generator, _: NDArray[np.integer] | None
) -> Floats:
    weights = rng.normal((0.3, 1.0, -0.5), 0.5).astype(np.float32)
    field = (visible.astype(np.float32) / 255) @ weights
    return np.asarray(np.sign(field) * np.abs(field) ** rng.uniform(0.6, 1.6), np.float32)


def _depth(
    visible: Pixels, rng: np.random.Generator, things: NDArray[np.integer] | None
) -> Floats:
    rows, columns = visible.shape[:2]
    region = _regions(visible, rng, 4) if things is None else _numbered(things)
    count = int(region.max()) + 1
    down, across = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j].astype(np.float32)
    tilt = 0.6 * rng.standard_normal((2, count)).astype(np.float32)
    own = rng.standard_normal(count).astype(np.float32)
    ground = rng.uniform(0, 2) * down
    field = own[region] + tilt[0][region] * across + tilt[1][region] * down + ground
    return np.asarray(field, np.float32)


def _seen(field: Floats, rng: np.random.Generator) -> Floats:
    """Through a coarser lens, in either polarity."""
    sign = np.float32(-1 if rng.random() < 0.5 else 1)
    return np.asarray(sign * cv2.GaussianBlur(field, (0, 0), rng.uniform(0.3, 2.0)), np.float32)


def _brightness(visible: Pixels) -> Floats:
    grey = cv2.cvtColor(visible, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray((grey - grey.mean()) / (grey.std() + 1), np.float32)


def _regions(visible: Pixels, rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """(H, W) number of the nearest of some colours of the image itself."""
    smooth = cv2.medianBlur(visible, 5).astype(np.float32)
    flat = smooth.reshape(-1, 3)
    colours = flat[rng.integers(0, len(flat), count)]
    away = (flat**2).sum(axis=1)[:, None] - 2 * flat @ colours.T + (colours**2).sum(axis=1)
    return np.asarray(away.argmin(axis=1).reshape(visible.shape[:2]), np.int64)


def _numbered(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """The same regions, numbered without gaps."""
    return np.asarray(np.unique(labels, return_inverse=True)[1].reshape(labels.shape), np.int64)


def _clouds(shape: tuple[int, ...], rng: np.random.Generator) -> Floats:
    """Slow changes over the image, standard deviation about 1."""
    coarse = rng.standard_normal((4, 4)).astype(np.float32)
    return np.asarray(cv2.resize(coarse, shape[1::-1], interpolation=cv2.INTER_CUBIC), np.float32)
