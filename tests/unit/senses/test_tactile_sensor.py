# SPDX-License-Identifier: Apache-2.0
"""A sensor from power-on: learning, refusing, following drift, swapping units."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.senses import gel
from xsense_ros.errors import InputError
from xsense_ros.senses.contact import find_contact
from xsense_ros.senses.tactile_difference import press_of
from xsense_ros.senses.tactile_profile import load_profile
from xsense_ros.senses.tactile_sensor import TactileSensor

PROFILE = load_profile('gelsight')
FRAME = 33_000_000  # ns


def frames(count, start=0, **how):
    return [gel.rest(noise=2, seed=start + number, **how) for number in range(count)]


def learnt(sensor, serial='A', **how):
    for frame in frames(PROFILE.background_frames, **how):
        assert sensor.read(frame, serial, 1) is None
    return sensor


def test_learns_then_reads():
    sensor = TactileSensor(PROFILE)
    assert sensor.learning('A') == (0, 10)
    for number, frame in enumerate(frames(10), start=1):
        assert sensor.read(frame, 'A', number) is None
        assert sensor.learning('A') == (number, 10)
    quiet = sensor.read(gel.rest(noise=2, seed=50), 'A', 11)
    assert not quiet.in_contact and quiet.contact.area_mm2 == 0
    touch = sensor.read(gel.pressed(gel.rest(noise=2, seed=51)), 'A', 12)
    assert touch.in_contact
    assert (touch.serial, touch.stamp_ns) == ('A', 12)
    assert not sensor.read(gel.rest(noise=2, seed=52), 'A', 13).in_contact


def test_background_is_the_mean_and_noise_that_of_the_frames():
    sensor = learnt(TactileSensor(PROFILE))
    (model,) = sensor._models.values()
    mean = np.mean(frames(10), axis=0)
    assert np.abs(model.background - mean).max() <= 0.51
    cells = [f.reshape(120, 2, 160, 2, 3).mean((1, 3)) for f in frames(10)]
    expected = np.sqrt(np.median(np.var(cells, axis=0, ddof=1).sum(axis=2)))
    assert model.noise == pytest.approx(expected, abs=0.2)  # cells are rounded to whole levels
    assert model.threshold == max(PROFILE.contact_levels, PROFILE.contact_sigmas * model.noise)


def test_noisy_unit_raises_its_own_threshold():
    sensor = TactileSensor(PROFILE)
    for number in range(10):
        sensor.read(gel.rest(noise=6, seed=number), 'A', 1)
    (model,) = sensor._models.values()
    assert model.threshold > PROFILE.contact_levels
    for number in range(20):
        assert sensor.read(gel.rest(noise=6, seed=100 + number), 'A', 1).contact.area_mm2 == 0


def test_contact_at_the_start_is_refused_and_learning_begins_anew():
    sensor = TactileSensor(PROFILE)
    for frame in frames(9):
        sensor.read(frame, 'A', 1)
    with pytest.raises(InputError, match='contact') as caught:
        sensor.read(gel.pressed(gel.rest()), 'A', 1)
    assert 'lift the finger' in caught.value.cure
    assert sensor.learning('A') == (0, 10)
    learnt(sensor)
    assert not sensor.read(gel.rest(noise=2, seed=9), 'A', 1).in_contact


def test_change_while_learning_is_refused():
    """A wide, weak touch has no structure of its own; that it comes and goes gives it away."""
    sensor = TactileSensor(PROFILE)
    for frame in frames(5):
        sensor.read(frame, 'A', 1)
    rows, columns = np.mgrid[:240, :320]
    wide = 30 * np.exp(-(((columns - 160) / 120) ** 2 + ((rows - 120) / 120) ** 2))
    touched = np.clip(gel.rest() + wide[..., None], 0, 255).astype(np.uint8)
    with pytest.raises(InputError, match='change over'):
        sensor.read(touched, 'A', 1)
    assert sensor.learning('A') == (0, 10)


def test_press_needs_a_background():
    sensor = TactileSensor(PROFILE)
    with pytest.raises(InputError, match='0 of 10 frames'):
        sensor.press(gel.rest(), 'A')
    learnt(sensor)
    press = sensor.press(gel.pressed(gel.rest()), 'A')
    assert np.abs(press.pixels.astype(int) - 128).max() > 40


def test_follows_drift_of_the_light():
    """LEDs that warm up by 14 levels within 33 s (at 30 frames a second) are not contact."""
    sensor = learnt(TactileSensor(PROFILE))
    warm = [gel.rest(tint=(level, level, level / 2)) for level in range(15)]
    for number in range(1000):
        assert not sensor.read(warm[number * 15 // 1000], 'A', number * FRAME).in_contact
    assert sensor.read(gel.pressed(warm[-1]), 'A', 1000 * FRAME).in_contact
    # Against what it has learnt first, this would be contact all over the gel.
    assert find_contact(press_of(warm[-1], gel.rest(), PROFILE)).fraction > 0.9


def test_lasting_contact_does_not_become_background():
    sensor = learnt(TactileSensor(PROFILE))
    touched = gel.pressed(gel.rest())
    for number in range(200):
        assert sensor.read(touched, 'A', number * 10 * FRAME).in_contact
    assert not sensor.read(gel.rest(), 'A', 2001 * FRAME).in_contact


def test_follows_by_time_not_by_number_of_frames():
    """Once a second, as while nobody listens, is as good as 30 times; a pause is no license."""
    often, seldom, paused = (learnt(TactileSensor(PROFILE)) for _ in range(3))
    warm = gel.rest(tint=(6, 6, 6))
    for number in range(301):
        often.read(warm, 'A', FRAME * number)
        if number % 30 == 0:
            seldom.read(warm, 'A', FRAME * number)
    one, other = (next(iter(s._models.values()))._mean for s in (often, seldom))
    expected = 6 * (1 - np.exp(-300 * FRAME / 13e9))
    assert np.mean(one - gel.rest()) == pytest.approx(expected, rel=0.1)
    np.testing.assert_allclose(one, other, atol=0.3)
    paused.read(warm, 'A', FRAME)
    paused.read(warm, 'A', 3600 * 1_000_000_000)
    late = next(iter(paused._models.values()))._mean
    assert np.mean(late - gel.rest()) == pytest.approx(6 * (1 - np.exp(-5 / 13)), rel=0.1)


def test_clock_set_back_does_not_disturb_the_background():
    sensor = learnt(TactileSensor(PROFILE))
    for stamp in (10**18, 10**18 + FRAME, 5, 5 + 10 * FRAME):
        assert not sensor.read(gel.rest(), 'A', stamp).in_contact


def test_swapped_unit_has_its_own_background_and_the_old_one_is_kept():
    sensor = learnt(TactileSensor(PROFILE))
    assert sensor.read(gel.pressed(gel.rest()), 'A', 1).in_contact
    other = {'tint': (25, -20, 15)}
    learnt(sensor, 'B', **other)
    reading = sensor.read(gel.rest(noise=2, seed=77, **other), 'B', 2)
    assert reading.serial == 'B' and not reading.in_contact
    assert sensor.read(gel.pressed(gel.rest(**other)), 'B', 2).in_contact
    # Back to the first unit: known at once, and not in contact by what the other one felt.
    assert not sensor.read(gel.rest(), 'A', 3).in_contact


def test_without_a_background_of_its_own_a_swapped_unit_would_be_contact():
    background, other = gel.rest(), gel.rest(tint=(25, -20, 15))
    assert find_contact(press_of(other, background, PROFILE)).area_mm2 > 100


def test_other_resolution_is_learnt_apart():
    sensor = learnt(TactileSensor(PROFILE))
    assert sensor.read(gel.rest(480, 640), 'A', 1) is None
    assert sensor.read(gel.rest(), 'A', 1) is not None


@pytest.mark.parametrize('serial', ['', '  '])
def test_serial_is_needed(serial):
    with pytest.raises(InputError, match='frame_id'):
        TactileSensor(PROFILE).read(gel.rest(), serial, 1)


def test_given_background():
    profile = dataclasses.replace(PROFILE, background='given')
    sensor = TactileSensor(profile)
    with pytest.raises(InputError, match='was given'):
        sensor.read(gel.rest(), 'A', 1)
    with pytest.raises(InputError, match='contact'):
        sensor.give_background('A', gel.pressed(gel.rest()))
    sensor.give_background('A', gel.rest())
    assert sensor.learning('A') == (10, 10)
    assert sensor.read(gel.pressed(gel.rest()), 'A', 1).in_contact
    with pytest.raises(InputError, match='contact'):
        sensor.give_background('A', gel.pressed(gel.rest()))
    assert not sensor.read(gel.rest(), 'A', 1).in_contact  # the good one was kept
    sensor.forget('A')
    with pytest.raises(InputError, match='was given'):
        sensor.read(gel.rest(), 'A', 1)


def test_bad_frames_between_good_ones_change_nothing():
    sensor, plain = learnt(TactileSensor(PROFILE)), learnt(TactileSensor(PROFILE))
    bad = [
        np.zeros((240, 320, 3), np.uint8),
        np.full((240, 320, 3), 255, np.uint8),
        gel.rest(200, 320),
        np.full((240, 320, 3), np.nan, np.float32),
    ]
    for number in range(40):
        frame = gel.rest(noise=2, seed=number)
        if number % 10 == 9:
            frame = gel.pressed(frame)
        with pytest.raises(InputError):
            sensor.read(bad[number % len(bad)], 'A', number)
        one, other = sensor.read(frame, 'A', number), plain.read(frame, 'A', number)
        assert one.contact == other.contact and one.in_contact == other.in_contact
        np.testing.assert_array_equal(one.press.pixels, other.press.pixels)


def test_memory_for_units_is_bounded():
    sensor = TactileSensor(PROFILE)
    for number in range(50):
        sensor.read(gel.rest(), f'unit {number}', 1)
    assert len(sensor._models) == 16


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([np.uint8, np.int32, np.uint16, np.float32, np.float64, np.bool_]),
    st.one_of(
        st.sampled_from([(24, 32, 3), (48, 64, 3), (48, 64, 4), (48, 64), (0, 0, 3)]),
        st.lists(st.integers(0, 40), max_size=4).map(tuple),
    ),
    st.integers(0, 255),
    st.text(max_size=3),
    st.data(),
)
def test_any_frame_is_read_or_refused(dtype, shape, level, serial, data):
    sensor = TactileSensor(dataclasses.replace(PROFILE, background_frames=3))
    for _ in range(4):
        seed = data.draw(st.integers(0, 3))
        noise = np.random.default_rng(seed).integers(0, 20, shape)
        frame = (noise + level).astype(dtype)
        try:
            reading = sensor.read(frame, serial, 1)
        except InputError:
            continue
        assert reading is None or np.isfinite(reading.contact.area_mm2)
