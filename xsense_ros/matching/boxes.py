# SPDX-License-Identifier: Apache-2.0
"""Boxes as arrays (..., 4): left, top, width, height in float pixels.

Pixel i of a row covers [i, i + 1): the box of a whole frame is (0, 0, columns, rows), and the
centre of the first pixel is (0.5, 0.5). Everything that handles boxes keeps to this.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsense_ros.errors import InputError

Floats = NDArray[np.float64]


def as_boxes(boxes: ArrayLike) -> Floats:
    """(..., 4) float64.

    Raises:
        InputError: another shape, a number that is not finite, or a side that is not above zero.
    """
    found = np.asarray(boxes, dtype=np.float64)
    if found.shape[-1:] != (4,):
        raise InputError('box', found.shape, '(..., 4): left, top, width, height', 'give four')
    if not np.isfinite(found).all() or not (found[..., 2:] > 0).all():
        raise InputError(
            'box', found.tolist(), 'finite numbers, width and height above 0', 'correct the box'
        )
    return found


def centres(boxes: ArrayLike) -> Floats:
    """(..., 4) -> (..., 2): x, y of the middle."""
    found = as_boxes(boxes)
    return np.asarray(found[..., :2] + found[..., 2:] / 2)


def around(centre: ArrayLike, sides: ArrayLike) -> Floats:
    """Middle (..., 2) and width, height (..., 2) -> (..., 4)."""
    middle = np.asarray(centre, dtype=np.float64)
    wide = np.asarray(sides, dtype=np.float64)
    return np.concatenate([middle - wide / 2, wide], axis=-1)


def overlap(a: ArrayLike, b: ArrayLike) -> Floats:
    """Intersection over union of boxes that broadcast: (..., 4), (..., 4) -> (...), 0 to 1."""
    first, second = as_boxes(a), as_boxes(b)
    low = np.maximum(first[..., :2], second[..., :2])
    high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
    shared = np.clip(high - low, 0, None).prod(axis=-1)
    total = first[..., 2:].prod(axis=-1) + second[..., 2:].prod(axis=-1) - shared
    return np.asarray(shared / total)


def clip(boxes: ArrayLike, columns: int, rows: int, least: float = 1.0) -> Floats:
    """The part of each box (..., 4) that lies in a frame, at least `least` wide and high.

    A box outside the frame becomes one of the least size at the nearest edge.
    """
    found = as_boxes(boxes)
    frame = np.array([columns, rows], dtype=np.float64)
    low = np.clip(found[..., :2], 0, np.maximum(frame - least, 0))
    high = np.clip(found[..., :2] + found[..., 2:], low + least, np.maximum(frame, low + least))
    return np.concatenate([low, high - low], axis=-1)


def require_inside(box: ArrayLike, columns: int, rows: int, least: float = 10.0) -> Floats:
    """One box (4,) that can be a template.

    Raises:
        InputError: it is no box, reaches out of the frame, or has a side under `least` pixels.
    """
    found = as_boxes(box)
    left, top, width, height = (float(v) for v in found)
    if left < 0 or top < 0 or left + width > columns or top + height > rows:
        raise InputError(
            'template box', found.tolist(), f'a box inside {columns} x {rows} pixels',
            'keep the box inside the frame',
        )  # fmt: skip
    if min(width, height) < least:
        raise InputError(
            'template box', found.tolist(), f'sides of at least {least:g} pixels',
            'take a larger part of the scene',
        )  # fmt: skip
    return found


def suppress(boxes: ArrayLike, scores: NDArray[Any], limit: float = 0.5) -> NDArray[np.int64]:
    """Greedy non-maximum suppression: (N, 4), (N,) -> rows that stay, best score first.

    A box falls when it overlaps a better one by more than `limit` (intersection over union).
    """
    waiting = np.argsort(-np.asarray(scores), kind='stable')
    if not len(waiting):
        return np.zeros(0, np.int64)
    found, kept = as_boxes(boxes), []
    while len(waiting):
        best, waiting = waiting[0], waiting[1:]
        kept.append(best)
        waiting = waiting[overlap(found[best], found[waiting]) <= limit]
    return np.array(kept, dtype=np.int64)
