# SPDX-License-Identifier: Apache-2.0
"""Compressed camera frames (JPEG, PNG, compressedDepth) to RGB."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.drawing import lay_on_white
from xsense_ros.senses.levels import stretch_to_8_bit, to_8_bit
from xsense_ros.senses.raw import RawData, as_bytes

_JPEG, _JPEG_END = b'\xff\xd8\xff', b'\xff\xd9'
_PNG, _PNG_END = b'\x89PNG\r\n\x1a\n', b'IEND'
_SENSOR = 'check the cable, the network or the file; a frame was cut off or damaged'
# compressed_depth_image_transport writes this before its PNG: enum format, depth parameters A, B.
_DEPTH_HEADER = np.dtype([('format', '<i4'), ('a', '<f4'), ('b', '<f4')])
_TO_RGB = {1: cv2.COLOR_GRAY2RGB, 4: cv2.COLOR_BGRA2RGB}


def decode_compressed(data: RawData, format: str, *, on_white: bool = False) -> NDArray[np.uint8]:
    """Decode the data of a CompressedImage to RGB.

    JPEG and PNG are told apart by their first bytes, since drivers write many things into
    ``format`` ('jpeg', 'rgb8; jpeg compressed bgr8', ...). The EXIF orientation of a JPEG is
    applied, alpha dropped, 16 bit colour scaled by 255 / 65535, and 16 bit grey stretched as
    'mono16' is. 'compressedDepth' (PNG inside) is stretched as '16UC1' and '32FC1' are.

    Args:
        data: the bytes of the message or of a file.
        format: the field of that name; only 'compressedDepth' in it has a meaning here.
        on_white: lay a PNG with alpha on white instead of dropping its alpha; for drawings.

    Returns:
        uint8 (H, W, 3); of three colours a view of what OpenCV has decoded, seen backwards

    Raises:
        InputError: no data, neither JPEG nor PNG, cut off or damaged, compressedDepth by RVL.
    """
    pixels = decode_stored(data, format)
    if 'compressedDepth' in format:
        grey = stretch_to_8_bit(pixels, zero_is_invalid=True)
        return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB), np.uint8)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if pixels.dtype == np.uint16:
        if channels == 1:
            pixels = stretch_to_8_bit(pixels, zero_is_invalid=False)
        else:
            pixels = to_8_bit(pixels)
    if channels == 3:
        return np.asarray(pixels, np.uint8)[..., ::-1]
    rgb = np.asarray(cv2.cvtColor(pixels, _TO_RGB[channels]), np.uint8)
    return lay_on_white(rgb, pixels[..., 3]) if on_white and channels == 4 else rgb


def decode_stored(data: RawData, format: str) -> NDArray[Any]:
    """Decode the data of a CompressedImage to the values that were stored.

    Args:
        data: the bytes of the message or of a file.
        format: as in `decode_compressed`.

    Returns:
        uint8 or uint16, grey (H, W), BGR (H, W, 3) (every JPEG) or BGRA (H, W, 4); compressedDepth
        gives its integers or, of '32FC1', metres in float32, 0 where nothing was measured.

    Raises:
        InputError: as `decode_compressed`.
    """
    raw = as_bytes(data)
    if raw.size == 0:
        raise InputError('compressed image', 'no data', 'a JPEG or PNG', _SENSOR)
    return _depth(raw, format) if 'compressedDepth' in format else _decode(raw, format)


def _depth(raw: NDArray[np.uint8], format: str) -> NDArray[Any]:
    if raw.size <= _DEPTH_HEADER.itemsize or 'rvl' in format.lower():
        raise InputError(
            'compressed image format',
            format,
            'compressedDepth with a PNG after its 12 byte header',
            'set the parameter compressedDepth.format of the publisher to png',
        )
    header = raw[: _DEPTH_HEADER.itemsize].view(_DEPTH_HEADER)[0]
    stored = _decode(raw[_DEPTH_HEADER.itemsize :], format)
    if stored.ndim != 2 or stored.dtype != np.uint16:
        raise InputError(
            'compressed depth image',
            f'{stored.dtype} {stored.shape}',
            'a 16 bit grey PNG',
            'check the publisher of this topic',
        )
    if format.split(';')[0].strip() == '32FC1':
        # Stored as inverse depth, quantised: value = A / depth + B; 0 is "not measured".
        inverse = stored.astype(np.float32) - header['b']
        measured = (stored != 0) & (inverse > 0)
        depth = np.zeros_like(inverse)
        return np.asarray(np.divide(header['a'], inverse, out=depth, where=measured))
    return stored


def _decode(raw: NDArray[np.uint8], format: str) -> NDArray[Any]:
    """Grey, BGR or BGRA, uint8 or uint16."""
    head = raw[:8].tobytes()
    if head.startswith(_JPEG):
        end, flags = _JPEG_END, cv2.IMREAD_COLOR
    elif head == _PNG:
        end, flags = _PNG_END, cv2.IMREAD_UNCHANGED
    else:
        raise InputError(
            'compressed image',
            f'format {format!r}, data beginning {head.hex(" ")}',
            'a JPEG or PNG',
            'set the format of the image transport to jpeg or png',
        )
    # Decoders fill what is missing of a cut-off frame with grey and call it a success.
    if raw.tobytes().rfind(end) < 0:
        raise InputError('compressed image', f'{raw.size} bytes', 'a complete frame', _SENSOR)
    try:
        pixels = cv2.imdecode(raw, flags)
    except cv2.error as error:
        raise InputError(
            'compressed image', format, f'decodable ({error.err})', _SENSOR
        ) from error
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise InputError('compressed image', f'{raw.size} bytes', 'a decodable frame', _SENSOR)
    return np.asarray(pixels)
