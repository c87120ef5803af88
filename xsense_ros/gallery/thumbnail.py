# SPDX-License-Identifier: Apache-2.0
"""Small pictures by which a person recognises an item."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.resize import resize

_QUALITY = 85


def thumbnail(rgb: NDArray[np.uint8], side: int = 160) -> bytes:
    """JPEG of an RGB image (H, W, 3) uint8, its longer edge at most ``side`` pixels.

    Raises:
        InputError: not an RGB uint8 image.
    """
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
        cure = 'decode the image with xsense_ros.senses.camera first'
        raise InputError('thumbnail', f'{rgb.dtype} {rgb.shape}', 'uint8 (H, W, 3)', cure)
    height, width = rgb.shape[:2]
    scale = min(1.0, side / max(height, width))
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    small = resize(_halved(rgb, rows, columns), rows, columns)
    # A BGR frame seen as RGB is as OpenCV wants it.
    turned = small.strides[2] < 0
    bgr = small[..., ::-1] if turned else cv2.cvtColor(small, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise InputError(
            'thumbnail', rgb.shape, 'an image that JPEG can hold', 'use a smaller one'
        )
    return data.tobytes()


def _halved(rgb: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    """Averaged over 2 x 2 pixels as often as at least (rows, columns) are left.

    OpenCV has a fast path for two, so that two halvings take a quarter of the time of one mean of
    4 x 4; what is rounded twice is seen by nobody.
    """
    while rgb.shape[0] >= 2 * rows and rgb.shape[1] >= 2 * columns:
        height, width = rgb.shape[0] // 2, rgb.shape[1] // 2
        if rgb.shape[:2] != (2 * height, 2 * width):
            break  # a mean over other than whole pixels is slower than what `resize` does
        rgb = resize(rgb, height, width)
    return rgb
