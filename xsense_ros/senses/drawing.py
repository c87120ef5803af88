# SPDX-License-Identifier: Apache-2.0
"""Drawings to a picture: strokes as lists of points, and ink on a transparent sheet."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsense_ros.errors import InputError

_SHIFT = 4  # OpenCV takes points in sixteenths of a pixel
_MOST_POINTS = 1_000_000
_CURE = 'send strokes as lists of (x, y) points in pixels of the drawing surface'


def drawing_to_raster(
    strokes: Sequence[ArrayLike], height: int = 256, width: int = 256, thickness: int = 3
) -> NDArray[np.uint8]:
    """Draw strokes in black on white, antialiased, with round ends.

    Args:
        strokes: one (N, 2) array or list a stroke, x to the right and y down in pixels; a stroke
            of one point is a dot. Parts outside the canvas are left out.
        height: rows of the canvas, 1 to 4096.
        width: columns of the canvas, 1 to 4096.
        thickness: of a stroke in pixels, 1 to 255.

    Returns:
        uint8 (height, width, 3), R, G, B

    Raises:
        InputError: no stroke, points that are not finite pairs, sizes out of range.
    """
    if not (1 <= height <= 4096 and 1 <= width <= 4096 and 1 <= thickness <= 255):
        raise InputError(
            'canvas (height, width, thickness)',
            (height, width, thickness),
            '1 to 4096 pixels a side and 1 to 255 of a stroke',
            'correct the size',
        )
    canvas = np.full((height, width, 3), 255, np.uint8)
    lines = [_points(stroke) for stroke in strokes]
    if not lines:
        raise InputError('strokes', 'none', 'at least one stroke', _CURE)
    for line in lines:
        points = np.rint(line * (1 << _SHIFT)).astype(np.int32).reshape(-1, 1, 2)
        if len(points) == 1:
            points = np.repeat(points, 2, axis=0)
        cv2.polylines(canvas, [points], False, (0, 0, 0), thickness, cv2.LINE_AA, _SHIFT)
    return canvas


def lay_on_white(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A transparent sheet on white paper; drawing programs leave what is not ink transparent.

    Args:
        rgb: uint8 (H, W, 3), not multiplied by alpha.
        alpha: uint8 (H, W), 255 where opaque. A sheet without any opaque pixel has an alpha that
            nobody filled in: it is left as it is.

    Returns:
        uint8 (H, W, 3)
    """
    if not alpha.any():
        return rgb
    share = alpha[..., None].astype(np.float32) / np.float32(255.0)
    laid = rgb * share + np.float32(255.0) * (1 - share)
    return np.asarray(np.rint(laid).astype(np.uint8))


def _points(stroke: ArrayLike) -> NDArray[np.float64]:
    try:
        points = np.asarray(stroke, np.float64)
    except (TypeError, ValueError) as error:
        raise InputError('stroke', type(stroke).__name__, 'numbers', _CURE) from error
    if points.ndim != 2 or points.shape[1] != 2 or not 1 <= len(points) <= _MOST_POINTS:
        raise InputError('stroke shape', points.shape, '(N, 2) with N of at least 1', _CURE)
    # Beyond this OpenCV's 32 bit sixteenths would wrap around and draw elsewhere.
    if not np.isfinite(points).all() or np.abs(points).max() > 1e6:
        raise InputError('stroke', 'points without a place', 'finite pixels below 1e6', _CURE)
    return points
