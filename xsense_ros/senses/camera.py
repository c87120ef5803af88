# SPDX-License-Identifier: Apache-2.0
"""Raw and compressed camera frames to RGB.

Encodings are named as in sensor_msgs/image_encodings. Three things are easily got wrong and are
honoured here: rows padded to ``step`` bytes, the byte order of 16 and 32 bit values, and OpenCV's
names of Bayer patterns, which spell the second row's second and third pixel, not the first row's
first two (ROS ``bayer_rggb8`` is OpenCV ``BayerBG``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.compressed_frame import decode_compressed
from xsense_ros.senses.levels import stretch_to_8_bit, to_8_bit
from xsense_ros.senses.raw import RawData, as_bytes
from xsense_ros.senses.scratch import Scratch

__all__ = [
    'NATIVE_ENCODINGS',
    'SINGLE_CHANNEL',
    'decode_compressed',
    'decode_image',
    'decode_values',
]


class _Kind(Enum):
    COLOUR = 'colour'
    INTENSITY = 'intensity'  # every value counts
    MEASURE = 'measure'  # depth, temperature: 0 and not-a-number mean "nothing measured"


@dataclass(frozen=True)
class _Layout:
    """How the pixels of an encoding lie in memory and become RGB.

    Args:
        dtype: of one value, native byte order.
        channels: values a pixel, interleaved.
        code: cv2 conversion to RGB, or None.
        kind: what single-channel values of more than 8 bit mean.
        half_rows: rows of ``step`` bytes per two rows of the picture (3 with 4:2:0 planes).
        even: width and height that pixels come in groups of.
    """

    dtype: type[np.generic]
    channels: int
    code: int | None = None
    kind: _Kind = _Kind.COLOUR
    half_rows: int = 2
    even: tuple[int, int] = (1, 1)


_BAYER = {
    'rggb': cv2.COLOR_BayerBG2RGB,
    'bggr': cv2.COLOR_BayerRG2RGB,
    'gbrg': cv2.COLOR_BayerGR2RGB,
    'grbg': cv2.COLOR_BayerGB2RGB,
}
_UYVY = _Layout(np.uint8, 2, cv2.COLOR_YUV2RGB_UYVY, even=(2, 1))
_YUYV = _Layout(np.uint8, 2, cv2.COLOR_YUV2RGB_YUY2, even=(2, 1))
_LAYOUTS: dict[str, _Layout] = {
    'mono8': _Layout(np.uint8, 1, cv2.COLOR_GRAY2RGB),
    '8UC1': _Layout(np.uint8, 1, cv2.COLOR_GRAY2RGB),
    'mono16': _Layout(np.uint16, 1, kind=_Kind.INTENSITY),
    '16UC1': _Layout(np.uint16, 1, kind=_Kind.MEASURE),
    '32FC1': _Layout(np.float32, 1, kind=_Kind.MEASURE),
    'rgb8': _Layout(np.uint8, 3),
    'rgba8': _Layout(np.uint8, 4, cv2.COLOR_RGBA2RGB),
    'bgr8': _Layout(np.uint8, 3, cv2.COLOR_BGR2RGB),
    'bgra8': _Layout(np.uint8, 4, cv2.COLOR_BGRA2RGB),
    # Nameless channels are blue, green, red: the order of OpenCV, where these names come from.
    '8UC3': _Layout(np.uint8, 3, cv2.COLOR_BGR2RGB),
    '8UC4': _Layout(np.uint8, 4, cv2.COLOR_BGRA2RGB),
    'rgb16': _Layout(np.uint16, 3),
    'rgba16': _Layout(np.uint16, 4, cv2.COLOR_RGBA2RGB),
    'bgr16': _Layout(np.uint16, 3, cv2.COLOR_BGR2RGB),
    'bgra16': _Layout(np.uint16, 4, cv2.COLOR_BGRA2RGB),
    'yuv422': _UYVY,
    'uyvy': _UYVY,
    'yuv422_yuy2': _YUYV,
    'yuyv': _YUYV,
    'nv12': _Layout(np.uint8, 1, cv2.COLOR_YUV2RGB_NV12, half_rows=3, even=(2, 2)),
    'nv21': _Layout(np.uint8, 1, cv2.COLOR_YUV2RGB_NV21, half_rows=3, even=(2, 2)),
    **{f'bayer_{name}8': _Layout(np.uint8, 1, code, even=(2, 2)) for name, code in _BAYER.items()},
    **{
        f'bayer_{name}16': _Layout(np.uint16, 1, code, even=(2, 2))
        for name, code in _BAYER.items()
    },
}

# Encodings that decode_image takes; for any other a node may use cv_bridge where it is installed.
NATIVE_ENCODINGS = frozenset(_LAYOUTS)
# Of these, the ones that decode_values takes: grey, counts or measures, one a pixel.
SINGLE_CHANNEL = frozenset(('mono8', '8UC1', 'mono16', '16UC1', '32FC1'))


def decode_image(
    data: RawData,
    *,
    height: int,
    width: int,
    encoding: str,
    step: int,
    is_bigendian: bool = False,
    scratch: Scratch | None = None,
) -> NDArray[np.uint8]:
    """Convert a raw frame to RGB; 'rgb8' and 'bgr8' are views of ``data``, without a copy.

    16 bit colour keeps its 8 high bits (rounded). Single-channel 'mono16', '16UC1' and '32FC1'
    have no agreed range, so they are stretched between robust percentiles (stretch_to_8_bit);
    in '16UC1' and '32FC1' zero and not-a-number count as not measured (REP 118) and become black.
    YUV is read as BT.601 video range; alpha is dropped.

    Args:
        data: bytes of the frame, ``step * height`` long (half as long again for nv12 and nv21).
        height: rows of the picture.
        width: columns of the picture.
        encoding: one of NATIVE_ENCODINGS.
        step: bytes of a row, padding included.
        is_bigendian: byte order of values wider than 8 bit.
        scratch: memory of the picture; None allocates.

    Returns:
        uint8 (height, width, 3), possibly a read-only view of ``data``.

    Raises:
        InputError: unknown encoding; sizes that are zero, odd where the encoding needs pairs, or
            contradict the length of ``data``; a frame without one valid measurement.
    """
    scratch = Scratch() if scratch is None else scratch
    pixels, layout = _read(data, height, width, encoding, step, is_bigendian)
    size = (height, width)
    if layout.kind is not _Kind.COLOUR:
        zero_is_invalid = layout.kind is _Kind.MEASURE
        grey = stretch_to_8_bit(pixels[..., 0], zero_is_invalid=zero_is_invalid, scratch=scratch)
        return _colour(grey, cv2.COLOR_GRAY2RGB, size, scratch)
    if layout.channels == 1:
        pixels = pixels[..., 0]
    if layout.code == cv2.COLOR_BGR2RGB:
        rgb = pixels[..., ::-1]  # seen backwards; `resize` turns its small result instead
    else:
        rgb = pixels if layout.code is None else _colour(pixels, layout.code, size, scratch)
    return to_8_bit(rgb, scratch) if rgb.dtype == np.uint16 else rgb


def decode_values(
    data: RawData,
    *,
    height: int,
    width: int,
    encoding: str,
    step: int,
    is_bigendian: bool = False,
) -> NDArray[Any]:
    """View a raw frame of one of SINGLE_CHANNEL as it is, without a stretch to 8 bit.

    Arguments are those of `decode_image`.

    Returns:
        uint8, uint16 or float32 (height, width), possibly a read-only view of ``data``.

    Raises:
        InputError: another encoding, or sizes as in `decode_image`.
    """
    if encoding not in SINGLE_CHANNEL:
        raise InputError(
            'image encoding', encoding, f'one of {sorted(SINGLE_CHANNEL)}', 'correct the encoding'
        )
    return _read(data, height, width, encoding, step, is_bigendian)[0][..., 0]


def _read(
    data: RawData, height: int, width: int, encoding: str, step: int, is_bigendian: bool
) -> tuple[NDArray[Any], _Layout]:
    """Pixels as they lie in memory, and what they mean."""
    layout = _LAYOUTS.get(encoding)
    if layout is None:
        raise InputError(
            'image encoding',
            encoding,
            f'one of {sorted(NATIVE_ENCODINGS)}',
            'set the camera driver to rgb8, or install cv_bridge for other encodings',
        )
    raw = as_bytes(data)
    _check_size(raw.size, height, width, step, encoding, layout)
    rows = height * layout.half_rows // 2
    return _pixels(raw, rows, width, step, layout, is_bigendian), layout


def _colour(
    pixels: NDArray[Any], code: int, size: tuple[int, int], scratch: Scratch
) -> NDArray[Any]:
    colours = scratch.array('colours', (*size, 3), pixels.dtype)
    return np.asarray(cv2.cvtColor(pixels, code, colours))


def _check_size(
    length: int, height: int, width: int, step: int, encoding: str, layout: _Layout
) -> None:
    columns, rows = layout.even
    if height < 1 or width < 1 or height % rows or width % columns:
        raise InputError(
            f'image size (height, width) of {encoding}',
            (height, width),
            f'multiples of {rows} and {columns}, above 0',
            'let the camera driver fill height and width in, or choose another encoding',
        )
    row = width * layout.channels * np.dtype(layout.dtype).itemsize
    if step < row:
        raise InputError(
            'image step',
            step,
            f'at least {row} bytes ({width} pixels of {encoding})',
            'check that the encoding and its bit depth are those of the data',
        )
    expected = step * height * layout.half_rows // 2
    if length != expected:
        raise InputError(
            'image data length',
            length,
            f'{expected} bytes (step {step}, height {height}, encoding {encoding})',
            'check step, height and encoding against the camera driver',
        )


def _pixels(
    raw: NDArray[np.uint8], rows: int, width: int, step: int, layout: _Layout, is_bigendian: bool
) -> NDArray[Any]:
    """View (rows, width, channels), leaving the padding out; a copy only for foreign bytes."""
    dtype = np.dtype(layout.dtype)
    stored = dtype.newbyteorder('>' if is_bigendian else '<')
    pixel = layout.channels * dtype.itemsize
    view: NDArray[Any] = np.ndarray(
        (rows, width, layout.channels), stored, raw, strides=(step, pixel, dtype.itemsize)
    )
    # OpenCV wants native, aligned values; with one byte a value this never copies.
    return np.require(view.astype(dtype, copy=False), requirements='A')
