# SPDX-License-Identifier: Apache-2.0
"""How the skin of a gel lies over an object that is pressed into it.

The skin is a taut membrane on an elastic bed that an object cannot pass through. Its shape u (mm
into the gel) is the least of

    integral of  sqrt(1 + |grad u|^2) + u^2 / (2 L^2)   with   u >= p,

p being how far the object reaches into the undeformed gel. The length L (tension over stiffness)
says how far the skin is dragged along beside the object. The exact square root matters: beside a
ball the skin falls at up to 60 degrees, and the small-slope approximation (a screened Laplace
equation) drags it along much too far. L is the one constant; it is fitted to real presses by
`xsense-train data validate touch-sim`.

Solved by projected relaxation with the weights of the last step (lagged diffusivity), from an
eighth of the resolution to the whole.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

DRAG_MM = 0.55
# The gel of these sensors is about 4 mm thick on a rigid window; presses deeper than this tear it.
DEEPEST_MM = 2.5
NOTHING_MM = -20.0
# Less than this is no dent (and, exactly 0, spares the processor denormal numbers).
_RESTING_MM = 1e-4
# (reduction, steps): few steps are needed at the full resolution, where only the edges change.
_LEVELS = ((8, 16), (4, 12), (2, 8), (1, 6))


def penetration(heights: NDArray[np.float32], depth_mm: float) -> NDArray[np.float32]:
    """How far an object reaches into the undeformed gel, in mm; negative where it stays outside.

    Args:
        heights: (H, W) float32 mm, larger is nearer to the gel, NOTHING_MM or less (or -inf) where
            there is no object.
        depth_mm: how far the highest point goes in; more than the gel allows is reduced to that.
    """
    top = float(np.max(heights))
    if top <= NOTHING_MM:
        return np.full(heights.shape, -DEEPEST_MM, np.float32)
    depth = min(max(depth_mm, 0.0), DEEPEST_MM)
    reach = np.maximum(heights - np.float32(top - depth), np.float32(-DEEPEST_MM))
    return np.asarray(reach, np.float32)


def drape(
    reach: NDArray[np.float32], mm_per_pixel: float, drag_mm: float = DRAG_MM
) -> NDArray[np.float32]:
    """Shape of the skin over an object.

    Args:
        reach: (H, W) float32 mm from `penetration`.
        mm_per_pixel: size of a pixel.
        drag_mm: the length L above.

    Returns:
        (H, W) float32 mm into the gel, 0 where the skin rests, never less than `reach`.
    """
    if float(reach.max()) <= 0.0:
        return np.zeros_like(reach)
    rows, columns = reach.shape
    skin: NDArray[np.float32] | None = None
    for reduction, steps in _LEVELS:
        size = (max(columns // reduction, 1), max(rows // reduction, 1))
        object_here = np.asarray(cv2.resize(reach, size, interpolation=cv2.INTER_AREA), np.float32)
        start = object_here if skin is None else cv2.resize(skin, size)
        skin = np.maximum(start, np.maximum(object_here, 0.0))
        skin = _relax(skin, object_here, mm_per_pixel * columns / size[0], drag_mm, steps)
    assert skin is not None
    skin[skin < _RESTING_MM] = 0.0
    return skin


def slopes(
    skin: NDArray[np.float32], mm_per_pixel: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Rise of the skin per step to the right and per step down, (H, W) float32 each."""
    padded = np.pad(skin, 1, mode='edge')
    scale = np.float32(1.0 / (2.0 * mm_per_pixel))
    return (
        (padded[1:-1, 2:] - padded[1:-1, :-2]) * scale,
        (padded[2:, 1:-1] - padded[:-2, 1:-1]) * scale,
    )


def _relax(
    skin: NDArray[np.float32],
    reach: NDArray[np.float32],
    step_mm: float,
    drag_mm: float,
    steps: int,
) -> NDArray[np.float32]:
    """`steps` steps of the projected relaxation on one grid."""
    bed = np.float32((step_mm / drag_mm) ** 2)
    padded = np.pad(skin / np.float32(step_mm), 1, mode='edge')
    floor = reach / np.float32(step_mm)
    inner = padded[1:-1, 1:-1]
    weight = np.ones_like(padded)
    for step in range(steps):
        _repeat_edges(padded)
        if step % 2 == 0:
            across = padded[1:-1, 1:] - padded[1:-1, :-1]
            down = padded[1:, 1:-1] - padded[:-1, 1:-1]
            across *= across
            down *= down
            steep = across[:, 1:] + across[:, :-1] + down[1:] + down[:-1]
            weight[1:-1, 1:-1] = 1.0 / np.sqrt(1.0 + 0.5 * steep)
            _repeat_edges(weight)
            # Twice the mean of both sides of an edge; the bed is doubled with it.
            right = weight[1:-1, 1:] + weight[1:-1, :-1]
            below = weight[1:, 1:-1] + weight[:-1, 1:-1]
            total = right[:, 1:] + right[:, :-1] + below[1:] + below[:-1]
            total += 2.0 * bed
        pulled = right[:, 1:] * padded[1:-1, 2:]
        pulled += right[:, :-1] * padded[1:-1, :-2]
        pulled += below[1:] * padded[2:, 1:-1]
        pulled += below[:-1] * padded[:-2, 1:-1]
        pulled /= total
        np.maximum(pulled, floor, out=inner)
    return np.ascontiguousarray(inner * np.float32(step_mm))


def _repeat_edges(padded: NDArray[np.float32]) -> None:
    """Write the outermost rows and columns inside the margin of 1 into the margin."""
    padded[0], padded[-1] = padded[1], padded[-2]
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
