# SPDX-License-Identifier: Apache-2.0
"""Every encoding against a pixel-by-pixel recomputation, and every kind of broken frame."""

from __future__ import annotations

import array
import struct

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.camera import NATIVE_ENCODINGS, decode_compressed, decode_image

H, W = 12, 16
RNG = np.random.default_rng(7)
FLAT = (200, 90, 30)
RANDOM = RNG.integers(0, 256, (H, W, 3)).astype(np.uint8)


def decode(pixels, encoding, *, padding=0, is_bigendian=False, height=H, width=W):
    """Frame of the given rows, with junk after each row, through decode_image."""
    rows = pixels.reshape(pixels.shape[0], -1)
    rows = rows.astype(rows.dtype.newbyteorder('>' if is_bigendian else '<'))
    rows = rows.view(np.uint8)
    junk = RNG.integers(0, 256, (rows.shape[0], padding)).astype(np.uint8)
    data = np.hstack([rows, junk]).tobytes()
    return decode_image(
        data,
        height=height,
        width=width,
        encoding=encoding,
        step=rows.shape[1] + padding,
        is_bigendian=is_bigendian,
    )


@pytest.mark.parametrize('padding', [0, 5])
@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('order', ['rgb', 'bgr', 'rgba', 'bgra'])
def test_interleaved_colour(order, bits, big, padding):
    planes = {c: RANDOM[..., i] for i, c in enumerate('rgb')} | {'a': RANDOM[..., 0] // 2}
    pixels = np.stack([planes[c] for c in order], -1)
    if bits == 16:
        pixels = pixels.astype(np.uint16) * 257  # 8 bit v is 16 bit 257 v
    found = decode(pixels, f'{order}{bits}', padding=padding, is_bigendian=big)
    np.testing.assert_array_equal(found, RANDOM)


@pytest.mark.parametrize(('encoding', 'channels'), [('8UC3', 3), ('8UC4', 4)])
def test_nameless_channels_are_blue_green_red(encoding, channels):
    pixels = np.dstack([RANDOM[..., ::-1], RANDOM[..., :1]])[..., :channels]
    np.testing.assert_array_equal(decode(pixels, encoding, padding=3), RANDOM)


@pytest.mark.parametrize('encoding', ['mono8', '8UC1'])
def test_grey(encoding):
    grey = RANDOM[..., 0]
    np.testing.assert_array_equal(decode(grey, encoding, padding=7), np.stack([grey] * 3, -1))


def naive_yuv_to_rgb(y, u, v):
    """BT.601, video range."""
    y, u, v = 1.164383 * (float(y) - 16), float(u) - 128, float(v) - 128
    rgb = (y + 1.596027 * v, y - 0.391762 * u - 0.812968 * v, y + 2.017232 * u)
    return [min(max(round(value), 0), 255) for value in rgb]


@pytest.mark.parametrize('padding', [0, 6])
@pytest.mark.parametrize('encoding', ['yuv422', 'uyvy', 'yuyv', 'yuv422_yuy2'])
def test_packed_yuv(encoding, padding):
    y = RNG.integers(16, 236, (H, W))
    u, v = RNG.integers(16, 241, (2, H, W // 2))
    packed = np.empty((H, W, 2), np.uint8)
    luma = 1 if encoding in ('yuv422', 'uyvy') else 0
    packed[..., luma] = y
    packed[:, 0::2, 1 - luma], packed[:, 1::2, 1 - luma] = u, v
    expected = [
        [naive_yuv_to_rgb(y[r, c], u[r, c // 2], v[r, c // 2]) for c in range(W)] for r in range(H)
    ]
    found = decode(packed, encoding, padding=padding)
    assert np.abs(found.astype(int) - expected).max() <= 2


@pytest.mark.parametrize('padding', [0, 6])
@pytest.mark.parametrize('encoding', ['nv12', 'nv21'])
def test_planar_yuv(encoding, padding):
    y = RNG.integers(16, 236, (H, W)).astype(np.uint8)
    u, v = RNG.integers(16, 241, (2, H // 2, W // 2)).astype(np.uint8)
    chroma = np.stack((u, v) if encoding == 'nv12' else (v, u), -1).reshape(H // 2, W)
    expected = [
        [naive_yuv_to_rgb(y[r, c], u[r // 2, c // 2], v[r // 2, c // 2]) for c in range(W)]
        for r in range(H)
    ]
    found = decode(np.vstack([y, chroma]), encoding, padding=padding)
    assert np.abs(found.astype(int) - expected).max() <= 2


def mosaic(rgb, pattern):
    """What a sensor under the colour filters of the ROS pattern name sees."""
    out = np.empty(rgb.shape[:2], rgb.dtype)
    for place, colour in enumerate(pattern):
        row, column = divmod(place, 2)
        out[row::2, column::2] = rgb[row::2, column::2, 'rgb'.index(colour)]
    return out


@pytest.mark.parametrize('big', [False, True])
@pytest.mark.parametrize('bits', [8, 16])
@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer_flat_colour(pattern, bits, big):
    raw = mosaic(np.broadcast_to(np.array(FLAT, np.uint8), (H, W, 3)), pattern)
    if bits == 16:
        raw = raw.astype(np.uint16) * 257
    found = decode(raw, f'bayer_{pattern}{bits}', padding=4, is_bigendian=big)
    np.testing.assert_array_equal(found, np.broadcast_to(FLAT, (H, W, 3)))


@pytest.mark.parametrize('pattern', ['rggb', 'bggr', 'gbrg', 'grbg'])
def test_bayer_keeps_each_pixel_under_its_own_filter(pattern):
    raw = RANDOM[..., 0]
    found = decode(raw, f'bayer_{pattern}8')
    for row in range(2, H - 2):
        for column in range(2, W - 2):
            own = 'rgb'.index(pattern[2 * (row % 2) + column % 2])
            assert found[row, column, own] == raw[row, column]


@pytest.mark.parametrize('big', [False, True])
def test_depth_is_stretched_and_unmeasured_is_black(big):
    depth = np.linspace(1000, 3000, H * W).reshape(H, W).astype(np.uint16)
    depth[0, :3] = 0
    found = decode(depth, '16UC1', padding=2, is_bigendian=big)
    valid = np.sort(depth[depth > 0]).astype(float)
    low = valid[int(0.005 * (valid.size - 1))]
    high = valid[int(np.ceil(0.995 * (valid.size - 1)))]
    expected = np.clip(np.rint((depth.astype(float) - low) / (high - low) * 255), 0, 255)
    expected[depth == 0] = 0
    assert np.abs(found - expected[..., None]).max() <= 1
    assert found.max() == 255


def test_mono16_takes_zero_for_a_value():
    grey = np.zeros((H, W), np.uint16)
    grey[:, : W // 2] = 4095
    found = decode(grey, 'mono16')
    assert set(np.unique(found)) == {0, 255}


@pytest.mark.parametrize('big', [False, True])
def test_float_image_ignores_what_is_not_finite(big):
    depth = np.linspace(0.5, 2.5, H * W).reshape(H, W).astype(np.float32)
    depth[0, 0], depth[0, 1], depth[0, 2] = np.nan, np.inf, -np.inf
    found = decode(depth, '32FC1', padding=8, is_bigendian=big)
    assert not found[0, :3].any()
    assert found[-1, -1].tolist() == [255] * 3
    assert (np.diff(found[..., 0].ravel()[3:].astype(int)) >= 0).all()


def test_float_image_of_extreme_range():
    depth = np.full((H, W), 3e38, np.float32)
    depth[: H // 2] = -3e38
    assert decode(depth, '32FC1').min() == 0


def test_flat_image_is_mid_grey_and_empty_one_is_refused():
    assert np.unique(decode(np.full((H, W), 7, np.uint16), '16UC1')).tolist() == [128]
    with pytest.raises(InputError, match='no valid pixel'):
        decode(np.zeros((H, W), np.uint16), '16UC1')
    with pytest.raises(InputError, match='no valid pixel'):
        decode(np.full((H, W), np.nan, np.float32), '32FC1')


def test_a_single_valid_pixel_between_the_grid_counts():
    depth = np.zeros((480, 640), np.uint16)
    depth[1, 1] = 5
    assert decode(depth, '16UC1', height=480, width=640)[1, 1].tolist() == [128] * 3


@pytest.mark.parametrize('kind', [bytes, bytearray, lambda b: array.array('B', b), memoryview])
def test_rgb8_is_a_view_of_any_buffer(kind):
    data = kind(RANDOM.tobytes())
    found = decode_image(data, height=H, width=W, encoding='rgb8', step=3 * W)
    np.testing.assert_array_equal(found, RANDOM)
    assert np.shares_memory(found, np.frombuffer(data, np.uint8))


@pytest.mark.parametrize('encoding', sorted(NATIVE_ENCODINGS))
def test_every_native_encoding_has_the_right_shape_and_refuses_bad_sizes(encoding):
    good = {'height': 6, 'width': 8, 'encoding': encoding, 'step': 128}
    data = bytes(range(1, 129)) * (9 if encoding.startswith('nv') else 6)
    found = decode_image(data, **good)
    assert found.shape == (6, 8, 3)
    assert found.dtype == np.uint8
    for bad in (
        {'height': 0},
        {'width': 0},
        {'step': 0},
        {'step': 7},
        {'step': 127},
        {'step': 129},
        {'height': 4},
        {'height': -6},
        {'width': 2**31},
    ):
        with pytest.raises(InputError, match='Cure'):
            decode_image(data, **(good | bad))
    with pytest.raises(InputError, match='length'):
        decode_image(data[:-1], **good)
    with pytest.raises(InputError, match='length'):
        decode_image(b'', **good)


@pytest.mark.parametrize('encoding', ['bayer_rggb8', 'nv12', 'yuyv'])
def test_smallest_frame(encoding):
    rows = 3 if encoding == 'nv12' else 2
    width = 4 if encoding == 'yuyv' else 2
    found = decode_image(b'\x80' * rows * width, height=2, width=2, encoding=encoding, step=width)
    assert found.shape == (2, 2, 3)


@pytest.mark.parametrize(
    ('encoding', 'height', 'width'), [('yuyv', 2, 3), ('nv12', 3, 2), ('bayer_rggb8', 2, 3)]
)
def test_odd_sizes_where_pixels_come_in_groups(encoding, height, width):
    with pytest.raises(InputError, match='multiples'):
        decode_image(b'\0' * 100, height=height, width=width, encoding=encoding, step=10)


def test_bit_depth_misfit_names_the_encoding():
    with pytest.raises(InputError, match='bit depth'):
        decode_image(b'\0' * H * W, height=H, width=W, encoding='mono16', step=W)


@pytest.mark.parametrize('encoding', ['', 'RGB8', 'rgb', '64FC1'])
def test_unknown_encoding(encoding):
    with pytest.raises(InputError, match='cv_bridge'):
        decode_image(b'\0' * 12, height=2, width=2, encoding=encoding, step=6)


def test_data_that_are_no_bytes():
    with pytest.raises(InputError, match='buffer'):
        decode_image(None, height=2, width=2, encoding='rgb8', step=6)


@pytest.mark.parametrize('encoding', sorted(NATIVE_ENCODINGS - {'mono16', '16UC1', '32FC1'}))
def test_equal_to_cv_bridge(encoding):
    cv_bridge = pytest.importorskip('cv_bridge', reason='cv_bridge is not installed')
    messages = pytest.importorskip('sensor_msgs.msg', reason='sensor_msgs is not installed')
    if encoding in ('nv12', '8UC1', '8UC3', '8UC4'):
        pytest.skip('cv_bridge gives these encodings no colour')
    step = 128
    data = RNG.integers(0, 256, step * (9 if encoding == 'nv21' else 6)).astype(np.uint8)
    name = {'uyvy': 'yuv422', 'yuyv': 'yuv422_yuy2'}.get(encoding, encoding)
    message = messages.Image(height=6, width=8, encoding=name, step=step, data=data.tobytes())
    theirs = cv_bridge.CvBridge().imgmsg_to_cv2(message, 'rgb8')
    ours = decode_image(data, height=6, width=8, encoding=encoding, step=step)
    assert np.abs(ours.astype(int) - theirs).max() <= (1 if encoding.endswith('16') else 0)


def encoded(pixels, extension='.png'):
    return cv2.imencode(extension, pixels)[1].tobytes()


@pytest.mark.parametrize('format', ['png', 'rgb8; png compressed bgr8', ''])
def test_png(format):
    bgr = np.ascontiguousarray(RANDOM[..., ::-1])
    np.testing.assert_array_equal(decode_compressed(encoded(bgr), format), RANDOM)
    bgra = np.dstack([bgr, RANDOM[..., 0]])
    np.testing.assert_array_equal(decode_compressed(encoded(bgra), format), RANDOM)
    wide = encoded(bgr.astype(np.uint16) * 257)
    np.testing.assert_array_equal(decode_compressed(wide, format), RANDOM)
    grey = decode_compressed(encoded(RANDOM[..., 0]), format)
    np.testing.assert_array_equal(grey, np.stack([RANDOM[..., 0]] * 3, -1))


def test_png_of_16_bit_grey_equals_mono16():
    grey = np.arange(H * W, dtype=np.uint16).reshape(H, W) * 20
    np.testing.assert_array_equal(
        decode_compressed(encoded(grey), 'mono16; png compressed'), decode(grey, 'mono16')
    )


def test_jpeg_colour_order():
    flat = np.broadcast_to(np.array(FLAT[::-1], np.uint8), (32, 32, 3))
    found = decode_compressed(array.array('B', encoded(flat, '.jpg')), 'jpeg')
    assert np.abs(found.astype(int) - FLAT).max() <= 3


def test_compressed_depth_of_integers():
    depth = np.linspace(400, 4000, H * W).reshape(H, W).astype(np.uint16)
    data = struct.pack('<iff', 0, 0.0, 0.0) + encoded(depth)
    found = decode_compressed(data, '16UC1; compressedDepth png')
    np.testing.assert_array_equal(found, decode(depth, '16UC1'))


def test_compressed_depth_of_floats_is_inverse_depth():
    depth = np.linspace(0.5, 4.0, H * W).reshape(H, W).astype(np.float32)
    a, b = 10_000.0, 1.0
    stored = np.rint(a / depth + b).astype(np.uint16)
    stored[0, 0] = 0
    data = struct.pack('<iff', 0, a, b) + encoded(stored)
    found = decode_compressed(data, '32FC1; compressedDepth')
    depth[0, 0] = np.nan
    assert np.abs(found.astype(int) - decode(depth, '32FC1')).max() <= 1


@pytest.mark.parametrize(
    ('data', 'format'),
    [
        (b'', 'jpeg'),
        (b'hello', 'jpeg'),
        (encoded(RANDOM)[:-20], 'png'),
        (encoded(RANDOM, '.jpg')[:-20], 'jpeg'),
        (encoded(RANDOM)[:30] + b'\0' * 40 + b'IEND', 'png'),
        (b'\xff\xd8\xff\xff\xd9', 'jpeg'),
        (b'\0' * 12, '16UC1; compressedDepth'),
        (b'\0' * 12 + encoded(RANDOM), '16UC1; compressedDepth'),
        (b'\0' * 40, '16UC1; compressedDepth rvl'),
    ],
)
def test_damaged_compressed_frames(data, format):
    with pytest.raises(InputError, match='Cure'):
        decode_compressed(data, format)
