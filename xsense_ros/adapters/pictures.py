# SPDX-License-Identifier: Apache-2.0
"""Pictures out of sensor_msgs/Image and CompressedImage, or out of what looks like them.

Only fields are read, so that messages of rclpy and messages decoded from a bag are alike.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.camera import NATIVE_ENCODINGS, decode_compressed, decode_image
from xsense_ros.senses.drawing import lay_on_white
from xsense_ros.senses.scratch import Scratch

try:
    from cv_bridge import CvBridge
except ImportError:  # not on PyPI for ROS 2; our own converter covers the common encodings
    CvBridge = None

_WITH_ALPHA = ('rgba8', 'bgra8', '8UC4')


def image_to_rgb(message: Any, scratch: Scratch | None = None) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of a raw picture; 'rgb8' is a view of the message, without a copy.

    Encodings beyond our own converter go through cv_bridge where it is installed. ``scratch`` is
    memory of the picture where it is no view; None allocates.

    Raises:
        InputError: unknown encoding, or sizes that contradict each other.
    """
    if message.encoding not in NATIVE_ENCODINGS and CvBridge is not None:
        return _by_cv_bridge(message)
    return decode_image(
        message.data,
        height=message.height,
        width=message.width,
        encoding=message.encoding,
        step=message.step,
        is_bigendian=bool(message.is_bigendian),
        scratch=scratch,
    )


def compressed_to_rgb(message: Any) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of a JPEG or PNG picture; InputError where it is damaged."""
    return decode_compressed(message.data, message.format)


def image_to_sketch(message: Any) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of a raw picture of a drawing, what is transparent in it being white.

    Raises:
        InputError: as ``image_to_rgb``.
    """
    rgb = image_to_rgb(message)
    if message.encoding not in _WITH_ALPHA:
        return rgb
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    return lay_on_white(rgb, rows[:, 3 : 4 * message.width : 4])


def compressed_to_sketch(message: Any) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of a JPEG or PNG drawing, what is transparent in it being white.

    Raises:
        InputError: it is damaged.
    """
    return decode_compressed(message.data, message.format, on_white=True)


def _by_cv_bridge(message: Any) -> NDArray[np.uint8]:
    try:
        rgb: NDArray[np.uint8] = CvBridge().imgmsg_to_cv2(message, 'rgb8')
    except Exception as error:  # cv_bridge raises its own and OpenCV's classes
        raise InputError(
            'image encoding',
            message.encoding,
            f'one of {sorted(NATIVE_ENCODINGS)}, or one that cv_bridge can convert ({error})',
            'let the camera driver publish rgb8, bgr8 or mono8',
        ) from error
    return rgb
