# SPDX-License-Identifier: Apache-2.0
"""The resize against naive averages, in both dtypes and for axes that go different ways."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsense_ros.errors import InputError
from xsense_ros.senses.resize import resize

RNG = np.random.default_rng(3)


def noise(*shape, dtype=np.uint8):
    values = RNG.random(shape) * 255
    return values.astype(dtype)


@pytest.mark.parametrize('dtype', [np.uint8, np.float32])
@pytest.mark.parametrize(('rows', 'columns'), [(1, 1), (2, 2), (3, 2), (1, 4), (5, 1)])
@pytest.mark.parametrize('channels', [(), (1,), (3,), (4,)])
def test_integer_factors_are_area_averages(dtype, rows, columns, channels):
    height, width = 6, 7
    image = noise(height * rows, width * columns, *channels, dtype=dtype)
    blocks = image.reshape(height, rows, width, columns, *channels).astype(float)
    found = resize(image, height, width)
    assert found.shape == (height, width, *channels)
    assert found.dtype == dtype
    assert np.abs(found - blocks.mean(axis=(1, 3))).max() <= (0.51 if dtype == np.uint8 else 1e-3)


@pytest.mark.parametrize(('source', 'target'), [(7, 4), (101, 17), (13, 12)])
def test_fractional_shrinking_is_an_area_average(source, target):
    """Lengths without a whole block: weights are the overlap of each pixel with each target."""
    image = noise(source, source, dtype=np.float32)
    edges = np.arange(target + 1) * source / target
    weights = np.zeros((target, source))
    for t in range(target):
        for s in range(source):
            weights[t, s] = max(0.0, min(edges[t + 1], s + 1) - max(edges[t], s))
    weights *= target / source
    expected = weights @ image @ weights.T
    assert np.abs(resize(image, target, target) - expected).max() < 0.01


def test_one_axis_shrinks_while_the_other_grows():
    """Fine stripes across the shrinking axis average out; OpenCV alone would alias them."""
    stripes = np.zeros((10, 640), np.float32)
    stripes[:, ::2] = 255
    found = resize(stripes, 37, 64)
    assert found.shape == (37, 64)
    np.testing.assert_allclose(found, 127.5, atol=0.01)
    np.testing.assert_allclose(resize(stripes.T, 64, 37), 127.5, atol=0.01)


@pytest.mark.parametrize(('rows', 'height'), [(10, 37), (100, 40), (10, 10), (9, 8)])
def test_only_the_axis_without_whole_blocks_is_averaged_over_fractions(rows, height):
    line = noise(641, dtype=np.float32)
    edges = np.arange(65) * 641 / 64
    cumulative = np.interp(edges, np.arange(642), np.concatenate([[0.0], np.cumsum(line)]))
    expected = np.diff(cumulative) * 64 / 641
    image = np.tile(line, (rows, 1))
    np.testing.assert_allclose(resize(image, height, 64), np.tile(expected, (height, 1)), atol=0.1)
    np.testing.assert_allclose(
        resize(image.T.copy(), 64, height), np.tile(expected, (height, 1)).T, atol=0.1
    )


def test_growing_is_linear():
    ramp = np.tile(np.arange(8, dtype=np.float32) * 10, (4, 1))
    found = resize(ramp, 4, 32)
    assert np.allclose(np.diff(found[:, 4:-4], axis=1), 2.5)


def test_vga_to_224_does_not_alias():
    """A checkerboard of single pixels becomes even grey."""
    board = (np.indices((480, 640)).sum(axis=0) % 2 * 255).astype(np.uint8)
    found = resize(board, 224, 224)
    assert found.min() >= 127
    assert found.max() <= 129


def test_the_same_size_is_the_same_object():
    image = noise(5, 6, 3)
    assert resize(image, 5, 6) is image


def test_views_and_read_only_images():
    image = noise(40, 60, 3)
    view = image[4:36, 6:54]
    view.flags.writeable = False
    np.testing.assert_array_equal(resize(view, 9, 11), resize(view.copy(), 9, 11))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 90), st.integers(1, 90), st.integers(1, 90), st.integers(1, 90))
def test_any_size_keeps_shape_mean_and_range(h, w, height, width):
    image = np.full((h, w, 3), 77, np.uint8)
    found = resize(image, height, width)
    assert found.shape == (height, width, 3)
    np.testing.assert_array_equal(found, 77)


@pytest.mark.parametrize(
    ('image', 'size'),
    [
        (np.zeros((4, 4), np.float64), (2, 2)),
        (np.zeros((0, 4), np.uint8), (2, 2)),
        (np.zeros((4,), np.uint8), (2, 2)),
        (np.zeros((4, 4, 5), np.uint8), (2, 2)),
        (np.zeros((4, 4), np.uint8), (0, 2)),
    ],
)
def test_refused(image, size):
    with pytest.raises(InputError, match='Cure'):
        resize(image, *size)


@pytest.mark.parametrize('size', [(30, 40), (224, 224), (480, 640), (700, 100)])
def test_a_frame_seen_backwards_is_the_same(size: tuple[int, int]) -> None:
    """What decode_image makes of bgr8 is a view with its channels in reverse."""
    bgr = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    seen = bgr[..., ::-1]
    np.testing.assert_array_equal(resize(seen, *size), resize(seen.copy(), *size))
