# SPDX-License-Identifier: Apache-2.0
"""Messages to samples, pictures, sketches, sounds and texts as the senses take them, and back."""

from __future__ import annotations

import array

import numpy as np
from builtin_interfaces.msg import Time
from numpy.typing import NDArray
from sensor_msgs.msg import CompressedImage, Image
from std_msgs.msg import Header

from xsense_ros.errors import InputError
from xsense_ros.msg import AudioChunk, TextStamped
from xsense_ros.senses.camera import NATIVE_ENCODINGS, decode_compressed, decode_image
from xsense_ros.senses.drawing import lay_on_white
from xsense_ros.senses.microphone import Waveform, decode_audio
from xsense_ros.units import NS

try:
    from cv_bridge import CvBridge
except ImportError:  # not on PyPI for ROS 2; our own converter covers the common encodings
    CvBridge = None

_WITH_ALPHA = ('rgba8', 'bgra8', '8UC4')


def stamp_to_ns(stamp: Time) -> int:
    """A stamp as nanoseconds, exactly."""
    return int(stamp.sec) * NS + int(stamp.nanosec)


def ns_to_stamp(nanoseconds: int) -> Time:
    """Nanoseconds as a stamp, exactly; what a stamp cannot hold becomes 0, "not known"."""
    sec, nanosec = divmod(nanoseconds, NS)
    return Time(sec=sec, nanosec=nanosec) if 0 <= sec < 2**31 else Time()


def image_to_rgb(message: Image) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of a raw picture; 'rgb8' is a view of the message, without a copy.

    Encodings beyond our own converter go through cv_bridge where it is installed.

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
    )


def compressed_to_rgb(message: CompressedImage) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of a JPEG or PNG picture; InputError where it is damaged."""
    return decode_compressed(message.data, message.format)


def rgb_to_image(rgb: NDArray[np.uint8], header: Header) -> Image:
    """The message 'rgb8' of a picture, RGB uint8 (H, W, 3)."""
    rows, columns = rgb.shape[:2]
    # By way of bytes: a field of this type takes a thousand times longer to copy an array.
    data = array.array('B', rgb.tobytes())
    step = 3 * columns
    return Image(header=header, height=rows, width=columns, encoding='rgb8', step=step, data=data)


def image_to_sketch(message: Image) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of a raw picture of a drawing, what is transparent in it being white.

    Raises:
        InputError: as ``image_to_rgb``.
    """
    rgb = image_to_rgb(message)
    if message.encoding not in _WITH_ALPHA:
        return rgb
    rows = np.frombuffer(message.data, np.uint8).reshape(message.height, message.step)
    return lay_on_white(rgb, rows[:, 3 : 4 * message.width : 4])


def compressed_to_sketch(message: CompressedImage) -> NDArray[np.uint8]:
    """RGB uint8 (H, W, 3) of a JPEG or PNG drawing, what is transparent in it being white.

    Raises:
        InputError: it is damaged.
    """
    return decode_compressed(message.data, message.format, on_white=True)


def chunk_to_waveform(message: AudioChunk) -> Waveform:
    """Mono float32 of a chunk; InputError for a bad encoding, length, rate or NaN."""
    return decode_audio(
        message.data,
        encoding=message.encoding,
        channels=message.channels,
        sample_rate=message.sample_rate,
    )


def message_to_text(message: TextStamped) -> str:
    """The text that was given; InputError where it is blank."""
    text: str = message.text
    if not text.strip():
        cure = 'send a word or a sentence'
        raise InputError('text', text, 'at least one printing character', cure)
    return text


def _by_cv_bridge(message: Image) -> NDArray[np.uint8]:
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
