# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from tests.training.touch_sim.gel_world import ball, made_unit, needs_gel
from xsense_ros.errors import InputError
from xsense_training.touch_sim.press import press_change, simulate
from xsense_training.touch_sim.sensor_unit import SensorUnit


def test_a_press_without_contact_gives_the_background():
    unit = made_unit()
    nothing = np.full((240, 320), -np.inf, np.float32)
    frame = simulate(nothing, 1.0, unit, np.random.default_rng(1))
    assert (frame == unit.background(np.random.default_rng(1))).all()
    assert (simulate(ball(2.0), 0.0, unit, np.random.default_rng(1)) == frame).all()


def test_a_ball_colours_its_contact_and_leaves_the_corners():
    unit = made_unit()
    frame = simulate(ball(2.0), 1.2, unit, np.random.default_rng(0))
    assert frame.shape == (240, 320, 3)
    assert frame.dtype == np.uint8
    change = np.abs(frame.astype(int) - 120).max(axis=2)
    assert change[120, 140] > 10
    assert change[:20, :20].max() == 0


def test_deeper_presses_colour_more():
    unit = made_unit()
    coloured = [
        (np.abs(press_change(ball(3.0), depth, unit)).max(axis=2) > 5).sum()
        for depth in (0.4, 0.8, 1.6)
    ]
    assert coloured == sorted(coloured)
    assert coloured[0] < 0.6 * coloured[2]


def test_a_moved_object_moves_its_picture():
    unit = made_unit()
    here = press_change(ball(1.5, 100, 100), 1.0, unit)
    there = press_change(ball(1.5, 116, 108), 1.0, unit)
    # The lamps light the two places a little differently; the shapes are the same.
    cut_here, cut_there = here[60:140, 60:140], there[68:148, 76:156]
    assert np.corrcoef(cut_here.ravel(), cut_there.ravel())[0, 1] > 0.99


@pytest.mark.parametrize(
    ('heights', 'depth'),
    [
        (np.zeros((480, 640), np.float32), 1.0),
        (np.full((240, 320), np.nan, np.float32), 1.0),
        (np.zeros((240, 320), np.float32), float('nan')),
    ],
)
def test_what_is_no_height_field_is_refused(heights, depth):
    with pytest.raises(InputError, match='heights'):
        simulate(heights, depth, made_unit(), np.random.default_rng(0))


@needs_gel
def test_a_unit_is_its_seed():
    one, again, other = SensorUnit.draw(3), SensorUnit.draw(3), SensorUnit.draw(4)
    assert (one.resting == again.resting).all()
    assert (one.mixing == again.mixing).all()
    assert one.turn == again.turn
    draws = [unit.background(np.random.default_rng(5)) for unit in (one, again, other)]
    assert (draws[0] == draws[1]).all()
    assert np.abs(draws[0].astype(int) - draws[2]).mean() > 5


@needs_gel
def test_units_differ_by_less_than_the_two_measured_types_and_never_saturate():
    units = [SensorUnit.draw(seed).resting for seed in range(12)]
    means = np.array([unit.mean(axis=(0, 1)) for unit in units])
    assert (means.std(axis=0) > 5).all()
    # The measured types: 27, 34 and 47 grey levels apart.
    assert (means.std(axis=0, ddof=1) < 34).all()
    assert np.mean([(unit >= 254).mean() for unit in units]) < 0.01
    assert np.mean([(unit <= 1).mean() for unit in units]) < 0.01


@needs_gel
def test_frames_of_one_unit_differ_by_noise_only():
    unit = SensorUnit.draw(0)
    generator = np.random.default_rng(0)
    one, two = (unit.background(generator).astype(float) for _ in range(2))
    assert 0.5 < (one - two).std(axis=(0, 1)).mean() / np.sqrt(2) < 2.0
