# SPDX-License-Identifier: Apache-2.0
"""Preprocessing of touch: press to the tensor of a touch tower, true to scale."""

from __future__ import annotations

import operator
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.press import UNTOUCHED, Press
from xsense_ros.senses.resize import resize


class TouchInput:
    """Cut a centre square of fixed size in mm, resize it and scale it around zero.

    A fixed field makes sensors of different resolution and size comparable: an edge of 2 mm is as
    many pixels long on each. Where the sensor is smaller than the field, the rest is untouched.

    Args:
        size: side S of the tensor in pixels.
        field_mm: side of the square on the gel.
        gain: value of the tensor for a change by one level of 255.

    Raises:
        InputError: a parameter out of range.
    """

    name: ClassVar[str] = 'touch'

    def __init__(self, size: int = 96, field_mm: float = 14.0, gain: float = 1 / 64) -> None:
        if not 8 <= size <= 1024:
            raise InputError('touch size', size, '8 to 1024 pixels', 'correct the parameter size')
        if not 1.0 <= field_mm <= 200.0:
            raise InputError('field_mm', field_mm, '1 to 200 mm', 'correct the parameter field_mm')
        if not 0.0 < gain <= 1.0:
            raise InputError('gain', gain, 'above 0, at most 1', 'correct the parameter gain')
        self._size = operator.index(size)  # a fraction is a mistake, not to be rounded
        self._field_mm = float(field_mm)
        self._gain = float(gain)
        # 256 possible inputs: a table does conversion and scaling in one pass.
        self._table = ((np.arange(256) - UNTOUCHED) * self._gain).astype(np.float32)

    def parameters(self) -> dict[str, Any]:
        """All parameters, JSON-able; ``TouchInput(**parameters)`` is an equal preprocessor."""
        return {'size': self._size, 'field_mm': self._field_mm, 'gain': self._gain}

    def __call__(self, press: Press) -> dict[str, NDArray[Any]]:
        """Preprocess one press.

        Args:
            press: of any size and scale.

        Returns:
            {'touch': float32 (1, 3, S, S)}, 0 where nothing is touched.

        Raises:
            InputError: no Press.
        """
        if not isinstance(press, Press):
            raise InputError(
                'touch',
                type(press).__name__,
                'a Press',
                'make it with xsense_ros.senses.tactile_difference.press_of',
            )
        tensor = np.empty((1, 3, self._size, self._size), np.float32)
        for channel, plane in enumerate(cv2.split(self._square(press))):
            cv2.LUT(plane, self._table, tensor[0, channel])
        return {'touch': tensor}

    def _square(self, press: Press) -> NDArray[np.uint8]:
        size = self._size
        side = max(round(self._field_mm / press.mm_per_pixel), 1)  # of the field, in its pixels
        rows, columns = (min(side, length) for length in press.pixels.shape[:2])
        top, left = (press.pixels.shape[0] - rows) // 2, (press.pixels.shape[1] - columns) // 2
        seen = press.pixels[top : top + rows, left : left + columns]
        height, width = (max(round(length * size / side), 1) for length in (rows, columns))
        small = np.ascontiguousarray(resize(seen, height, width))
        if (height, width) == (size, size):
            return small
        top, left = (size - height) // 2, (size - width) // 2
        bottom, right = size - height - top, size - width - left
        square = cv2.copyMakeBorder(
            small,
            *(top, bottom, left, right),
            cv2.BORDER_CONSTANT,
            value=(UNTOUCHED,) * 3,
        )
        return np.asarray(square, np.uint8)
