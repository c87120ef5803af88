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
    small = resize(rgb, max(1, round(height * scale)), max(1, round(width * scale)))
    bgr = cv2.cvtColor(np.ascontiguousarray(small), cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    if not done:
        raise InputError(
            'thumbnail', rgb.shape, 'an image that JPEG can hold', 'use a smaller one'
        )
    return data.tobytes()
