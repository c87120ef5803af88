# SPDX-License-Identifier: Apache-2.0
"""Live pictures as they travel: a small JPEG and a header that says what it shows.

On the wire: 4 bytes, big endian, the length of the header; the header, JSON in UTF-8; the JPEG.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.levels import stretch_to_8_bit
from xsense_ros.senses.press import UNTOUCHED
from xsense_ros.senses.resize import resize

_LENGTH = struct.Struct('>I')
_INK = 4  # times that the change by touch is shown stronger than it is
_GRID = 20_000


@dataclass(frozen=True)
class Picture:
    """What a tile shows.

    Args:
        rgb: uint8 (H, W, 3).
        source: columns and rows of the frame that it was made from; boxes are in its pixels.
        celsius: temperatures of the darkest and the brightest colour, where they are known.
        note: state in words, such as that a background is learnt; '' for none.
        more: of the header, by kind: `contact` of a touch, `palette` of an infrared frame,
            `seconds` and `hertz` of a spectrogram.
    """

    rgb: NDArray[np.uint8]
    source: tuple[int, int]
    celsius: tuple[float, float] | None = None
    note: str = ''
    more: Mapping[str, Any] = field(default_factory=dict)


def camera_picture(rgb: NDArray[np.uint8], width: int) -> Picture:
    """A frame (H, W, 3), at most ``width`` pixels wide."""
    rows, columns = rgb.shape[:2]
    return Picture(_narrowed(rgb, width), (columns, rows))


def touch_picture(change: NDArray[np.uint8], width: int, contact: bool, note: str = '') -> Picture:
    """A press (128 + frame - background), its change made easier to see."""
    rows, columns = change.shape[:2]
    small = _narrowed(change, width)
    strong = (small.astype(np.int16) - UNTOUCHED) * _INK + UNTOUCHED
    return Picture(
        np.clip(strong, 0, 255).astype(np.uint8),
        (columns, rows),
        note=note,
        more={'contact': contact},
    )


def infrared_picture(
    values: NDArray[Any], width: int, celsius: tuple[float, float] | None = None
) -> Picture:
    """One value a pixel in false colours, from black and violet (cold) to yellow (warm).

    Args:
        values: uint8, uint16 or float32 (H, W).
        width: at most so many pixels wide.
        celsius: scale and offset from values to degrees; None where unknown.

    Raises:
        InputError: no pixel of it is a number.
    """
    rows, columns = values.shape
    step = max(1, int(np.sqrt(values.size / _GRID)))
    seen = values[::step, ::step]
    finite = seen[np.isfinite(seen)]
    if not finite.size:
        cure = 'check the driver of the infrared camera'
        raise InputError('infrared frame', 'no finite pixel', 'numbers', cure)
    low, high = (float(level) for level in np.percentile(finite, (0.5, 99.5)))
    if values.dtype == np.uint8:
        grey = np.asarray(values)
    else:
        grey = stretch_to_8_bit(values, zero_is_invalid=False)
    small = _narrowed(grey, width)
    if values.dtype == np.uint8 and high > low:
        small = np.clip((small - low) * (255.0 / (high - low)), 0, 255).astype(np.uint8)
    bgr = np.asarray(
        cv2.applyColorMap(np.ascontiguousarray(small), cv2.COLORMAP_INFERNO), np.uint8
    )
    degrees = None
    if celsius is not None:
        degrees = (celsius[0] * low + celsius[1], celsius[0] * high + celsius[1])
    more = {'palette': 'inferno'}
    return Picture(bgr[..., ::-1], (columns, rows), degrees, more=more)


def encode_tile(name: str, kind: str, stamp: float, picture: Picture, quality: int) -> bytes:
    """A tile as it travels.

    Args:
        name: of the tile.
        kind: 'camera', 'sketch', 'touch', 'infrared' or 'spectrogram'.
        stamp: of the frame [s].
        picture: what it shows.
        quality: of the JPEG, 1 to 100.
    """
    rgb = picture.rgb
    header = {
        'tile': name,
        'kind': kind,
        'stamp': stamp,
        'width': picture.source[0],
        'height': picture.source[1],
        'celsius': None if picture.celsius is None else [round(d, 2) for d in picture.celsius],
        'note': picture.note,
        **picture.more,
    }
    options = [cv2.IMWRITE_JPEG_QUALITY, quality]
    done, jpeg = cv2.imencode('.jpg', _bgr(rgb), options)
    if not done:
        raise InputError('tile', rgb.shape, 'a picture that JPEG can hold', 'shrink the picture')
    told = json.dumps(header, ensure_ascii=False, allow_nan=False).encode()
    return _LENGTH.pack(len(told)) + told + jpeg.tobytes()


def split_tile(data: bytes) -> tuple[dict[str, Any], bytes]:
    """Header and JPEG of a tile that has travelled: the inverse of ``encode_tile``."""
    (length,) = _LENGTH.unpack_from(data)
    begin = _LENGTH.size
    header: dict[str, Any] = json.loads(data[begin : begin + length])
    return header, data[begin + length :]


def _narrowed(picture: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """At most ``width`` pixels wide; to look at, hence fast rather than exact."""
    if picture.ndim == 3 and picture.strides[2] < 0:
        # A BGR frame seen as RGB, of which every pixel would be copied first.
        return _narrowed(picture[..., ::-1], width)[..., ::-1]
    rows, columns = picture.shape[:2]
    if columns <= width:
        return picture
    height = max(1, round(rows * width / columns))
    if columns < 2 * width:
        size = (width, height)
        return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)
    return resize(picture, height, width)


def _bgr(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """As OpenCV writes it; without a copy where it came so."""
    backwards = rgb[..., ::-1]
    if backwards.flags.c_contiguous:
        return backwards
    return np.asarray(cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR), np.uint8)
