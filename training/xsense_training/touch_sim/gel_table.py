# SPDX-License-Identifier: Apache-2.0
"""From the slope of a gel to the change of its colour: the measured shading table of a sensor.

A GelSight-type sensor photographs the reflecting skin of a gel that coloured lamps light from
three sides, so the colour of a pixel says how the skin is tilted there. The table gives, for a
tilt (125 steps of 0..90 degrees) and a direction (125 steps of the full turn), the change of each
colour channel as a polynomial of second degree in the position, because a lamp at one side lights
the two halves of the gel differently. It was measured by pressing a ball (Wang et al. 2021,
"GelSight Wedge"; Si and Yuan 2022, "Taxim"); here it is read from the files of the package taxim.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_training.data.root import data_root, require

Sensor = Literal['gelsight', 'gelsight_mini']
FOLDER = 'taxim/taxim/calib'
# Positions in the table are pixels of this frame, whatever the size of the simulated one.
TABLE_ROWS, TABLE_COLUMNS = 480, 640
BINS = 125
# Below this tilt the measured directions differ by noise only and are averaged.
_LEVEL_BINS = 4


@dataclass(frozen=True)
class ShadingTable:
    """Colour change of a tilted gel.

    Attributes:
        planes: (18, 125, 126) float32: coefficients by tilt and direction, six for each of three
            channels; a direction more at either end, for the turn.
        level: (3, 6) float32: the polynomial of a pressed gel without tilt.
    """

    planes: NDArray[np.float32]
    level: NDArray[np.float32]

    def shade(
        self,
        slope_x: NDArray[np.float32],
        slope_y: NDArray[np.float32],
        contact: NDArray[np.float32],
        position: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """Colour change of every pixel.

        Args:
            slope_x: (H, W) float32, rise of the skin towards the camera per step to the right.
            slope_y: (H, W) float32, the same per step down.
            contact: (H, W) float32 in 0..1: 1 where something presses the skin, 0 where it rests.
                A pressed skin is a little brighter even where it is level; a resting one is not.
            position: (H, W, 2) float32, column and row in pixels of the 640x480 frame.

        Returns:
            (H, W, 3) float32, red, green and blue in grey levels of 0..255.
        """
        slope, angle = cv2.cartToPolar(-slope_x, -slope_y)
        # Kept inside the table: borders make the look-up four times slower.
        tilt = np.arctan(slope) * np.float32((BINS - 1) / (np.pi / 2)) - np.float32(0.5)
        np.clip(tilt, 0.0, BINS - 1.01, out=tilt)
        turn = angle * np.float32((BINS - 1) / (2 * np.pi)) + np.float32(0.5)
        column, row = position[..., 0], position[..., 1]
        powers = (column * column, row * row, column * row, column, row, np.ones_like(row))
        unpressed = 1.0 - contact
        change = np.zeros((3, *slope.shape), np.float32)
        for channel in range(3):
            total = change[channel]
            for power, plane in zip(powers, self.planes[6 * channel :], strict=False):
                looked_up = cv2.remap(
                    plane, turn, tilt, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
                )
                total += looked_up * power
            squares, row2, cross, columns, rows, rest = self.level[channel]
            total -= unpressed * (
                squares * powers[0]
                + row2 * powers[1]
                + cross * powers[2]
                + columns * column
                + rows * row
                + rest
            )
        return np.ascontiguousarray(change.transpose(1, 2, 0))


def positions(rows: int, columns: int) -> NDArray[np.float32]:
    """(rows, columns, 2) float32: where the pixels of a frame of that size lie in the 640x480 one.

    Centres are mapped to centres, so that half the size lies between the pixels.
    """
    row, column = np.mgrid[0:rows, 0:columns].astype(np.float32)
    return np.stack(
        [
            (column + 0.5) * (TABLE_COLUMNS / columns) - 0.5,
            (row + 0.5) * (TABLE_ROWS / rows) - 0.5,
        ],
        axis=-1,
    ).astype(np.float32)


def sensor_file(sensor: Sensor, name: str, root: Path | None = None) -> Path:
    """Path of a measured file of a sensor.

    Raises:
        InputError: the files are not fetched (`xsense-train data fetch gel`).
    """
    return require(data_root(root), f'{FOLDER}/{sensor}/{name}', 'gel')


@lru_cache(maxsize=4)
def load_table(sensor: Sensor = 'gelsight', root: Path | None = None) -> ShadingTable:
    """The shading table of a sensor, read once.

    Raises:
        InputError: the files are not fetched.
    """
    with np.load(sensor_file(sensor, 'polycalib.npz', root)) as stored:
        table = np.stack([stored[f'grad_{channel}'] for channel in 'rgb'], axis=2)
    return table_of(table)


def table_of(measured: NDArray[np.float64]) -> ShadingTable:
    """The table made from (125, 125, 3, 6) measured coefficients by tilt, direction, channel.

    The last direction is the first one again (the measured bins count from -pi to +pi with both
    ends) and is dropped.
    """
    turned = measured[:, : BINS - 1].astype(np.float64)
    level = turned[0].mean(axis=0)
    # Without a slope the direction is arbitrary: what the bins of small tilts differ by from one
    # direction to the next is noise, which would show as spokes on a level gel.
    share = (np.arange(_LEVEL_BINS) / _LEVEL_BINS)[:, None, None, None]
    small = turned[:_LEVEL_BINS]
    turned[:_LEVEL_BINS] = share * small + (1 - share) * small.mean(axis=1, keepdims=True)
    closed = np.concatenate([turned[:, -1:], turned, turned[:, :1]], axis=1)
    planes = closed.transpose(2, 3, 0, 1).reshape(18, BINS, BINS + 1)
    return ShadingTable(
        np.ascontiguousarray(planes, np.float32), np.ascontiguousarray(level, np.float32)
    )
