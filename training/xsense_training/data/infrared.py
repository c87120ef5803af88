# SPDX-License-Identifier: Apache-2.0
"""Images of another sensor made from visible ones: what differs, drawn at random.

No ground-level pair of visible and thermal images is in the package registries, and training on
made ones is known to carry over to real sensors (LoFTR's AUC@10 on RGB-infrared pairs rises from
6.9 to 30.8 with them). Nothing here is physics: it is the family of differences that a matcher
must not mind. Which edges heat shares with light is `infrared_heat`, what the camera adds
`infrared_sensor`; the cameras stand side by side, which is a small homography.

Besides 'thermal' there are 'near-infrared' (texture stays, greens are bright), 'depth' (smooth
within a thing, steps between things) and 'radar' (speckle, bright outlines and corners, no
texture). Training draws from TRAINING_KINDS; 'radar' is held out, to see what a matcher does with
a sensor that it never met.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.data.infrared_heat import brightness, colour_regions, heat
from xsense_training.data.infrared_sensor import through_lens, to_8_bit, to_counts
from xsense_training.data.registered_pair import Box, Pixels

Kind = Literal['thermal', 'near-infrared', 'depth', 'radar']
KINDS: tuple[Kind, ...] = ('thermal', 'near-infrared', 'depth', 'radar')
TRAINING_KINDS: tuple[Kind, ...] = ('thermal', 'near-infrared', 'depth')
Floats = NDArray[np.float32]


def make_infrared(
    visible: Pixels,
    rng: np.random.Generator,
    things: NDArray[np.integer] | None = None,
    kind: Kind = 'thermal',
) -> Pixels:
    """An image of another sensor, pixel on pixel with the visible one.

    Args:
        visible: RGB uint8 (H, W, 3), evenly lit.
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
    if kind == 'radar':
        return _radar(visible, rng, things)
    fields: dict[str, Callable[..., Floats]] = {
        'thermal': heat,
        'near-infrared': _near_infrared,
        'depth': _depth,
    }
    return to_8_bit(to_counts(through_lens(fields[kind](visible, rng, things), rng), rng))


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
    region = colour_regions(visible, rng, 4) if things is None else things
    count = int(region.max()) + 1
    down, across = np.mgrid[0 : 1 : rows * 1j, 0 : 1 : columns * 1j].astype(np.float32)
    tilt = 0.6 * rng.standard_normal((2, count)).astype(np.float32)
    own = rng.standard_normal(count).astype(np.float32)
    ground = np.float32(rng.uniform(0, 2)) * down
    field = own[region] + tilt[0][region] * across + tilt[1][region] * down + ground
    return np.asarray(field, np.float32)


def _radar(
    visible: Pixels, rng: np.random.Generator, things: NDArray[np.integer] | None
) -> Pixels:
    """Echoes: a level a region, bright outlines and corners, under multiplied speckle.

    Speckle of L looks is a gamma variable of shape L and mean 1 (Goodman, "Some fundamental
    properties of speckle", JOSA 1976); the picture is its logarithm, as such pictures are shown.
    """
    region = colour_regions(visible, rng, int(rng.integers(3, 7)))
    if things is not None:
        region = region + (int(region.max()) + 1) * things
    level = np.exp(rng.normal(0, 0.5, int(region.max()) + 1)).astype(np.float32)[region]
    grey = cv2.GaussianBlur(brightness(visible), (0, 0), 1.5)
    x, y = (cv2.Sobel(grey, cv2.CV_32F, *axis) for axis in ((1, 0), (0, 1)))
    edges = np.hypot(x, y)
    corners = cv2.cornerMinEigenVal(grey, 5)
    echo = level + sum(
        np.float32(rng.uniform(2, 5)) * part / max(float(np.percentile(part, 99)), 1e-6)
        for part in (edges, corners)
    )
    looks = rng.uniform(2, 6)
    speckle = rng.standard_gamma(looks, visible.shape[:2]).astype(np.float32) / np.float32(looks)
    seen = cv2.GaussianBlur(echo * speckle, (0, 0), rng.uniform(0.5, 1.0))
    counts = np.clip(1000 * np.log1p(seen), 0, 2**16 - 1)
    return to_8_bit(np.rint(counts).astype(np.uint16))
