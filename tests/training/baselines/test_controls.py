"""Controls are the numbers they say they are."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.baselines.controls import mean_colours, sound_controls

RATE = 16_000


def tone(frequency, seconds, level=0.1):
    t = np.arange(round(seconds * RATE)) / RATE
    return level * np.sqrt(2) * np.sin(2 * np.pi * frequency * t)


def test_mean_colour():
    picture = np.zeros((4, 6, 3), np.uint8)
    picture[:2, :, 0] = 255
    picture[..., 2] = 51
    assert mean_colours([picture, picture[:2]]) == pytest.approx(
        np.array([[0.5, 0, 0.2], [1, 0, 0.2]])
    )
    with pytest.raises(InputError, match='composite'):
        mean_colours([picture[..., 0]])


def test_a_tone_between_silences():
    wave = np.concatenate([np.zeros(RATE // 2), tone(1000, 0.8), np.zeros(RATE)])
    duration, loudness, centroid, late = sound_controls(wave, RATE)
    assert duration == pytest.approx(0.8, abs=0.03)
    assert loudness == pytest.approx(-20, abs=0.2)
    assert 2**centroid == pytest.approx(1000, rel=0.01)
    assert late == pytest.approx(0, abs=0.2)


def test_late_to_early_level_of_a_step():
    wave = np.concatenate([tone(500, 0.5, 0.2), tone(500, 0.5, 0.02)])
    assert sound_controls(wave, RATE)[3] == pytest.approx(-20, abs=0.1)


def test_centroid_is_the_mean_by_power():
    wave = tone(400, 1) + tone(1600, 1, 0.2)
    expected = (400 * 0.1**2 + 1600 * 0.2**2) / (0.1**2 + 0.2**2)
    assert 2 ** sound_controls(wave, RATE)[2] == pytest.approx(expected, rel=1e-3)


def test_a_louder_copy_differs_in_loudness_alone():
    rng = np.random.default_rng(0)
    wave = rng.standard_normal(RATE) * np.exp(-np.arange(RATE) / 4000) * 0.05
    difference = sound_controls(2 * wave, RATE) - sound_controls(wave, RATE)
    assert difference == pytest.approx([0, 20 * np.log10(2), 0, 0], abs=1e-9)


def test_silence_is_defined():
    assert sound_controls(np.zeros(100), RATE) == pytest.approx([0, -120, 0, 0])


@pytest.mark.parametrize('wrong', [np.zeros((2, 100)), np.zeros(0), np.array([0.0, np.nan])])
def test_other_shapes_are_refused(wrong):
    with pytest.raises(InputError, match='one channel'):
        sound_controls(wrong, RATE)
