# SPDX-License-Identifier: Apache-2.0
"""Between messages and what the senses take: reading is ROS-free (xsense_ros.adapters)."""

from __future__ import annotations

import array

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import Image
from std_msgs.msg import Header

from xsense_ros.adapters.pictures import (
    compressed_to_rgb,
    compressed_to_sketch,
    image_to_rgb,
    image_to_sketch,
)
from xsense_ros.adapters.sounds import chunk_to_waveform
from xsense_ros.adapters.stamps import stamp_to_ns
from xsense_ros.adapters.words import text_stamped_to_text as message_to_text
from xsense_ros.units import NS

__all__ = [
    'chunk_to_waveform',
    'compressed_to_rgb',
    'compressed_to_sketch',
    'image_to_rgb',
    'image_to_sketch',
    'message_to_text',
    'ns_to_stamp',
    'rgb_to_image',
    'stamp_to_ns',
]


def ns_to_stamp(nanoseconds: int) -> Time:
    """Nanoseconds as a stamp, exactly; what a stamp cannot hold becomes 0, "not known"."""
    sec, nanosec = divmod(nanoseconds, NS)
    return Time(sec=sec, nanosec=nanosec) if 0 <= sec < 2**31 else Time()


def rgb_to_image(rgb: NDArray[np.uint8], header: Header) -> Image:
    """The message 'rgb8' of a picture, RGB uint8 (H, W, 3)."""
    rows, columns = rgb.shape[:2]
    # By way of bytes: a field of this type takes a thousand times longer to copy an array.
    data = array.array('B', rgb.tobytes())
    step = 3 * columns
    return Image(header=header, height=rows, width=columns, encoding='rgb8', step=step, data=data)
