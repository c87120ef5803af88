# SPDX-License-Identifier: Apache-2.0
"""Images of more than 8 bit to 8 bit: full-range colour, and values without an agreed range."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError

# Half a per cent at each end may be hot pixels, speckle or reflections.
_LOW, _HIGH = 0.005, 0.995
# Percentiles come from a regular grid of at most about this many pixels: sorting all of them would
# take longer than the rest of the decoding.
_GRID_PIXELS = 20_000
_MID_GREY = 128
# float32 holds about seven digits: a range below this share of the values is their rounding.
_ROUNDING = 4 * float(np.finfo(np.float32).eps)


def stretch_to_8_bit(values: NDArray[Any], *, zero_is_invalid: bool) -> NDArray[np.uint8]:
    """Map the 0.5 to 99.5 percentile of the valid values linearly to 0..255 and clip.

    An image of a single value becomes mid grey. Values that are not finite, and zeros where
    ``zero_is_invalid``, take no part in the percentiles and become black.

    Args:
        values: uint16 or float32 (H, W), not empty.
        zero_is_invalid: zero means "not measured".

    Returns:
        uint8 (H, W)

    Raises:
        InputError: no valid value.
    """
    stride = max(1, int(np.sqrt(values.size / _GRID_PIXELS)))
    valid = _valid(values[::stride, ::stride], zero_is_invalid)
    if valid.size == 0:
        # The few valid pixels, if any, may lie between the grid.
        valid = _valid(values, zero_is_invalid)
    if valid.size == 0:
        raise InputError(
            'image values',
            'no valid pixel',
            'finite' + (' values other than 0' if zero_is_invalid else ' values'),
            'check that the sensor is not covered and that something is in its range',
        )
    low, high = robust_range(valid)
    if high > low:
        # float32 throughout: float64 doubles the time and 8 bit show no difference. Values of
        # float32's whole range overflow to infinity on the way, which clips as it should.
        with np.errstate(over='ignore', invalid='ignore'):
            grey = np.subtract(values, np.float32(low), dtype=np.float32)
            grey /= np.float32(min(high - low, float(np.finfo(np.float32).max)))
            grey *= np.float32(255.0)
        np.clip(np.rint(grey, out=grey), 0.0, 255.0, out=grey)
    else:
        grey = np.full(values.shape, _MID_GREY, np.float32)
    if values.dtype.kind == 'f':
        grey[~np.isfinite(values)] = 0.0
    if zero_is_invalid:
        grey[values == 0] = 0.0
    return np.asarray(grey.astype(np.uint8))


def robust_range(values: NDArray[Any], work: NDArray[Any] | None = None) -> tuple[float, float]:
    """The 0.5 and 99.5 percentile of finite values of any shape, at least one.

    ``work`` is memory of the same shape and dtype, which is overwritten; None allocates.
    """
    work = np.empty(values.shape, values.dtype) if work is None else work
    np.copyto(work, values)
    flat = work.reshape(-1)
    ranks = [int(_LOW * (flat.size - 1)), int(np.ceil(_HIGH * (flat.size - 1)))]
    flat.partition(ranks)
    low, high = (float(value) for value in flat[ranks])
    return low, high


def is_flat(low: float, high: float) -> bool:
    """Whether a range of values is none, or none but the rounding of float32."""
    return high - low <= _ROUNDING * max(abs(low), abs(high))


def to_8_bit(pixels: NDArray[Any]) -> NDArray[np.uint8]:
    """Scale uint16 of full range to uint8: 65535 becomes 255, rounded."""
    return np.asarray(cv2.convertScaleAbs(pixels, alpha=255 / 65535), np.uint8)


def _valid(values: NDArray[Any], zero_is_invalid: bool) -> NDArray[Any]:
    chosen = np.isfinite(values)
    if zero_is_invalid:
        chosen &= values != 0
    return np.asarray(values[chosen])
