# SPDX-License-Identifier: Apache-2.0
"""Pictures and sounds as the fields of the messages that cameras and microphones send."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.resize import resize

Image = NDArray[np.uint8]
_QUALITY = 80


def encode_jpeg(rgb: Image, quality: int = _QUALITY) -> Image:
    """The bytes of a JPEG file, (N,), of RGB uint8 (H, W, 3)."""
    bgr = cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(data, np.uint8).reshape(-1)


def compressed_fields(rgb: Image) -> dict[str, Any]:
    """Of sensor_msgs/CompressedImage."""
    return {'format': 'rgb8; jpeg compressed bgr8', 'data': encode_jpeg(rgb)}


def heat_fields(counts: Image) -> dict[str, Any]:
    """Of sensor_msgs/CompressedImage: counts of an infrared camera, uint8 (H, W), without loss."""
    _, data = cv2.imencode('.png', counts, [cv2.IMWRITE_PNG_COMPRESSION, 9])
    return {'format': 'mono8; png compressed mono8', 'data': np.asarray(data).reshape(-1)}


def sound_fields(data: bytes, rate: int) -> dict[str, Any]:
    """Of AudioChunk: 16-bit little-endian samples of one channel."""
    samples = np.frombuffer(data, np.uint8)
    return {'sample_rate': rate, 'channels': 1, 'encoding': 'S16LE', 'data': samples}


def camera_fields(rgb: Image) -> dict[str, Any]:
    """Of sensor_msgs/Image: half the size, as a USB camera sends it (yuv422 is UYVY)."""
    small = _half(rgb)
    data = cv2.cvtColor(small, cv2.COLOR_RGB2YUV_UYVY)
    return _raw(small, 'yuv422', 2, np.asarray(data, np.uint8))


def tablet_fields(rgb: Image) -> dict[str, Any]:
    """Of sensor_msgs/Image: grey, half the size."""
    small = _half(rgb)
    return _raw(small, 'mono8', 1, np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8))


def _half(rgb: Image) -> Image:
    return np.ascontiguousarray(resize(rgb, rgb.shape[0] // 2, rgb.shape[1] // 2))


def _raw(rgb: Image, encoding: str, bytes_a_pixel: int, data: Image) -> dict[str, Any]:
    height, width = rgb.shape[:2]
    return {
        **{'height': height, 'width': width, 'encoding': encoding, 'is_bigendian': 0},
        **{'step': bytes_a_pixel * width, 'data': np.ascontiguousarray(data).reshape(-1)},
    }
