# SPDX-License-Identifier: Apache-2.0
"""Frames of a gel that cannot be used: dark, overexposed, without colour, not a picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError

# Every fourth pixel of every fourth row decides about the whole frame.
_STEP = 4
_BLACK_LEVEL = 10
_SATURATED_LEVEL = 254
# Share of values at full scale; the 74 real frames of taxim stay below 0.001.
_SATURATED_SHARE = 0.2


def check_frame(frame: NDArray[Any]) -> None:
    """Refuse a frame in which no contact could be seen.

    Args:
        frame: RGB uint8 (H, W, 3), as the camera gives it.

    Raises:
        InputError: not RGB uint8 (values that are not numbers are named), black, overexposed, or
            with three equal channels.
    """
    if not isinstance(frame, np.ndarray) or frame.dtype != np.uint8:
        _refuse_type(frame)
    if frame.ndim != 3 or frame.shape[2] != 3 or not frame.size:
        raise InputError(
            'tactile frame',
            frame.shape,
            'uint8 (H, W, 3), not empty',
            'let the driver publish rgb8 or bgr8',
        )
    seen = np.ascontiguousarray(frame[::_STEP, ::_STEP]).reshape(-1, 3)
    brightest = seen.max()
    if brightest < _BLACK_LEVEL or seen.mean() < _BLACK_LEVEL / 2:
        raise InputError(
            'tactile frame',
            f'black (brightest value {brightest})',
            'a lit gel',
            "check that the sensor's LEDs are on, its USB port gives enough power and nothing "
            'covers its camera',
        )
    saturated = np.count_nonzero(seen >= _SATURATED_LEVEL) / seen.size
    if saturated > _SATURATED_SHARE:
        raise InputError(
            'tactile frame',
            f'{saturated:.0%} of its values at full scale',
            f'at most {_SATURATED_SHARE:.0%}',
            "turn the sensor's LEDs or the exposure of its camera down",
        )
    red, green, blue = seen.T
    if np.array_equal(red, green) and np.array_equal(green, blue):
        raise InputError(
            'tactile frame',
            'grey (three equal channels)',
            'a picture in colour: the colours tell the slopes of the gel',
            'set the encoding of the driver to rgb8 or bgr8',
        )


def _refuse_type(frame: Any) -> None:
    kind = getattr(frame, 'dtype', None)
    shown: object = type(frame).__name__ if kind is None else str(kind)
    if kind is not None and np.issubdtype(kind, np.floating) and not np.isfinite(frame).all():
        shown = f'{kind} with {np.count_nonzero(~np.isfinite(frame))} values that are no numbers'
    raise InputError(
        'tactile frame',
        shown,
        'uint8 (H, W, 3)',
        'let the driver publish rgb8 or bgr8; scale floats to 0..255 first',
    )
