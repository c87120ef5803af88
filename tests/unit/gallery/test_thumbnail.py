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
    ],
)
def test_size_and_colour(shape, small):
    rgb = np.full((*shape, 3), (200, 100, 30), np.uint8)
    jpeg = thumbnail(rgb)
    assert jpeg.startswith(b'\xff\xd8')
    bgr = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert bgr.shape == (*small, 3)
    assert np.abs(bgr[..., ::-1].astype(int) - (200, 100, 30)).max() < 8


@pytest.mark.parametrize(
    'rgb', [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((0, 4, 3), np.uint8)]
)
def test_no_picture(rgb):
    with pytest.raises(InputError, match='thumbnail'):
        thumbnail(rgb)
