# SPDX-License-Identifier: Apache-2.0
"""Reads TIFF files of many bands, as satellites' are, with Pillow's own decoders.

Pillow and OpenCV take at most four bands, and others need a large library for LZW. A tile of n
bands is a stream of bytes all the same: it is handed to Pillow as a grey image n times as wide,
and the horizontal differences between pixels are summed here.
"""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from xsense_ros.errors import InputError

# Tags of TIFF 6.0 (Adobe 1992), sections 8, 14 and 15.
_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _BANDS = 256, 257, 258, 259, 277
_PLANES, _PREDICTOR, _TILE_WIDTH, _TILE_HEIGHT, _OFFSETS, _SIZES = 284, 317, 322, 323, 324, 325
_DIFFERENCES = 2
_COMPRESSIONS = (1, 5, 8)  # none, LZW, Deflate
_SHORT, _LONG = 3, 4


def read_tiff(path: Path) -> NDArray[np.uint8]:
    """All bands of the first image.

    Args:
        path: tiled TIFF, 8 bits a band, bands of a pixel side by side; not compressed, LZW or
            Deflate, with or without horizontal differences.

    Returns:
        uint8 (H, W, bands).

    Raises:
        InputError: not such a file, or a damaged one.
    """
    try:
        content = path.read_bytes()
        tags = ImageFileDirectory_v2(content[:8])
        stream = io.BytesIO(content)
        stream.seek(tags.next)
        tags.load(stream)
        return _bands(content, tags)
    except (OSError, SyntaxError, KeyError, ValueError, struct.error, UnidentifiedImageError) as e:
        raise InputError(
            'TIFF file', str(path), 'tiled, 8 bits a band, LZW or Deflate', f'fetch it again ({e})'
        ) from e


def _bands(content: bytes, tags: ImageFileDirectory_v2) -> NDArray[np.uint8]:
    bands, compression = tags[_BANDS], tags.get(_COMPRESSION, 1)
    predictor = tags.get(_PREDICTOR, 1)
    if (
        set(tags[_BITS]) != {8}
        or tags.get(_PLANES, 1) != 1
        or compression not in _COMPRESSIONS
        or predictor not in (1, _DIFFERENCES)
    ):
        raise ValueError('layout not supported')
    rows, columns = tags[_HEIGHT], tags[_WIDTH]
    height, width = tags[_TILE_HEIGHT], tags[_TILE_WIDTH]
    across, down = -(-columns // width), -(-rows // height)
    image = np.zeros((down * height, across * width, bands), np.uint8)
    for number, (start, size) in enumerate(zip(tags[_OFFSETS], tags[_SIZES], strict=True)):
        stream = content[start : start + size]
        tile = _decode(stream, width * bands, height, compression).reshape(height, width, bands)
        if predictor == _DIFFERENCES:
            tile = np.cumsum(tile, axis=1, dtype=np.uint8)
        top, left = number // across * height, number % across * width
        image[top : top + height, left : left + width] = tile
    return image[:rows, :columns]


def _decode(stream: bytes, width: int, height: int, compression: int) -> NDArray[np.uint8]:
    """One tile as a grey picture (height, width): the smallest TIFF file around its bytes."""
    tags = (
        (_WIDTH, _LONG, width),
        (_HEIGHT, _LONG, height),
        (_BITS, _SHORT, 8),
        (_COMPRESSION, _SHORT, compression),
        (262, _SHORT, 1),  # black is zero
        (273, _LONG, 8),  # one strip, right behind the header
        (_BANDS, _SHORT, 1),
        (278, _LONG, height),  # rows of the strip
        (279, _LONG, len(stream)),
    )
    padded = stream + b'\0' * (len(stream) % 2)
    directory = struct.pack('<H', len(tags))
    directory += b''.join(struct.pack('<HHII', tag, kind, 1, value) for tag, kind, value in tags)
    file = b'II*\0' + struct.pack('<I', 8 + len(padded)) + padded + directory + bytes(4)
    with Image.open(io.BytesIO(file)) as image:
        return np.asarray(image)
