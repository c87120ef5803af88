# SPDX-License-Identifier: Apache-2.0
"""A named text inside a PNG file (chunk tEXt of the PNG specification, third edition)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

_SIGNATURE = b'\x89PNG\r\n\x1a\n'
# Length and type before the data of a chunk, its checksum after them.
_HEAD = struct.Struct('>I4s')
_SUM = struct.Struct('>I')


def with_text(png: bytes, keyword: str, text: str) -> bytes:
    """The PNG with a text, written before its pixels.

    Args:
        png: a complete file.
        keyword: 1 to 79 characters, Latin-1.
        text: Latin-1.
    """
    data = keyword.encode('latin-1') + b'\0' + text.encode('latin-1')
    body = b'tEXt' + data
    chunk = _HEAD.pack(len(data), b'tEXt') + data + _SUM.pack(zlib.crc32(body))
    # The header IHDR has to be the first chunk; its data are 13 bytes long.
    place = len(_SIGNATURE) + _HEAD.size + 13 + _SUM.size
    return png[:place] + chunk + png[place:]


def read_text(png: bytes, keyword: str) -> str | None:
    """The text of that name, None where there is none."""
    wanted = keyword.encode('latin-1') + b'\0'
    for kind, data in _chunks(png):
        if kind == b'tEXt' and data.startswith(wanted):
            return data[len(wanted) :].decode('latin-1')
    return None


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    while at + _HEAD.size <= len(png):
        length, kind = _HEAD.unpack_from(png, at)
        at += _HEAD.size
        yield kind, png[at : at + length]
        at += length + _SUM.size
