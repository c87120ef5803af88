# SPDX-License-Identifier: Apache-2.0
"""Reads Qt binary resource files (.rcc), the archives that GCompris keeps its media in.

Layout (Qt's rcc tool, format versions 1 to 3, all integers big-endian): a header (magic `qres`,
version, offsets of tree, data and names, since version 3 the union of the flags), a tree of
fixed-size nodes, a table of names (UTF-16) and length-prefixed payloads, each plain, zlib (with a
leading 4-byte size) or Zstandard.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from xsense_ros.errors import InputError

_ZLIB = 0x01
_DIRECTORY = 0x02
_ZSTD = 0x04


class ResourceFile:
    """The files inside one .rcc archive.

    Args:
        content: the bytes of the archive.
        name: how error messages call it.

    Raises:
        InputError: not an .rcc file, an unknown format version, or a damaged one.
    """

    def __init__(self, content: bytes, name: str = 'rcc file') -> None:
        self._name = name
        self._content = content
        if content[:4] != b'qres' or len(content) < 20:
            raise self._damaged(content[:4], 'the magic bytes qres and a header')
        version, self._tree, self._data, self._names = struct.unpack_from('>4I', content, 4)
        if version not in (1, 2, 3):
            raise self._damaged(version, 'format version 1, 2 or 3')
        # Version 2 added the time of last modification to every node.
        self._node_size = 14 if version == 1 else 22
        self._payloads: dict[str, tuple[int, int]] = {}
        try:
            for path, flags, offset in self._walk(0, '', 0):
                self._payloads[path] = (flags, offset)
        except (struct.error, UnicodeDecodeError) as error:
            raise self._damaged(str(error), 'a tree of nodes inside the file') from error

    @classmethod
    def open(cls, path: Path) -> ResourceFile:
        """The archive at path."""
        return cls(path.read_bytes(), path.name)

    def names(self) -> list[str]:
        """Paths of all files, sorted, with '/' between folders and none in front."""
        return sorted(self._payloads)

    def read(self, path: str) -> bytes:
        """Content of one file.

        Raises:
            InputError: no such file, a damaged payload, or Zstandard support is not installed.
        """
        if path not in self._payloads:
            raise InputError(f'file in {self._name}', path, 'one of its names()', 'check the path')
        flags, offset = self._payloads[path]
        try:
            (size,) = struct.unpack_from('>I', self._content, self._data + offset)
        except struct.error as error:
            raise self._damaged(path, 'a payload inside the file') from error
        start = self._data + offset + 4
        payload = self._content[start : start + size]
        if len(payload) != size:
            raise self._damaged(path, f'{size} bytes of payload')
        if flags & _ZSTD:
            return self._unzstd(path, payload)
        if flags & _ZLIB:
            try:
                return zlib.decompress(payload[4:])
            except zlib.error as error:
                raise self._damaged(path, 'zlib data') from error
        return payload

    def _walk(self, node: int, parent: str, depth: int) -> Iterator[tuple[str, int, int]]:
        if depth > 64:
            raise self._damaged(parent, 'at most 64 nested folders')
        at = self._tree + node * self._node_size
        name_offset, flags = struct.unpack_from('>IH', self._content, at)
        # The root node has no name of its own.
        path = f'{parent}/{self._name_at(name_offset)}'.lstrip('/') if node else ''
        if flags & _DIRECTORY:
            count, first = struct.unpack_from('>II', self._content, at + 6)
            for child in range(first, first + count):
                yield from self._walk(child, path, depth + 1)
        else:
            (offset,) = struct.unpack_from('>I', self._content, at + 10)
            yield path, flags, offset

    def _name_at(self, offset: int) -> str:
        at = self._names + offset
        (length,) = struct.unpack_from('>H', self._content, at)
        # Four bytes of hash lie between the length and the characters.
        return self._content[at + 6 : at + 6 + 2 * length].decode('utf-16-be')

    def _unzstd(self, path: str, payload: bytes) -> bytes:
        try:
            import zstandard
        except ImportError as error:
            raise InputError(
                f'{path} in {self._name}',
                'Zstandard compression',
                'the zstandard package',
                'pip install zstandard',
            ) from error
        try:
            return bytes(zstandard.ZstdDecompressor().decompressobj().decompress(payload))
        except zstandard.ZstdError as error:
            raise self._damaged(path, 'Zstandard data') from error

    def _damaged(self, value: object, expected: str) -> InputError:
        return InputError(self._name, value, expected, 'fetch the data set again')
