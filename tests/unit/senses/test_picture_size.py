# SPDX-License-Identifier: Apache-2.0
"""The size of a picture from its header is that of the decoded picture."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.picture_size import check_picture_size, picture_size


@pytest.mark.parametrize('ending', ['.png', '.jpg'])
@pytest.mark.parametrize('flags', [[], [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]])
@pytest.mark.parametrize('shape', [(1, 1), (7, 300), (480, 640, 3), (33, 17, 4)])
def test_it_is_that_of_the_picture(ending, flags, shape):
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    if ending == '.jpg':
        pixels = pixels[..., :3] if len(shape) == 3 else pixels
    data = cv2.imencode(ending, pixels, flags if ending == '.jpg' else [])[1].tobytes()
    assert picture_size(data) == (shape[1], shape[0])
    check_picture_size(data, shape[0] * shape[1])
    with pytest.raises(InputError, match='size of the picture'):
        check_picture_size(data, shape[0] * shape[1] - 1)


@pytest.mark.parametrize(
    'data',
    [
        b'',
        b'GIF89a',
        b'\x89PNG\r\n\x1a\n',
        b'\x89PNG\r\n\x1a\n' + bytes(40),
        b'\xff\xd8\xff',
        b'\xff\xd8\xff\xe0\x00\x00' + bytes(100),
        b'\xff\xd8\xff\xc0\x00\x11\x08\x00\x00\x00\x00\x03',
        b'\xff\xd8' + b'\xff' * 1000,
        b'\xff\xd8\xff\xe0\xff\xff' + bytes(100),
    ],
)
def test_no_size(data):
    with pytest.raises(InputError, match='picture'):
        picture_size(data)
