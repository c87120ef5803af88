# SPDX-License-Identifier: Apache-2.0
"""Difference, press and tensor, recomputed; scale is kept and nothing is where no gel is."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from tests.unit.senses import gel
from xsense_ros.errors import InputError
from xsense_ros.senses.preprocessor import build_preprocessor
from xsense_ros.senses.press import Press
from xsense_ros.senses.resize import resize
from xsense_ros.senses.tactile_difference import difference, press_of
from xsense_ros.senses.tactile_profile import load_profile
from xsense_ros.senses.touch_input import TouchInput

PIXELS = arrays(np.uint8, (5, 7, 3))


@settings(max_examples=100, deadline=None)
@given(PIXELS, PIXELS)
def test_difference_is_the_clipped_one(frame, background):
    change = frame.astype(int) - background.astype(int)
    expected = 128 + np.clip(change, -127, 127)
    np.testing.assert_array_equal(difference(frame, background), expected)


def test_difference_of_two_sizes():
    with pytest.raises(InputError, match='background') as caught:
        difference(gel.rest(), gel.rest(480, 640))
    assert 'resolution' in caught.value.cure


def test_press_of_raw_frames():
    profile = load_profile('gelsight')
    background = gel.rest()
    press = press_of(gel.pressed(background), background, profile)
    np.testing.assert_array_equal(press.pixels, difference(gel.pressed(background), background))
    assert press.mm_per_pixel == pytest.approx(gel.SCALE)


@pytest.mark.parametrize(
    ('pixels', 'scale'),
    [
        (np.zeros((4, 4), np.uint8), 0.05),
        (np.zeros((4, 4, 3), np.float32), 0.05),
        (np.zeros((0, 4, 3), np.uint8), 0.05),
        (None, 0.05),
        (np.zeros((4, 4, 3), np.uint8), 0.0),
        (np.zeros((4, 4, 3), np.uint8), float('nan')),
    ],
)
def test_no_press(pixels, scale):
    with pytest.raises(InputError):
        Press(pixels, scale)


def test_tensor_is_the_centre_square_resized_and_scaled():
    pixels = np.random.default_rng(1).integers(0, 256, (240, 320, 3)).astype(np.uint8)
    tensor = TouchInput(size=48, field_mm=11.8)(Press(pixels, gel.SCALE))['touch']
    assert tensor.shape == (1, 3, 48, 48) and tensor.dtype == np.float32
    centre = resize(pixels[20:220, 60:260], 48, 48).astype(float)
    np.testing.assert_allclose(tensor[0], (centre.transpose(2, 0, 1) - 128) / 64, atol=1e-6)


def test_smaller_sensor_is_surrounded_by_untouched_gel():
    pixels = np.full((100, 50, 3), 192, np.uint8)  # 10 x 5 mm in a field of 20 mm
    tensor = TouchInput(size=40, field_mm=20.0)(Press(pixels, 0.1))['touch'][0]
    expected = np.zeros((40, 40))
    expected[10:30, 15:25] = 1.0
    for channel in tensor:
        np.testing.assert_array_equal(channel, expected)


def test_resolution_of_the_camera_hardly_matters():
    background = gel.rest(480, 640)
    frame = gel.pressed(background, 300, 220, 60)
    profile, make = load_profile('gelsight'), TouchInput()
    large = make(press_of(frame, background, profile))['touch']
    small = make(press_of(resize(frame, 240, 320), resize(background, 240, 320), profile))['touch']
    assert np.abs(large - small).mean() < 0.01
    assert np.corrcoef(large.ravel(), small.ravel())[0, 1] > 0.99


def test_untouched_gel_is_zero():
    background = gel.rest()
    assert not TouchInput()(press_of(background, background, load_profile('gelsight')))[
        'touch'
    ].any()


def test_parameters_make_an_equal_one(tmp_path):
    make = TouchInput(size=64, field_mm=9.0, gain=0.02)
    parameters = json.loads(json.dumps(make.parameters()))
    again = build_preprocessor('touch', parameters, tmp_path)
    press = Press(gel.rest(), gel.SCALE)
    np.testing.assert_array_equal(again(press)['touch'], make(press)['touch'])


@pytest.mark.parametrize('wrong', [{'size': 4}, {'field_mm': 0}, {'gain': 0}, {'gain': 2}])
def test_parameter_out_of_range(wrong):
    with pytest.raises(InputError):
        TouchInput(**wrong)


def test_no_press_to_preprocess():
    with pytest.raises(InputError, match='Press'):
        TouchInput()(gel.rest())
