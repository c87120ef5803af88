# SPDX-License-Identifier: Apache-2.0
"""Normalisation and the three fits, recomputed."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.resize import resize

RGB = np.random.default_rng(5).integers(0, 256, (48, 64, 3)).astype(np.uint8)


def denormalise(tensor, mean, std):
    pixels = (tensor[0].transpose(1, 2, 0).astype(float) * std + mean) * 255
    return np.rint(pixels).astype(int)


def test_stretch_is_resize_then_normalise():
    mean, std = (0.1, 0.2, 0.3), (0.4, 0.5, 0.6)
    tensor = ImageInput(size=24, mean=mean, std=std)(RGB)['image']
    assert tensor.shape == (1, 3, 24, 24)
    assert tensor.dtype == np.float32
    expected = ((resize(RGB, 24, 24) / 255.0) - mean) / std
    np.testing.assert_allclose(tensor[0], expected.transpose(2, 0, 1), atol=1e-6)


def test_pad_keeps_the_aspect_ratio_and_fills_with_the_background():
    make = ImageInput(size=32, fit='pad', background=(9, 8, 7), mean=(0, 0, 0), std=(1, 1, 1))
    pixels = denormalise(make(RGB)['image'], 0, 1)
    np.testing.assert_array_equal(pixels[:4], np.broadcast_to((9, 8, 7), (4, 32, 3)))
    np.testing.assert_array_equal(pixels[28:], np.broadcast_to((9, 8, 7), (4, 32, 3)))
    np.testing.assert_array_equal(pixels[4:28], resize(RGB, 24, 32))
    upright = denormalise(make(RGB.transpose(1, 0, 2))['image'], 0, 1)
    np.testing.assert_array_equal(upright[:, :4], np.broadcast_to((9, 8, 7), (32, 4, 3)))


def test_crop_takes_the_central_square():
    make = ImageInput(size=32, fit='crop', mean=(0, 0, 0), std=(1, 1, 1))
    np.testing.assert_array_equal(
        denormalise(make(RGB)['image'], 0, 1), resize(RGB[:, 8:56], 32, 32)
    )


@pytest.mark.parametrize('fit', ['stretch', 'pad', 'crop'])
def test_extreme_shapes(fit):
    for shape in ((1, 1000, 3), (1000, 1, 3), (1, 1, 3)):
        tensor = ImageInput(size=16, fit=fit)(np.zeros(shape, np.uint8))['image']
        assert np.isfinite(tensor).all()


def test_read_only_view_of_a_message():
    data = RGB.tobytes()
    view = np.frombuffer(data, np.uint8).reshape(48, 64, 3)
    make = ImageInput(size=20)
    np.testing.assert_array_equal(make(view)['image'], make(RGB)['image'])


def test_parameters_round_trip_through_json():
    make = ImageInput(size=20, fit='pad', background=(1, 2, 3))
    again = ImageInput(**json.loads(json.dumps(make.parameters())))
    assert again.parameters() == make.parameters()
    np.testing.assert_array_equal(again(RGB)['image'], make(RGB)['image'])


@pytest.mark.parametrize(
    'wrong',
    [
        {'size': 0},
        {'fit': 'squash'},
        {'mean': (0, 0)},
        {'mean': (123, 116, 103)},
        {'std': (0, 1, 1)},
        {'background': (0, 0, 256)},
    ],
)
def test_wrong_parameters(wrong):
    with pytest.raises(InputError, match='Cure'):
        ImageInput(**wrong)


@pytest.mark.parametrize(
    'wrong',
    [
        RGB.astype(np.float32),
        RGB[..., 0],
        np.zeros((0, 5, 3), np.uint8),
        RGB[..., :2],
        None,
        [[1]],
    ],
)
def test_wrong_images(wrong):
    with pytest.raises(InputError, match='Cure'):
        ImageInput(size=8)(wrong)


@pytest.mark.parametrize('fit', ['stretch', 'pad', 'crop'])
def test_a_frame_seen_backwards_is_the_same(fit: str) -> None:
    seen = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)[..., ::-1]
    prepare = ImageInput(size=32, fit=fit)
    np.testing.assert_array_equal(prepare(seen)['image'], prepare(seen.copy())['image'])
