# SPDX-License-Identifier: Apache-2.0
"""What a sensor shows when something is pressed into its gel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.touch_sim.gel_contact import drape, penetration, slopes
from xsense_training.touch_sim.sensor_unit import COLUMNS, MM_PER_PIXEL, ROWS, SensorUnit

# The skin is dragged along this far beside an object at most; further out it is not computed.
_MARGIN_MM = 3.0


def simulate(
    heights: NDArray[np.float32],
    depth_mm: float,
    unit: SensorUnit,
    generator: np.random.Generator,
) -> NDArray[np.uint8]:
    """One frame of a sensor.

    Args:
        heights: (240, 320) float32 mm: surface of the object under the gel, 0.059 mm a pixel,
            larger is nearer to the gel, -inf or <= -20 where there is none.
        depth_mm: how far the highest point goes into the gel; 0 touches nothing.
        unit: the sensor.
        generator: of the noise of this frame.

    Returns:
        (240, 320, 3) uint8, RGB, as the camera gives it (nothing subtracted).

    Raises:
        InputError: wrong shape, NaN in the heights or a depth that is no number.
    """
    if heights.shape != (ROWS, COLUMNS):
        raise InputError(
            'heights', heights.shape, f'({ROWS}, {COLUMNS})', 'sample the object at 0.059 mm'
        )
    if np.isnan(heights).any() or not np.isfinite(depth_mm):
        raise InputError('heights', 'NaN', 'numbers, -inf where nothing is', 'mend the mesh')
    return unit.frame(press_change(heights, depth_mm, unit), generator)


def press_change(
    heights: NDArray[np.float32], depth_mm: float, unit: SensorUnit
) -> NDArray[np.float32]:
    """Change of colour without noise, (240, 320, 3) float32 in grey levels; see `simulate`."""
    reach = penetration(heights, depth_mm)
    touched = reach > 0.0
    if not touched.any():
        return np.zeros((ROWS, COLUMNS, 3), np.float32)
    window = _window(touched)
    skin = np.zeros((ROWS, COLUMNS), np.float32)
    skin[window] = drape(np.ascontiguousarray(reach[window]), MM_PER_PIXEL, unit.drag_mm)
    return unit.change(skin, slopes(skin[window], MM_PER_PIXEL), window)


def _window(touched: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The part of the frame that anything can change in."""
    margin = round(_MARGIN_MM / MM_PER_PIXEL)
    rows, columns = np.flatnonzero(touched.any(axis=1)), np.flatnonzero(touched.any(axis=0))
    return (
        slice(max(int(rows[0]) - margin, 0), min(int(rows[-1]) + margin + 1, ROWS)),
        slice(max(int(columns[0]) - margin, 0), min(int(columns[-1]) + margin + 1, COLUMNS)),
    )
