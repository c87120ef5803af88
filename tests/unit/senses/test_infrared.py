# SPDX-License-Identifier: Apache-2.0
"""Frames of thermal cameras: values kept as they are, false colours undone, wrong frames named."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.infrared import (
    PALETTES,
    celsius,
    decode_infrared,
    decode_infrared_compressed,
    infrared_values,
    require_contrast,
    require_visible,
    same_frame,
)
from xsense_ros.senses.palette import values_in

RANDOM = np.random.default_rng(3)
COUNTS = cv2.GaussianBlur(RANDOM.integers(6800, 9000, (48, 64)).astype(np.uint16), (0, 0), 3)
GREY = cv2.normalize(COUNTS, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
RGB = RANDOM.integers(0, 256, (48, 64, 3)).astype(np.uint8)
KINDS = {
    'mono8': GREY,
    '8UC1': GREY,
    'mono16': COUNTS,
    '16UC1': COUNTS,
    '32FC1': (COUNTS * 0.04 - 273.15).astype(np.float32),
}


def decode(pixels, encoding, palette='', *, padding=0, big=False):
    order = pixels.dtype.newbyteorder('>' if big else '<')
    rows = pixels.astype(order).reshape(len(pixels), -1).view(np.uint8)
    data = np.pad(rows, ((0, 0), (0, padding))).tobytes()
    size = {'height': pixels.shape[0], 'width': pixels.shape[1], 'step': rows.shape[1] + padding}
    return decode_infrared(data, encoding=encoding, is_bigendian=big, palette=palette, **size)


def coloured(palette):
    code = getattr(cv2, f'COLORMAP_{palette.upper()}', cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.applyColorMap(GREY, code))[..., ::-1]


@pytest.mark.parametrize('encoding', KINDS)
@pytest.mark.parametrize('big', [False, True])
def test_values_stay_as_they_are(encoding, big):
    pixels = KINDS[encoding]
    found = decode(pixels, encoding, padding=12, big=big)
    assert found.dtype == pixels.dtype
    np.testing.assert_array_equal(found, pixels)


@pytest.mark.parametrize('encoding', ['rgb8', 'bgr8', 'rgb16'])
def test_a_grey_picture_in_colour_channels(encoding):
    wide = np.repeat(GREY[..., None], 3, axis=2)
    if encoding == 'rgb16':
        wide = wide.astype(np.uint16) * 257
    np.testing.assert_array_equal(decode(wide, encoding), GREY)


@pytest.mark.parametrize('palette', PALETTES)
def test_false_colours_come_back_as_values(palette):
    found = decode(coloured(palette), 'rgb8', palette)
    assert (found.shape, found.dtype) == (GREY.shape, np.uint8)
    away = np.abs(found.astype(int) - GREY)
    assert np.median(away) <= 2
    assert np.percentile(away, 99) <= 12
    bgr = coloured(palette)[..., ::-1]
    np.testing.assert_array_equal(decode(bgr, 'bgr8', palette), found)


def test_the_nearest_colour_is_the_nearest():
    line = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], cv2.COLORMAP_JET)
    colours = np.asarray(line).reshape(256, 3)[:, ::-1].astype(float)
    pixels = np.clip(coloured('jet').astype(int) + RANDOM.integers(-6, 7, (48, 64, 3)), 0, 255)
    apart = np.linalg.norm(pixels[:, :, None] - colours, axis=-1)
    found = values_in(pixels.astype(np.uint8), 'jet')
    chosen = np.take_along_axis(apart, found[..., None].astype(np.intp), axis=2)[..., 0]
    assert (chosen - apart.min(axis=2)).max() < 14  # the table tells 8 levels of a channel apart


def test_a_jpeg_of_false_colours():
    data = cv2.imencode('.jpg', coloured('ironbow')[..., ::-1])[1].tobytes()
    found = decode_infrared_compressed(data, 'jpeg', 'ironbow')
    assert np.corrcoef(found.ravel(), GREY.ravel())[0, 1] > 0.98


def test_a_png_of_16_bit_keeps_them():
    data = cv2.imencode('.png', COUNTS)[1].tobytes()
    np.testing.assert_array_equal(decode_infrared_compressed(data, 'png'), COUNTS)
    depth = np.zeros(12, np.uint8).tobytes() + data
    found = decode_infrared_compressed(depth, '16UC1; compressedDepth png')
    np.testing.assert_array_equal(found, COUNTS)


def test_a_jpeg_of_grey():
    data = cv2.imencode('.jpg', GREY)[1].tobytes()
    found = decode_infrared_compressed(data, 'jpeg')
    assert found.ndim == 2
    assert np.abs(found.astype(int) - GREY).mean() < 4


@pytest.mark.parametrize(
    ('call', 'words'),
    [
        (lambda: decode(RGB, 'rgb8'), 'swapped, swap them'),
        (lambda: decode(RGB.astype(np.uint16) * 257, 'rgb16'), 'swapped, swap them'),
        (lambda: decode(coloured('jet'), 'rgb8'), 'name their palette'),
        (lambda: decode(RGB, 'rgb8', 'ironbow'), 'name the palette that the camera uses'),
        (lambda: decode(coloured('jet'), 'rgb8', 'hot'), 'levels away'),
        (lambda: decode(RGB, 'rgb8', 'mauve'), 'mauve'),
        (lambda: decode(COUNTS, 'mono16', 'jet'), 'clear the palette'),
        (lambda: decode(COUNTS, 'smell16'), 'smell16'),
        (lambda: decode(GREY, 'mono16'), 'image step'),
        (lambda: decode_infrared_compressed(b'', 'png'), 'no data'),
        (lambda: decode_infrared_compressed(b'GIF89a', 'gif'), 'JPEG or PNG'),
        (lambda: require_visible('16UC1'), 'swapped, swap them'),
        (lambda: require_visible('mono16'), 'raw counts'),
        (lambda: require_visible('32FC1'), 'raw counts'),
        (lambda: require_contrast(np.full((48, 64), 7300, np.uint16)), 'lens cap'),
        (lambda: require_contrast(np.full((48, 64), 20.5, np.float32)), 'lens cap'),
        (lambda: require_contrast(np.full((48, 64), np.nan, np.float32)), '100% of it not finite'),
    ],
)
def test_what_cannot_be_an_infrared_frame(call, words):
    with pytest.raises(InputError, match=words):
        call()


def test_what_can_be():
    for encoding in ('rgb8', 'mono8', 'bgr8', 'yuv422'):
        require_visible(encoding)
    for pixels in KINDS.values():
        require_contrast(pixels)
        assert infrared_values(pixels) is pixels
    holes = KINDS['32FC1'].copy()
    holes[::3] = np.nan
    require_contrast(holes)


def test_counts_to_celsius():
    found = celsius(COUNTS, 0.04, -273.15)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, COUNTS * 0.04 - 273.15, atol=1e-3)


def test_a_frame_that_repeats_the_one_before():
    again = COUNTS.copy()
    assert same_frame(COUNTS, again)
    again[-1, -1] += 1
    assert not same_frame(COUNTS, again)
    again[0, 0] += 1
    assert not same_frame(COUNTS, again)
    assert not same_frame(None, COUNTS)
    assert not same_frame(COUNTS, COUNTS[:-1])
    assert not same_frame(COUNTS, COUNTS.astype(np.float32))
    holes = np.full((4, 4), np.nan, np.float32)
    assert same_frame(holes, holes.copy())
