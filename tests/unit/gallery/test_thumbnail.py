# SPDX-License-Identifier: Apache-2.0
"""Thumbnails."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.gallery.thumbnail import thumbnail


@pytest.mark.parametrize(
    ('shape', 'small'),
    [
        ((480, 640), (120, 160)),
        ((640, 480), (160, 120)),
        ((50, 60), (50, 60)),
        ((1, 999), (1, 160)),
        ((962, 1282), (120, 160)),
    ],
)
def test_size_and_colour(shape, small):
    rgb = np.full((*shape, 3), (200, 100, 30), np.uint8)
    jpeg = thumbnail(rgb)
    assert jpeg.startswith(b'\xff\xd8')
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert bgr.shape == (*small, 3)
    assert np.abs(bgr[..., ::-1].astype(int) - (200, 100, 30)).max() < 8


def test_a_picture_seen_backwards():
    bgr = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    assert thumbnail(bgr[..., ::-1]) == thumbnail(bgr[..., ::-1].copy())


def test_halvings_are_the_mean_of_the_pixels():
    """Rounded twice, and then a JPEG: a few levels at most, in a picture that changes softly."""
    y, x = np.mgrid[:480, :640]
    rgb = np.stack([x / 3, y / 2, 200 - x / 4], axis=-1).astype(np.uint8)
    small = cv2.imdecode(np.frombuffer(thumbnail(rgb), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    mean = rgb.reshape(120, 4, 160, 4, 3).mean(axis=(1, 3))
    assert np.abs(small - mean).max() < 6


@pytest.mark.parametrize(
    'rgb', [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_no_picture(rgb):
    with pytest.raises(InputError, match='thumbnail'):
        thumbnail(rgb)
