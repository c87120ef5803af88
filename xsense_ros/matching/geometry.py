# SPDX-License-Identifier: Apache-2.0
"""Square crops of a frame, and the way between pixels of the frame and of the crop.

Pixel coordinates are continuous, pixel i covers [i, i + 1) (see `boxes`), so the two directions
are exact inverses: crop point = size / 2 + R (frame point - centre) size / side. The half pixel
that index coordinates need appears in one place only, where OpenCV is called.

Published trackers (Chen et al., "Transformer Tracking", CVPR 2021) cut around a box with sides w
and h a square of side sqrt((w + k m) (h + k m)), m = (w + h) / 2: k = 1 for the template (twice
the side of a square box) and k = 3 for the search (four times). `around_box` does the same for
any k.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, around, as_boxes, centres

# Linear interpolation over more than this many source pixels a step skips some of them.
_ALIASES_FROM = 2


@dataclass(frozen=True)
class Crop:
    """A square of a frame, resampled to `size` x `size` pixels.

    centre: x, y in the frame, may lie outside; side: of the square, in pixels of the frame; size:
    pixels of the crop along each axis; angle: degrees by which the square is turned, from the x
    axis of the frame towards its y axis.
    """

    centre: tuple[float, float]
    side: float
    size: int
    angle: float = 0.0

    def __post_init__(self) -> None:
        numbers = (*self.centre, self.side, self.angle)
        if not all(math.isfinite(number) for number in numbers) or self.side <= 0:
            raise InputError('crop', numbers, 'finite numbers, side above 0', 'correct the box')
        if self.size < 1:
            raise InputError('crop size', self.size, 'at least 1 pixel', 'correct the size')

    @property
    def scale(self) -> float:
        """Pixels of the crop a pixel of the frame."""
        return self.size / self.side

    @property
    def matrix(self) -> Floats:
        """(2, 3): frame point (x, y, 1) -> crop point, continuous coordinates."""
        turn = math.radians(self.angle)
        c, s = math.cos(turn) * self.scale, math.sin(turn) * self.scale
        linear = np.array([[c, s], [-s, c]])
        shift = self.size / 2 - linear @ np.array(self.centre)
        return np.column_stack([linear, shift])

    def to_crop(self, points: ArrayLike) -> Floats:
        """Frame points (..., 2) -> crop points."""
        matrix = self.matrix
        return np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]

    def to_frame(self, points: ArrayLike) -> Floats:
        """Crop points (..., 2) -> frame points."""
        matrix = self.matrix
        moved = np.asarray(points, dtype=np.float64) - matrix[:, 2]
        return np.asarray(moved @ np.linalg.inv(matrix[:, :2]).T)

    def boxes_to_crop(self, boxes: ArrayLike) -> Floats:
        """Frame boxes (..., 4) -> boxes of the crop: the middle is mapped, the sides are scaled.

        Where the crop is turned, the box keeps its sides instead of growing around its turned
        outline; for small angles that is the upright box that overlaps the outline best.
        """
        found = as_boxes(boxes)
        return around(self.to_crop(centres(found)), found[..., 2:] * self.scale)

    def boxes_to_frame(self, boxes: ArrayLike) -> Floats:
        """Inverse of `boxes_to_crop`."""
        found = as_boxes(boxes)
        return around(self.to_frame(centres(found)), found[..., 2:] / self.scale)

    def cut(self, image: NDArray[Any], border: float | tuple[float, ...] = 0.0) -> NDArray[Any]:
        """The pixels of the crop, antialiased where the crop is coarser than the frame.

        Args:
            image: (H, W) or (H, W, C <= 4), uint8, uint16 or float32; it is never padded or
                copied, only the part under the crop is read.
            border: value (or one a channel) of what lies outside the frame.

        Returns:
            (size, size) or (size, size, C), of the dtype of the image.

        Raises:
            InputError: an image that OpenCV cannot resample.
        """
        _check(image)
        matrix = self.matrix
        step = int(1 / self.scale)
        if step >= _ALIASES_FROM:
            image, matrix = self._reduced(image, matrix, step)
        matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5  # OpenCV counts from pixel centres
        value = border if isinstance(border, tuple) else (border,) * 4
        found = cv2.warpAffine(
            image,
            matrix,
            (self.size, self.size),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=value,
        )
        return np.asarray(found).reshape(self.size, self.size, *image.shape[2:])

    def _reduced(
        self, image: NDArray[Any], matrix: Floats, step: int
    ) -> tuple[NDArray[Any], Floats]:
        """The frame under the crop, averaged over step x step pixels, and the way from there."""
        reach = self.side / 2 * (abs(math.cos(a := math.radians(self.angle))) + abs(math.sin(a)))
        rows, columns = image.shape[:2]
        left, right = _span(self.centre[0], reach, columns, step)
        top, bottom = _span(self.centre[1], reach, rows, step)
        part = image[top:bottom, left:right]
        small = cv2.resize(
            part,
            ((right - left) // step, (bottom - top) // step),
            interpolation=cv2.INTER_AREA,
        ).reshape((bottom - top) // step, (right - left) // step, *image.shape[2:])
        linear = matrix[:, :2]
        shift = matrix[:, 2] + linear @ np.array([left, top], dtype=np.float64)
        return small, np.column_stack([linear * step, shift])


def around_box(box: ArrayLike, context: float, size: int) -> Crop:
    """The published square around a box.

    Args:
        box: (4,) left, top, width, height.
        context: k of the module's formula; 0 is a square of the box's own area.
        size: pixels of the crop.

    Raises:
        InputError: no box, or a negative context.
    """
    found = as_boxes(box)
    if context < 0:
        raise InputError('context', context, 'zero or more', 'correct the context')
    middle = centres(found)
    extra = context * float(found[2:].mean())
    side = math.sqrt((found[2] + extra) * (found[3] + extra))
    return Crop((float(middle[0]), float(middle[1])), side, size)


def tiles(columns: int, rows: int, side: float, size: int, margin: float) -> list[Crop]:
    """Crops that cover a frame so that every thing up to `margin` pixels large is whole in one.

    Args:
        columns: of the frame.
        rows: of the frame.
        side: of every crop, in pixels of the frame.
        size: pixels of every crop.
        margin: by which neighbours overlap, below `side`.

    Raises:
        InputError: a margin that leaves no step between neighbours.
    """
    if not 0 <= margin < side:
        raise InputError('margin of tiles', margin, f'0 to below {side:g}', 'lower the margin')
    return [
        Crop((x, y), side, size)
        for y in _middles(rows, side, margin)
        for x in _middles(columns, side, margin)
    ]


def _middles(length: int, side: float, margin: float) -> list[float]:
    """Where along an axis the crops lie: evenly, the outer ones flush with the frame."""
    if length <= side:
        return [length / 2]
    count = math.ceil((length - side) / (side - margin)) + 1
    return [float(v) for v in np.linspace(side / 2, length - side / 2, count)]


def _span(middle: float, reach: float, length: int, step: int) -> tuple[int, int]:
    """First and last pixel under the crop along an axis, a whole number of steps, at least one."""
    low = min(max(math.floor(middle - reach) - step, 0), max(length - step, 0))
    high = min(math.ceil(middle + reach) + step, length)
    return low, low + max((high - low) // step, 1) * step


def _check(image: NDArray[Any]) -> None:
    kinds = (np.uint8, np.uint16, np.float32)
    if not isinstance(image, np.ndarray) or image.dtype not in kinds:
        raise InputError(
            'image', getattr(image, 'dtype', type(image).__name__), 'uint8, uint16 or float32',
            'decode the frame first',
        )  # fmt: skip
    if image.ndim not in (2, 3) or image.size == 0 or (image.ndim == 3 and image.shape[2] > 4):
        raise InputError(
            'image shape', image.shape, '(H, W) or (H, W, C <= 4), not empty', 'pass one frame'
        )
