# SPDX-License-Identifier: Apache-2.0
"""Preprocessing of pictures: RGB frame to the normalised tensor of an image tower."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.resize import resize
from xsense_ros.senses.scratch import Scratch

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
_FITS = ('stretch', 'pad', 'crop')


class ImageInput:
    """Resize an RGB image to a square and normalise it: (x / 255 - mean) / std per channel.

    Args:
        size: side S of the square in pixels.
        mean: three channel means in [0, 1], order R, G, B.
        std: three channel standard deviations in [0, 1], order R, G, B.
        fit: how another aspect ratio becomes a square: 'stretch' both axes, 'pad' the short side
            with ``background``, or 'crop' the long side around the centre.
        background: R, G, B in 0..255 of the padding of 'pad'.

    Raises:
        InputError: a parameter out of range.
    """

    name: ClassVar[str] = 'image'

    def __init__(
        self,
        size: int = 224,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        fit: str = 'stretch',
        background: Sequence[int] = (255, 255, 255),
    ) -> None:
        if not 1 <= size <= 4096:
            raise InputError('image size', size, '1 to 4096 pixels', 'correct the parameter size')
        if fit not in _FITS:
            raise InputError('image fit', fit, f'one of {_FITS}', 'correct the parameter fit')
        _check_channels('image mean', mean, 0.0, 1.0)
        _check_channels('image std', std, 1e-6, 1.0)
        _check_channels('image background', background, 0, 255)
        self._size = operator.index(size)  # a fraction is a mistake, not to be rounded
        self._mean = [float(value) for value in mean]
        self._std = [float(value) for value in std]
        self._fit = fit
        self._background = [int(value) for value in background]
        # 256 possible inputs a channel: a table does conversion and normalisation in one pass.
        levels = np.arange(256, dtype=np.float64) / 255.0
        self._tables = [
            ((levels - mean_c) / std_c).astype(np.float32)
            for mean_c, std_c in zip(self._mean, self._std, strict=True)
        ]

    def parameters(self) -> dict[str, Any]:
        """All parameters, JSON-able; ``ImageInput(**parameters)`` is an equal preprocessor."""
        return {
            'size': self._size,
            'mean': list(self._mean),
            'std': list(self._std),
            'fit': self._fit,
            'background': list(self._background),
        }

    def __call__(
        self, rgb: NDArray[np.uint8], scratch: Scratch | None = None
    ) -> dict[str, NDArray[Any]]:
        """Preprocess one image.

        Args:
            rgb: uint8 (H, W, 3), channel order R, G, B; need not be contiguous or writable.
            scratch: memory of the tensor and of the steps before it; None allocates.

        Returns:
            {'image': float32 (1, 3, S, S)}

        Raises:
            InputError: not an RGB uint8 image, or an empty one.
        """
        if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8:
            raise InputError(
                'image',
                getattr(rgb, 'dtype', type(rgb).__name__),
                'a uint8 array',
                'decode the image with xsense_ros.senses.camera first',
            )
        if rgb.ndim != 3 or rgb.shape[2] != 3 or rgb.size == 0:
            raise InputError(
                'image shape',
                rgb.shape,
                '(H, W, 3), not empty',
                'decode the image with xsense_ros.senses.camera first',
            )
        scratch = Scratch() if scratch is None else scratch
        square = self._square(rgb, scratch)
        # A BGR frame seen as RGB is split as it lies in memory.
        turn = -1 if square.strides[2] < 0 else 1
        planes = scratch.array('planes', (3, self._size, self._size), np.uint8)
        cv2.split(np.ascontiguousarray(square[..., ::turn]), list(planes))
        tensor = scratch.array('tensor', (1, *planes.shape), np.float32)
        for plane, table, normal in zip(planes[::turn], self._tables, tensor[0], strict=True):
            cv2.LUT(plane, table, normal)
        return {'image': tensor}

    def _square(self, rgb: NDArray[np.uint8], scratch: Scratch) -> NDArray[np.uint8]:
        size = self._size
        rows, columns = rgb.shape[:2]
        if self._fit == 'crop':
            side = min(rows, columns)
            top, left = (rows - side) // 2, (columns - side) // 2
            rgb = rgb[top : top + side, left : left + side]
        if self._fit != 'pad' or rows == columns:
            return resize(rgb, size, size, scratch)
        scale = size / max(rows, columns)
        height = min(max(round(rows * scale), 1), size)
        width = min(max(round(columns * scale), 1), size)
        top, left = (size - height) // 2, (size - width) // 2
        bottom, right = size - height - top, size - width - left
        square = cv2.copyMakeBorder(
            np.ascontiguousarray(resize(rgb, height, width, scratch)),
            *(top, bottom, left, right),
            cv2.BORDER_CONSTANT,
            value=self._background,
        )
        return np.asarray(square, np.uint8)


def _check_channels(what: str, values: Sequence[float], low: float, high: float) -> None:
    if len(values) != 3 or not all(low <= value <= high for value in values):
        raise InputError(
            what, values, f'three numbers from {low} to {high}', 'correct the parameter'
        )
