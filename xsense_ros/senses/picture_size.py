# SPDX-License-Identifier: Apache-2.0
"""How large a picture will be, from its header: asked before it is decoded.

A file of a few kilobytes can hold a picture that fills the memory.
"""

from __future__ import annotations

import struct

from xsense_ros.errors import InputError

_JPEG, _PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
# Markers of frame headers, and those that stand alone (ITU T.81, table B.1).
_FRAMES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}
_ALONE = {0x01, *range(0xD0, 0xDA)}
MAX_PIXELS = 50_000_000
_CURE = 'convert it, for example: magick FILE picture.jpg'


def is_picture(data: bytes) -> bool:
    """Whether it begins as a JPEG or PNG file does."""
    return data.startswith((_JPEG, _PNG))


def picture_size(data: bytes) -> tuple[int, int]:
    """Columns and rows of a JPEG or PNG.

    Raises:
        InputError: neither of both, or a header without a size.
    """
    if not is_picture(data):
        head = f'data beginning {data[:8].hex(" ")}'
        raise InputError('picture', head, 'a JPEG or PNG file', _CURE)
    size = _png_size(data) if data.startswith(_PNG) else _jpeg_size(data)
    if size is None or not all(size):
        raise InputError('picture', 'no size in its header', 'a whole file', _CURE)
    return size


def check_picture_size(data: bytes, most: int = MAX_PIXELS) -> None:
    """InputError unless it is a JPEG or PNG of at most so many pixels."""
    columns, rows = picture_size(data)
    if columns * rows > most:
        found = f'{columns} x {rows} pixels'
        raise InputError('size of the picture', found, f'at most {most} pixels', 'make it smaller')


def _png_size(data: bytes) -> tuple[int, int] | None:
    if len(data) < 24 or data[12:16] != b'IHDR':
        return None
    columns, rows = struct.unpack('>II', data[16:24])
    return columns, rows


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """From the frame header (ITU T.81, B.2.2)."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # filling
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            if at + 9 > len(data):
                return None
            rows, columns = struct.unpack('>HH', data[at + 5 : at + 9])
            return columns, rows
        else:
            at += 2 + int(struct.unpack('>H', data[at + 2 : at + 4])[0])
    return None
