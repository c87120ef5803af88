# SPDX-License-Identifier: Apache-2.0
"""Preprocessing of sketches: raster of a drawing to a tensor that knows no pen and no paper.

The same drawing comes large or small, in pencil or marker, as chalk on a board or from a tablet.
None of that says what was drawn, so all of it is taken out here, once for training and robot:
polarity, shading of the paper, place, size and width of the strokes.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.image_input import IMAGENET_MEAN, IMAGENET_STD
from xsense_ros.senses.ink import Ink, find_ink, stroke_width
from xsense_ros.senses.resize import resize
from xsense_ros.senses.thinning import thin

_LEAST_SIDE = 8
# Centre lines are found at this multiple of the output, for places finer than its pixels.
_FINER = 1.5
# Of a larger picture a smaller copy is read: at so many times the output no line is lost.
_READ_AT = 4
_READ_AT_LEAST = 512
# Thinner lines break when they are thresholded; they are broadened to this many pixels first.
_LEAST_STROKE = 2.5
# What is so many times as wide as the strokes was filled in, not drawn as a line.
_FILLED = 2.5


class SketchInput:
    """Crop a drawing to its ink and redraw it with one width of stroke, black on white.

    Lines are replaced by their centre lines, drawn ``stroke`` wide; what was filled in stays
    filled. The box of the drawing is centred and its longer side reaches from margin to margin.

    Args:
        size: side S of the square in pixels.
        stroke: width of the strokes in pixels of the output.
        margin: white around the drawing in pixels of the output.
        mean: three channel means in [0, 1].
        std: three channel standard deviations in [0, 1].

    Raises:
        InputError: a parameter out of range.
    """

    name: ClassVar[str] = 'sketch'

    def __init__(
        self,
        size: int = 224,
        stroke: float = 4.0,
        margin: int = 12,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
    ) -> None:
        if not 16 <= size <= 1024:
            raise InputError('sketch size', size, '16 to 1024 pixels', 'correct the parameter')
        if not 0.5 <= stroke <= size / 8:
            raise InputError(
                'sketch stroke', stroke, '0.5 pixels to size / 8', 'correct the parameter'
            )
        if not 0 <= margin <= size / 4:
            raise InputError(
                'sketch margin', margin, '0 pixels to size / 4', 'correct the parameter'
            )
        for what, values, low in (('mean', mean, 0.0), ('std', std, 1e-6)):
            if len(values) != 3 or not all(low <= value <= 1.0 for value in values):
                raise InputError(
                    f'sketch {what}', values, f'three numbers from {low} to 1', 'correct it'
                )
        self._size = operator.index(size)
        self._stroke = float(stroke)
        self._margin = operator.index(margin)
        self._mean = [float(value) for value in mean]
        self._std = [float(value) for value in std]

    def parameters(self) -> dict[str, Any]:
        """All parameters, JSON-able; ``SketchInput(**parameters)`` is an equal preprocessor."""
        return {
            'size': self._size,
            'stroke': self._stroke,
            'margin': self._margin,
            'mean': list(self._mean),
            'std': list(self._std),
        }

    def __call__(self, rgb: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
        """Preprocess one drawing.

        Args:
            rgb: uint8 (H, W, 3), channel order R, G, B, at least 8 pixels a side.

        Returns:
            {'sketch': float32 (1, 3, S, S)}, (x - mean) / std of x = 1 on paper and 0 in ink.

        Raises:
            InputError: not an RGB uint8 image, too small, an empty page, or ink all over.
        """
        paper = 1.0 - self.ink(rgb)
        tensor = np.empty((1, 3, self._size, self._size), np.float32)
        for channel, (mean, std) in enumerate(zip(self._mean, self._std, strict=True)):
            tensor[0, channel] = (paper - mean) / std
        return {'sketch': tensor}

    def ink(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The redrawn sketch before normalisation: float32 (S, S), 1 in ink and 0 on paper.

        Raises:
            InputError: as when called.
        """
        return self._framed(self._redraw(find_ink(self._grey(rgb))))

    def _grey(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        cure = 'decode the picture of the sketch with xsense_ros.senses.camera first'
        if not isinstance(rgb, np.ndarray) or rgb.dtype != np.uint8:
            dtype = getattr(rgb, 'dtype', type(rgb).__name__)
            raise InputError('sketch', dtype, 'a uint8 array', cure)
        if rgb.ndim != 3 or rgb.shape[2] != 3:
            raise InputError('sketch shape', rgb.shape, '(H, W, 3)', cure)
        if min(rgb.shape[:2]) < _LEAST_SIDE:
            raise InputError(
                'sketch size',
                rgb.shape[:2],
                f'at least {_LEAST_SIDE} pixels a side',
                'send the sketch in a larger resolution, 64 pixels a side or more',
            )
        limit = max(_READ_AT * self._size, _READ_AT_LEAST)
        scale = limit / max(rgb.shape[:2])
        if scale < 1.0:
            rows, columns = (max(round(side * scale), _LEAST_SIDE) for side in rgb.shape[:2])
            rgb = resize(rgb, rows, columns)
        return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2GRAY), np.uint8)

    def _redraw(self, ink: Ink) -> NDArray[np.float32]:
        """The drawing in strokes of the output's width, at the finer resolution; uncropped."""
        work = self._enlarged(ink)
        width = stroke_width(work)
        radius = _FINER * self._stroke / 2.0
        filled_from = _FILLED * width / 2.0
        lines = thin(work, int(np.ceil(filled_from)) + 1)
        distance = cv2.distanceTransform(1 - lines, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        drawn = np.clip(radius + 0.5 - distance, 0.0, 1.0).astype(np.float32)
        depth = cv2.distanceTransform(work, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        core = (depth > filled_from).astype(np.uint8)
        if core.any():
            # All that is as near to a filled core as its edge was, less what of the pen's width
            # the new stroke does not have.
            around = cv2.distanceTransform(1 - core, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
            inset = max(width / 2.0 - radius, 0.0)
            filled = np.clip(filled_from - inset + 0.5 - around, 0.0, 1.0).astype(np.float32)
            drawn = np.maximum(drawn, np.minimum(filled, np.clip(depth - inset + 0.5, 0.0, 1.0)))
        return np.asarray(drawn, np.float32)

    def _enlarged(self, ink: Ink) -> NDArray[np.uint8]:
        """Mask of the box of the ink with its centre lines at the finer resolution, framed."""
        left, top, columns, rows = cv2.boundingRect(ink.mask)
        inner = self._size - 2 * self._margin - self._stroke
        centre_line = max(max(rows, columns) - ink.stroke, 1.0)
        # A dot has no centre line to speak of: its own size limits how far it is blown up.
        scale = _FINER * min(inner / centre_line, 2.0 * self._size / max(rows, columns))
        soft = ink.soft[top : top + rows, left : left + columns]
        short = _LEAST_STROKE / scale - ink.stroke
        grow = int(np.ceil(short)) if short > 0 else 0
        soft = np.pad(soft, grow + 1)
        if grow:
            kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (grow + 1, grow + 1))
            soft = np.asarray(cv2.dilate(soft, kernel), np.float32)
        height, width = (max(round(side * scale), 1) for side in soft.shape)
        mask = (resize(soft, height, width) > 0.5).astype(np.uint8)
        frame = int(np.ceil(_FINER * self._stroke)) + 2
        return np.pad(mask, frame)

    def _framed(self, drawn: NDArray[np.float32]) -> NDArray[np.float32]:
        """Crop to the ink, put it into the middle of a square, and add the margin."""
        left, top, columns, rows = cv2.boundingRect((drawn > 0.5).astype(np.uint8))
        side = max(rows, columns)
        square = np.zeros((side, side), np.float32)
        y, x = (side - rows) // 2, (side - columns) // 2
        square[y : y + rows, x : x + columns] = drawn[top : top + rows, left : left + columns]
        inner = self._size - 2 * self._margin
        page = np.zeros((self._size, self._size), np.float32)
        where = slice(self._margin, self._margin + inner)
        page[where, where] = resize(square, inner, inner)
        return page
