# SPDX-License-Identifier: Apache-2.0
"""Images of more than 8 bit to 8 bit: full-range colour, and values without an agreed range."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.scratch import Scratch

# Half a per cent at each end may be hot pixels, speckle or reflections.
_LOW, _HIGH = 0.005, 0.995
# Percentiles come from a regular grid of at most about this many pixels: sorting all of them would
# take longer than the rest of the decoding.
_GRID_PIXELS = 20_000
_MID_GREY = 128
# float32 holds about seven digits: a range below this share of the values is their rounding.
_ROUNDING = 4 * float(np.finfo(np.float32).eps)


def stretch_to_8_bit(
    values: NDArray[Any], *, zero_is_invalid: bool, scratch: Scratch | None = None
) -> NDArray[np.uint8]:
    """Map the 0.5 to 99.5 percentile of the valid values linearly to 0..255 and clip.

    An image of a single value becomes mid grey. Values that are not finite, and zeros where
    ``zero_is_invalid``, take no part in the percentiles and become black.

    Args:
        values: uint16 or float32 (H, W), not empty.
        zero_is_invalid: zero means "not measured".
        scratch: memory of the result and of the steps before it; None allocates.

    Returns:
        uint8 (H, W)

    Raises:
        InputError: no valid value.
    """
    scratch = Scratch() if scratch is None else scratch
    stride = max(1, int(np.sqrt(values.size / _GRID_PIXELS)))
    # The few valid pixels, if any, may lie between the grid.
    found = _valid_range(values[::stride, ::stride], zero_is_invalid, scratch) or _valid_range(
        values, zero_is_invalid, scratch
    )
    if found is None:
        raise InputError(
            'image values',
            'no valid pixel',
            'finite' + (' values other than 0' if zero_is_invalid else ' values'),
            'check that the sensor is not covered and that something is in its range',
        )
    low, high = found
    grey = scratch.array('grey', values.shape, np.float32)
    if high > low:
        # float32 throughout: float64 doubles the time and 8 bit show no difference. Values of
        # float32's whole range overflow to infinity on the way, which clips as it should.
        with np.errstate(over='ignore', invalid='ignore'):
            np.subtract(values, np.float32(low), out=grey, dtype=np.float32)
            grey /= np.float32(min(high - low, float(np.finfo(np.float32).max)))
            grey *= np.float32(255.0)
        np.clip(np.rint(grey, out=grey), 0.0, 255.0, out=grey)
    else:
        grey.fill(_MID_GREY)
    for wrong in _invalid(values, zero_is_invalid, scratch):
        np.copyto(grey, 0.0, where=wrong)
    levels: NDArray[np.uint8] = scratch.array('levels', values.shape, np.uint8)
    np.copyto(levels, grey, casting='unsafe')
    return levels


def robust_range(
    values: NDArray[Any], work: NDArray[np.float32] | None = None
) -> tuple[float, float]:
    """The 0.5 and 99.5 percentile of finite values of any shape, at least one.

    Args:
        values: uint8, uint16 or float32.
        work: memory of the same shape, which is overwritten; None allocates.
    """
    work = np.empty(values.shape, np.float32) if work is None else work
    np.copyto(work, values)
    return _percentiles(work.reshape(-1), 0, work.size)


def is_flat(low: float, high: float) -> bool:
    """Whether a range of values is none, or none but the rounding of float32."""
    return high - low <= _ROUNDING * max(abs(low), abs(high))


def to_8_bit(pixels: NDArray[Any], scratch: Scratch | None = None) -> NDArray[np.uint8]:
    """Scale uint16 of full range to uint8: 65535 becomes 255, rounded.

    ``scratch`` is memory of the result; None allocates.
    """
    if pixels.ndim == 3 and pixels.strides[2] < 0:
        # A BGR frame seen as RGB, of which OpenCV would copy every pixel first.
        return to_8_bit(pixels[..., ::-1], scratch)[..., ::-1]
    scratch = Scratch() if scratch is None else scratch
    levels: NDArray[np.uint8] = scratch.array('levels', pixels.shape, np.uint8)
    cv2.convertScaleAbs(pixels, levels, alpha=255 / 65535)
    return levels


def _valid_range(
    values: NDArray[Any], zero_is_invalid: bool, scratch: Scratch
) -> tuple[float, float] | None:
    """`robust_range` of the valid values; None for none."""
    work = scratch.array('range', values.shape, np.float32)
    np.copyto(work, values)
    flat = work.reshape(-1)
    if values.dtype.kind != 'f':
        none = int(flat.size - np.count_nonzero(flat)) if zero_is_invalid else 0
        # Zeros are the lowest: what is valid follows them.
        return _percentiles(flat, none, flat.size - none) if none < flat.size else None
    for wrong in _invalid(values, zero_is_invalid, scratch):
        np.copyto(work, np.nan, where=wrong)  # which comes after all numbers
    wrong = np.isnan(work, out=scratch.array('wrong', work.shape, np.bool_))
    count = flat.size - int(np.count_nonzero(wrong))
    return _percentiles(flat, 0, count) if count else None


def _percentiles(flat: NDArray[np.float32], first: int, count: int) -> tuple[float, float]:
    """Of the values that come after the ``first`` lowest, ``count`` of them; sorts them partly."""
    ranks = first + int(_LOW * (count - 1)), first + int(np.ceil(_HIGH * (count - 1)))
    # One rank after the other, of float32: for this numpy has a path that is twice as fast.
    flat.partition(ranks[0])
    low = float(flat[ranks[0]])
    flat[ranks[0] :].partition(ranks[1] - ranks[0])
    return low, float(flat[ranks[1]])


def _invalid(
    values: NDArray[Any], zero_is_invalid: bool, scratch: Scratch
) -> Iterator[NDArray[np.bool_]]:
    """Which values are not finite, and which are zero where that counts; in the same memory."""
    wrong = scratch.array('wrong', values.shape, np.bool_)
    if values.dtype.kind == 'f':
        yield np.logical_not(np.isfinite(values, out=wrong), out=wrong)
    if zero_is_invalid:
        yield np.equal(values, 0, out=wrong)
