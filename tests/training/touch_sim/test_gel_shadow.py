# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from tests.training.touch_sim.gel_world import ball
from xsense_training.touch_sim.gel_contact import drape, penetration
from xsense_training.touch_sim.gel_shadow import LAMPS, LIGHT_RISE, Lamp, cast
from xsense_training.touch_sim.sensor_unit import MM_PER_PIXEL


@pytest.fixture(scope='module')
def dent():
    return drape(penetration(ball(1.5), 1.2), MM_PER_PIXEL)


def darkest_direction(taken: np.ndarray) -> float:
    """Degrees clockwise from the right, of the centre of darkness seen from the ball."""
    row, column = np.mgrid[0:240, 0:320].astype(float)
    weight = -taken
    x, y = ((column - 160) * weight).sum(), ((row - 120) * weight).sum()
    return float(np.degrees(np.arctan2(y, x)))


@pytest.mark.parametrize('lamp', LAMPS)
def test_a_shadow_falls_away_from_its_lamp(dent, lamp):
    taken = cast(dent, MM_PER_PIXEL)[..., lamp.channel]
    apart = (darkest_direction(taken) - lamp.falls + 180) % 360 - 180
    assert abs(apart) < 4.0
    assert taken.max() <= 0.0
    assert -lamp.darkness <= taken.min() < -0.3 * lamp.darkness


def test_shadows_turn_with_the_gel(dent):
    taken = cast(dent, MM_PER_PIXEL, np.radians(20.0), (Lamp(1, 60.0, 10.0),))[..., 1]
    assert darkest_direction(taken) == pytest.approx(40.0, abs=4.0)


def test_a_shadow_is_as_long_as_the_light_is_low():
    skin = np.zeros((60, 300), np.float32)
    skin[:, 40:44] = 1.0  # a wall of 1 mm
    taken = cast(skin, 0.05, lamps=(Lamp(0, 0.0, 10.0),))[30, :, 0]
    end = 44 + 1.0 / LIGHT_RISE / 0.05
    assert taken[60] < -5.0
    assert (taken[:36] > -0.5).all()
    assert abs(taken[int(end) + 10 :]).max() < 0.3
    assert taken[int(end) - 40] < -1.0


def test_a_resting_gel_has_no_shadow():
    assert not cast(np.zeros((240, 320), np.float32), MM_PER_PIXEL).any()
