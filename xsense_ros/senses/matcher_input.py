# SPDX-License-Identifier: Apache-2.0
"""Preprocessing of a matcher: crops of two sensors to the tensors of its two engines.

The template is a picture. The search crop is whatever the other sensor counts: grey levels, raw
14 bit counts, degrees. Its own robust range becomes 0 to 1, so that a matcher never sees which
gain, offset or automatic gain control a camera has.
"""

from __future__ import annotations

import operator
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.levels import is_flat, robust_range
from xsense_ros.senses.scratch import Scratch

_FLAT_LEVELS = 1.0  # a template that varies by less is one colour, and matches everywhere
_CUT = 'cut the crop with xsense_ros.matching.geometry first'
_COVERED = 'check that the sensor is not covered and that something of another kind is in view'
_HALF_OF_FLOATS = float(np.finfo(np.float32).max) / 2


class _SquareInput:
    """What both pictures of a matcher have: one size, which is their only parameter."""

    name: ClassVar[str]

    def __init__(self, size: int) -> None:
        self._size = _checked_size(self.name, size)

    @property
    def size(self) -> int:
        """Pixels of the crop along each axis."""
        return self._size

    def parameters(self) -> dict[str, Any]:
        """All parameters, JSON-able; the same class called with them is an equal preprocessor."""
        return {'size': self._size}


class TemplateInput(_SquareInput):
    """An RGB crop to 0..1.

    Args:
        size: pixels of the crop along each axis.

    Raises:
        InputError: a size out of range.
    """

    name: ClassVar[str] = 'template'

    def __init__(self, size: int = 64) -> None:
        super().__init__(size)

    def __call__(self, rgb: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Preprocess one template.

        Args:
            rgb: uint8 (size, size, 3), channel order R, G, B; need not be contiguous.

        Returns:
            {'template': float32 (1, 3, size, size)}, 0 to 1

        Raises:
            InputError: another dtype or shape, or no channel with a standard deviation of at
                least one grey level.
        """
        _check(rgb, self.name, (np.uint8,), ((self._size, self._size, 3),))
        spread = cv2.meanStdDev(np.ascontiguousarray(rgb))[1].max()
        if spread < _FLAT_LEVELS:
            raise InputError(
                'template contrast', float(spread),
                f'a standard deviation of at least {_FLAT_LEVELS:g} grey level',
                'take a box with edges or texture in it',
            )  # fmt: skip
        tensor = np.empty((1, 3, self._size, self._size), np.float32)
        np.multiply(rgb.transpose(2, 0, 1), np.float32(1 / 255), out=tensor[0])
        return {'template': tensor}


class SearchInput(_SquareInput):
    """A crop of raw values: its 0.5 to 99.5 percentile becomes 0..1, three channels.

    Args:
        size: pixels of the crop along each axis.

    Raises:
        InputError: a size out of range.
    """

    name: ClassVar[str] = 'search'

    def __init__(self, size: int = 192) -> None:
        super().__init__(size)

    def __call__(
        self, values: NDArray[Any], scratch: Scratch | None = None
    ) -> dict[str, NDArray[Any]]:
        """Preprocess one search crop.

        Values that are not finite become the median of those that are.

        Args:
            values: uint8, uint16 or float32, (size, size), which is repeated to three channels, or
                (size, size, 3), which is stretched as one.
            scratch: memory of the tensor and of what its range takes; None allocates.

        Returns:
            {'search': float32 (1, 3, size, size)}, 0 to 1

        Raises:
            InputError: another dtype or shape, more than half of it not finite, or no contrast.
        """
        square = (self._size, self._size)
        _check(values, self.name, (np.uint8, np.uint16, np.float32), (square, (*square, 3)))
        scratch = Scratch() if scratch is None else scratch
        work = scratch.array('work', values.shape, np.float32)
        if values.dtype == np.float32:
            values = _filled(values, work)
        low, high = robust_range(values, work)
        if is_flat(low, high):
            raise InputError('search contrast', f'all about {low:g}', 'different values', _COVERED)
        tensor = scratch.array('tensor', (1, 3, *square), np.float32)
        planes = tensor[0] if values.ndim == 3 else tensor[0, :1]
        channels_first = values.transpose(2, 0, 1) if values.ndim == 3 else values[None]
        np.subtract(channels_first, np.float32(low), out=planes, dtype=np.float32)
        planes *= np.float32(1 / (high - low))
        np.clip(planes, 0, 1, out=planes)
        if values.ndim == 2:
            tensor[0, 1:] = tensor[0, 0]
        return {'search': tensor}


def _filled(values: NDArray[np.float32], work: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values without those that are not finite, or so large that their range overflows."""
    good = np.abs(values, out=work) <= _HALF_OF_FLOATS  # false for not-a-number too
    count = int(np.count_nonzero(good))
    if count == values.size:
        return values
    if 2 * count < values.size:
        raise InputError(
            'search values', f'{values.size - count} of {values.size} not finite',
            'at least half of them finite', 'check the camera driver; see 32FC1 in REP 118',
        )  # fmt: skip
    return np.where(good, values, np.median(values[good]))


def _checked_size(what: str, size: int) -> int:
    if not 8 <= size <= 1024:
        raise InputError(f'{what} size', size, '8 to 1024 pixels', 'correct the parameter size')
    return operator.index(size)  # a fraction is a mistake, not to be rounded


def _check(
    values: NDArray[Any],
    what: str,
    dtypes: tuple[type[np.generic], ...],
    shapes: tuple[tuple[int, ...], ...],
) -> None:
    names = ', '.join(dtype.__name__ for dtype in dtypes)
    if not isinstance(values, np.ndarray) or values.dtype not in dtypes:
        found = getattr(values, 'dtype', type(values).__name__)
        raise InputError(what, found, f'an array of {names}', _CUT)
    if values.shape not in shapes:
        expected = ' or '.join(str(shape) for shape in shapes)
        raise InputError(f'{what} shape', values.shape, expected, _CUT)
