# SPDX-License-Identifier: Apache-2.0
"""Made gels for tests: a table that needs no measured files, and balls."""

from __future__ import annotations

import os

import numpy as np
import pytest

from xsense_training.data.root import data_root
from xsense_training.touch_sim.gel_shadow import LAMPS
from xsense_training.touch_sim.gel_table import BINS, FOLDER, positions, table_of
from xsense_training.touch_sim.sensor_unit import COLUMNS, MM_PER_PIXEL, ROWS, SensorUnit

needs_gel = pytest.mark.skipif(
    not (data_root() / FOLDER).exists(),
    reason=f'the measured gel is not in {os.environ.get("XSENSE_DATA", "the data root")}: '
    'xsense-train data fetch gel',
)


def made_coefficients() -> np.ndarray:
    """(125, 125, 3, 6): smooth in tilt and direction, different for every channel and term."""
    tilt = ((np.arange(BINS) + 0.5) / (BINS - 1))[:, None]
    turn = ((np.arange(BINS) + 0.5) / (BINS - 1) * 2 * np.pi)[None]
    table = np.zeros((BINS, BINS, 3, 6))
    for channel in range(3):
        wave = 40 * np.sin(tilt * np.pi / 2) * np.cos(turn - channel * 2 * np.pi / 3)
        for term, scale in enumerate((1e-6, 2e-6, 1e-6, 1e-3, 2e-3, 1.0)):
            table[:, :, channel, term] = scale * (wave + term)
    return table


def made_unit(noise: float = 0.0) -> SensorUnit:
    """A sensor with that table, a grey resting frame and no peculiarities."""
    return SensorUnit(
        resting=np.full((ROWS, COLUMNS, 3), 120.0, np.float32),
        mixing=np.eye(3, dtype=np.float32),
        turn=0.0,
        position=positions(ROWS, COLUMNS),
        noise=noise,
        drift=0.0,
        table=table_of(made_coefficients()),
        lamps=LAMPS,
    )


def ball(radius_mm: float, column: float = 160.0, row: float = 120.0) -> np.ndarray:
    """(240, 320) float32 heights of a ball, written out pixel by pixel."""
    heights = np.full((ROWS, COLUMNS), -np.inf, np.float32)
    for y in range(ROWS):
        for x in range(COLUMNS):
            away = ((x - column) ** 2 + (y - row) ** 2) * MM_PER_PIXEL**2
            if away < radius_mm**2:
                heights[y, x] = np.sqrt(radius_mm**2 - away) - radius_mm
    return heights
