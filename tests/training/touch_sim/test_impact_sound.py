# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from tests.training.touch_sim.thing_world import ball, box
from xsense_training.touch_sim.bumps import draw_bump
from xsense_training.touch_sim.impact_sound import (
    ONSET_SECONDS,
    SAMPLE_RATE,
    contact_seconds,
    mass_of,
    modes_of,
    render_impact,
)


def knock(thing, seed: int = 0) -> np.ndarray:
    return render_impact(thing, modes_of(thing), np.random.default_rng(seed))[0]


@pytest.mark.parametrize('wall', [0.0, 2.0])
def test_frequencies_fall_with_size(wall):
    # The wall grows along: the same shape at twice the size.
    small = modes_of(box(60.0, wall_mm=wall)).frequency
    large = modes_of(box(120.0, wall_mm=2 * wall)).frequency
    assert np.allclose(small, 2 * large)


def test_frequencies_rise_with_the_speed_of_sound():
    soft = modes_of(box(80.0, young=1e9, density=1000.0)).frequency
    stiff = modes_of(box(80.0, young=4e9, density=1000.0)).frequency
    heavy = modes_of(box(80.0, young=1e9, density=4000.0)).frequency
    assert np.allclose(stiff, 2 * soft)
    assert np.allclose(heavy, 0.5 * soft)


def test_lowest_frequency_of_a_bar_is_that_of_euler_and_bernoulli():
    """1.028 (t / L^2) sqrt(E / rho) for a free bar; ours has the plate's modulus and a spread."""
    bar = box(100.0, young=2e11, density=7800.0, wall_mm=0.0)
    longest, _, shortest = (side * 1e-3 for side in bar.extents_mm)
    expected = 1.028 * shortest / longest**2 * np.sqrt(2e11 / 7800.0)
    assert modes_of(bar).frequency[0] == pytest.approx(expected, rel=0.3)


def test_metal_rings_longer_than_wood_and_wood_than_rubber():
    decays = []
    for material in ('steel', 'wood', 'rubber'):
        modes = modes_of(box(100.0, material=material, wall_mm=2.0))
        # Periods until the amplitude has fallen to 1 / e.
        decays.append(np.median(modes.frequency / modes.decay))
    assert decays[0] > 3 * decays[1] > 9 * decays[2]


def test_energy_after_the_blow_follows_the_damping():
    late = []
    for material in ('steel', 'wood'):
        sound = knock(box(150.0, material=material, wall_mm=2.0))
        early, tail = sound[320:1920], sound[3200:6400]
        late.append(np.square(tail).sum() / np.square(early).sum())
    assert late[0] > 10 * late[1]


def test_hertz_contact_time():
    stiff, soft = box(80.0, material='steel'), box(80.0, material='rubber')
    assert contact_seconds(soft, 0.7) > 3 * contact_seconds(stiff, 0.7)
    # tau ~ v^(-1/5)
    assert contact_seconds(stiff, 0.3) / contact_seconds(stiff, 0.3 * 32) == pytest.approx(2.0)


def test_mass_of_shell_and_solid():
    solid, shell = box(100.0, wall_mm=0.0), box(100.0, wall_mm=1.0)
    assert mass_of(solid) == pytest.approx(0.5 * 0.1 * 0.08 * 0.05 * solid.substance.density)
    assert mass_of(shell) < 0.3 * mass_of(solid)


def test_sound_begins_at_its_onset_and_repeats_by_seed():
    thing = ball(100.0, material='brass')
    sound = knock(thing)
    onset = round(ONSET_SECONDS * SAMPLE_RATE)
    assert sound.shape == (19200,)
    assert sound.dtype == np.float32
    assert np.abs(sound).max() <= 1.0
    assert np.abs(sound[: onset - 1]).max() < 0.1 * np.abs(sound).max()
    assert np.abs(sound[onset : onset + 160]).max() > 0.3 * np.abs(sound).max()
    assert (knock(thing) == sound).all()
    assert (knock(thing, 1) != sound).any()


def test_relief_is_heard():
    """The hammer slides: more energy in the first tenth on ribs than on a smooth side."""
    quiet = draw_bump('smooth', np.random.default_rng(0), amplitude_mm=0.005)
    ribs = draw_bump('ribs', np.random.default_rng(0), amplitude_mm=0.5, wavelength_mm=2.0)

    def rough(bump) -> float:
        sounds = [knock(ball(60.0, material='stone', wall_mm=0.0, bump=bump), k) for k in range(8)]
        return float(np.mean([np.square(s[420:1100]).sum() / np.square(s).sum() for s in sounds]))

    assert rough(ribs) > 1.15 * rough(quiet)
