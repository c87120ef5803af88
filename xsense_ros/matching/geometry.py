# SPDX-License-Identifier: Apache-2.0
"""Square crops of a frame, and the way between pixels of the frame and of the crop.

Pixel coordinates are continuous, pixel i covers [i, i + 1) (see `boxes`), so the two directions
are exact inverses: crop point = size / 2 + R (frame point - centre) size / side. The half pixel
that index coordinates need appears in one place only, where OpenCV is called.

Published trackers (Chen et al., "Transformer Tracking", CVPR 2021) cut around a box with sides w
and h a square of side sqrt((w + k m) (h + k m)), m = (w + h) / 2: k = 1 for the template (twice
the side of a square box) and k = 3 for the search (four times). `around_box` does the same for
any k.

The shipped matcher looks for the square around a box (`square_around`) in a square some times as
wide (`search_around`); the box itself is carried along (`carry`). What is asked for is then as
large in every template, and a long thin box does not have to be told from its surroundings.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, around, as_boxes
from xsense_ros.senses.scratch import Scratch

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

    @cached_property
    def matrix(self) -> Floats:
        """(2, 3): frame point (x, y, 1) -> crop point, continuous coordinates; read-only."""
        turn = math.radians(self.angle)
        c, s = math.cos(turn) * self.scale, math.sin(turn) * self.scale
        (x, y), half = self.centre, self.size / 2
        matrix = np.array([[c, s, half - c * x - s * y], [-s, c, half + s * x - c * y]])
        matrix.setflags(write=False)  # it is kept
        return matrix

    def to_crop(self, points: ArrayLike) -> Floats:
        """Frame points (..., 2) -> crop points."""
        matrix = self.matrix
        return np.asarray(points, dtype=np.float64) @ matrix[:, :2].T + matrix[:, 2]

    def to_frame(self, points: ArrayLike) -> Floats:
        """Crop points (..., 2) -> frame points."""
        matrix = self.matrix
        moved = np.asarray(points, dtype=np.float64) - matrix[:, 2]
        # The inverse of a turn and a scale is its transpose, scaled back twice.
        return np.asarray(moved @ matrix[:, :2] / self.scale**2)

    def boxes_to_crop(self, boxes: ArrayLike) -> Floats:
        """Frame boxes (..., 4) -> boxes of the crop: the middle is mapped, the sides are scaled.

        Where the crop is turned, the box keeps its sides instead of growing around its turned
        outline; for small angles that is the upright box that overlaps the outline best.
        """
        found = as_boxes(boxes)
        return around(self.to_crop(_middle(found)), found[..., 2:] * self.scale)

    def boxes_to_frame(self, boxes: ArrayLike) -> Floats:
        """Inverse of `boxes_to_crop`."""
        found = as_boxes(boxes)
        return around(self.to_frame(_middle(found)), found[..., 2:] / self.scale)

    def cut(
        self,
        image: NDArray[Any],
        border: float | tuple[float, ...] = 0.0,
        scratch: Scratch | None = None,
    ) -> NDArray[Any]:
        """The pixels of the crop, antialiased where the crop is coarser than the frame.

        Args:
            image: (H, W) or (H, W, C <= 4), uint8, uint16 or float32; it is never padded or
                copied, only the part under the crop is read.
            border: value (or one a channel) of what lies outside the frame.
            scratch: memory of the result and of the step before it; None allocates.

        Returns:
            (size, size) or (size, size, C), of the dtype of the image.

        Raises:
            InputError: an image that OpenCV cannot resample.
        """
        _check(image)
        step = int(1 / self.scale)
        scratch = Scratch() if scratch is None else scratch
        image, matrix = self._reduced(image, step if step >= _ALIASES_FROM else 1, scratch)
        matrix[:, 2] += matrix[:, :2].sum(axis=1) / 2 - 0.5  # OpenCV counts from pixel centres
        value = border if isinstance(border, tuple) else (border,) * 4
        found = scratch.array('crop', (self.size, self.size, *image.shape[2:]), image.dtype)
        cv2.warpAffine(
            image,
            matrix,
            (self.size, self.size),
            found,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=value,
        )
        return found

    def _reduced(
        self, image: NDArray[Any], step: int, scratch: Scratch
    ) -> tuple[NDArray[Any], Floats]:
        """The frame under the crop, averaged over step x step pixels, and the way from there."""
        matrix = self.matrix
        reach = self.side / 2 * (abs(math.cos(a := math.radians(self.angle))) + abs(math.sin(a)))
        rows, columns = image.shape[:2]
        left, right = _span(self.centre[0], reach, columns, step)
        top, bottom = _span(self.centre[1], reach, rows, step)
        # OpenCV copies what it is given where its axes run backwards (a BGR frame seen as RGB).
        small = image[top:bottom, left:right]
        if step > 1:
            columns, rows = (right - left) // step, (bottom - top) // step
            area = scratch.array('area', (rows, columns, *image.shape[2:]), image.dtype)
            cv2.resize(small, (columns, rows), area, interpolation=cv2.INTER_AREA)
            small = area
        c, s = matrix[0, :2]
        there = matrix * step
        there[:, 2] = matrix[:, 2] + (c * left + s * top, c * top - s * left)
        return small, there


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
    middle = _middle(found)
    extra = context * float(found[2:].mean())
    side = math.sqrt((found[2] + extra) * (found[3] + extra))
    return Crop((float(middle[0]), float(middle[1])), side, size)


def square_around(box: ArrayLike, size: int, least: float = 16.0) -> Crop:
    """The square with the middle of a box and its longer side.

    Args:
        box: (4,) left, top, width, height.
        size: pixels of the crop.
        least: side of the square at least, in pixels of the frame: less says nothing.

    Raises:
        InputError: no box.
    """
    found = as_boxes(box)
    x, y = _middle(found)
    return Crop((float(x), float(y)), max(float(found[2:].max()), least), size)


def search_around(
    centre: tuple[float, float], side: float, size: int, window: float, angle: float = 0.0
) -> Crop:
    """The square to search for a square that is expected somewhere.

    Args:
        centre: x, y where its middle is expected.
        side: of it, expected, in pixels of the frame.
        size: pixels of the crop.
        window: times `side` that is searched along each axis.
        angle: by which it is expected to be turned, see Crop.

    Raises:
        InputError: numbers that make no square.
    """
    return Crop((float(centre[0]), float(centre[1])), side * window, size, angle)


def carry(box: ArrayLike, template: Crop, found_square: ArrayLike) -> Floats:
    """Where a box lies once the square around it was found.

    Args:
        box: (4,) in the frame of the template.
        template: the square around it there.
        found_square: (..., 4) the same square elsewhere.

    Returns:
        (..., 4): the box with its aspect and its place inside the square, scaled as the square is
        (by the geometric mean, where it was found with sides that differ).

    Raises:
        InputError: no box.
    """
    asked, square = as_boxes(box), as_boxes(found_square)
    scale = np.sqrt(square[..., 2] * square[..., 3])[..., None] / template.side
    offset = _middle(asked) - template.centre
    return around(_middle(square) + offset * scale, asked[2:] * scale)


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


def _middle(boxes: Floats) -> Floats:
    """`boxes.centres` of what is known to be boxes."""
    return np.asarray(boxes[..., :2] + boxes[..., 2:] / 2)


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
