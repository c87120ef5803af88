# SPDX-License-Identifier: Apache-2.0
"""Pictures in files: every kind that cameras write, and what no picture is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.picture_file import file_bytes, read_infrared, read_visible

RANDOM = np.random.default_rng(3)
RGB = RANDOM.integers(0, 256, (24, 32, 3)).astype(np.uint8)
COUNTS = RANDOM.integers(6000, 9000, (24, 32)).astype(np.uint16)
GREY = RGB[..., 0]


@pytest.fixture
def written(tmp_path):
    def write(name, pixels):
        path = tmp_path / name
        assert cv2.imwrite(str(path), pixels)
        return path

    return write


@pytest.mark.parametrize('name', ['a.png', 'a.tiff', 'no_suffix.tif'])
def test_visible_in_colour(written, name):
    np.testing.assert_array_equal(read_visible(written(name, RGB[..., ::-1])), RGB)
    wide = written(name, RGB[..., ::-1].astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_visible(wide), RGB)
    clear = written(name, np.dstack([RGB[..., ::-1], GREY]))
    np.testing.assert_array_equal(read_visible(clear), RGB)


@pytest.mark.parametrize('name', ['a.png', 'a.tiff'])
def test_visible_in_grey(written, name):
    expected = np.repeat(GREY[..., None], 3, axis=2)
    np.testing.assert_array_equal(read_visible(written(name, GREY)), expected)


def test_visible_jpeg_whatever_its_name(written):
    path = written('a.jpg', cv2.GaussianBlur(RGB, (0, 0), 4)[..., ::-1])
    other = path.rename(path.with_name('picture'))
    assert np.abs(read_visible(other).astype(int) - cv2.GaussianBlur(RGB, (0, 0), 4)).mean() < 4


@pytest.mark.parametrize('name', ['a.png', 'a.tiff'])
@pytest.mark.parametrize('values', [GREY, COUNTS], ids=['8 bit', '16 bit'])
def test_infrared_stays_as_it_is(written, name, values):
    np.testing.assert_array_equal(read_infrared(written(name, values)), values)


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_infrared_in_degrees(written, dtype):
    degrees = (COUNTS * 0.04 - 273.15).astype(dtype)
    found = read_infrared(written('a.tiff', degrees))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, degrees, rtol=1e-6)


def test_infrared_in_false_colours(written):
    path = written('a.tiff', cv2.applyColorMap(GREY, cv2.COLORMAP_INFERNO))
    assert np.median(np.abs(read_infrared(path, 'inferno').astype(int) - GREY)) <= 2


def test_what_is_the_other_sensor(written):
    for path in (written('a.png', COUNTS), written('a.tiff', COUNTS.astype(np.float32))):
        with pytest.raises(InputError, match='swapped, swap them'):
            read_visible(path)
    with pytest.raises(InputError, match='swapped, swap them'):
        read_infrared(written('b.png', RGB))


@pytest.mark.parametrize('read', [read_visible, read_infrared])
def test_what_cannot_be_read(read, written, tmp_path):
    with pytest.raises(InputError, match='correct the path'):
        read(tmp_path / 'none.png')
    with pytest.raises(InputError, match='correct the path'):
        read(tmp_path)
    path = written('a.png', COUNTS)
    path.write_bytes(path.read_bytes()[:400])
    with pytest.raises(InputError, match='complete frame'):
        read(path)
    path = written('a.tiff', COUNTS)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(InputError, match='TIFF'):
        read(path)
    with pytest.raises(InputError, match='TIFF'):
        read(written('a.tiff', RGB.astype(np.float32)))
    path.write_text('nothing of the kind')
    with pytest.raises(InputError, match='JPEG or PNG'):
        read(path)


def test_content(tmp_path):
    path = tmp_path / 'a'
    path.write_bytes(b'123')
    assert file_bytes(path) == b'123'
