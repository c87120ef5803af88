# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math

import numpy as np
import pytest

from tests.training.touch_sim.gel_world import made_coefficients, needs_gel
from xsense_ros.errors import InputError
from xsense_training.touch_sim.gel_table import load_table, positions, table_of


def by_hand(slope_x: float, slope_y: float, column: float, row: float) -> list[float]:
    """`made_coefficients` at one slope and place, between its bins as well."""
    tilt = math.atan(math.hypot(slope_x, slope_y)) / (math.pi / 2)
    turn = math.atan2(slope_y, slope_x) + math.pi
    terms = (column * column, row * row, column * row, column, row, 1.0)
    scales = (1e-6, 2e-6, 1e-6, 1e-3, 2e-3, 1.0)
    colours = []
    for channel in range(3):
        wave = 40 * math.sin(tilt * math.pi / 2) * math.cos(turn - channel * 2 * math.pi / 3)
        colours.append(
            sum(t * s * (wave + k) for k, (t, s) in enumerate(zip(terms, scales, strict=True)))
        )
    return colours


def test_the_table_is_looked_up_by_tilt_direction_and_place():
    table = table_of(made_coefficients())
    draw = np.random.default_rng(0)
    slope = draw.uniform(-2, 2, (2, 12, 16)).astype(np.float32)
    slope += np.sign(slope) * 0.2  # the smallest tilts are averaged over directions
    where = positions(12, 16)
    change = table.shade(slope[0], slope[1], np.ones((12, 16), np.float32), where)
    for row in range(12):
        for column in range(16):
            expected = by_hand(*slope[:, row, column].tolist(), *where[row, column].tolist())
            # Look-ups are made in steps of 1/32 bin: 0.09 degrees of the direction.
            assert change[row, column] == pytest.approx(expected, abs=0.3)


def test_a_level_gel_that_rests_does_not_change_its_colour():
    table = table_of(made_coefficients())
    flat = np.zeros((5, 6), np.float32)
    where = positions(5, 6)
    assert np.abs(table.shade(flat, flat, flat, where)).max() < 1e-3
    assert np.abs(table.shade(flat, flat, flat + 1, where)).max() > 1.0


def test_pixels_of_half_the_size_lie_between_those_of_the_measured_frame():
    where = positions(240, 320)
    assert where[0, 0].tolist() == [0.5, 0.5]
    assert where[-1, -1].tolist() == [638.5, 478.5]
    assert positions(480, 640)[7, 9].tolist() == [9.0, 7.0]


def test_an_unfetched_table_names_the_command(tmp_path):
    with pytest.raises(InputError, match='data fetch gel'):
        load_table('gelsight', tmp_path)


@needs_gel
def test_the_measured_table_brightens_green_above_and_red_below_a_bump():
    table = load_table('gelsight')
    where = np.full((1, 2, 2), [320.0, 240.0], np.float32)
    # Above the middle of a bump the skin rises downwards (slope_y > 0), below it upwards.
    down = np.array([[0.6, -0.6]], np.float32)
    above, below = table.shade(np.zeros_like(down), down, np.ones_like(down), where)[0]
    assert above[1] > below[1] + 20
    assert below[0] > above[0] + 20
