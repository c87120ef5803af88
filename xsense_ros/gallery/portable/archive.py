# SPDX-License-Identifier: Apache-2.0
"""A ZIP archive from anywhere, of which nothing is believed and nothing is written to the disk.

Before an entry is read: the directory has a bounded size; each name is one that we give, once; no
entry is encrypted, or much larger than its compressed bytes, nor are all of them together; and
their compressed bytes fit into the file, so that none is used twice.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from xsense_ros.errors import GalleryError

MANIFEST = 'manifest.json'
MAX_MANIFEST = 128 * 2**20
MAX_MEDIA = 64 * 2**20
MAX_VECTORS = 8 * 2**30
# zipfile reads the whole directory at once and keeps some hundred bytes an entry.
_MAX_DIRECTORY = 32 * 2**20
_MAX_RATIO, _FREE = 100, 2**20
_MAX_RATIO_WHOLE, _FREE_WHOLE = 20, 128 * 2**20
_NAME = re.compile(r'(views|thumbnails|vectors)/[0-9]{1,9}\.(png|jpg|flac|txt|npy)')
_END, _END_64, _WHERE_64 = b'PK\x05\x06', b'PK\x06\x06', b'PK\x06\x07'
_CURE = 'get the file again, or take another one'
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, NotImplementedError),
    *(RuntimeError, ValueError, KeyError, IndexError, OverflowError),
)


class Archive:
    """A portable gallery, opened for reading; as a context manager it is closed.

    Raises:
        GalleryError: it cannot be read, is no ZIP archive, or breaks one of the rules above.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._translated():
            self._file = path.open('rb')
        try:
            with self._translated():
                size = path.stat().st_size
                self._check_directory(size)
                self._zip = zipfile.ZipFile(self._file)
                self._entries = self._checked_entries(size)
        except GalleryError:
            self._file.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        self._zip.close()
        self._file.close()

    @property
    def names(self) -> set[str]:
        """Names of all entries but the manifest."""
        return set(self._entries) - {MANIFEST}

    def size(self, name: str) -> int:
        """Bytes of an entry."""
        return self._entries[name].file_size

    def manifest(self) -> bytes:
        """The manifest's bytes."""
        return self._read(MANIFEST)

    def read(self, name: str, sha256: str) -> bytes:
        """The bytes of an entry; GalleryError where they are not those of the digest."""
        data = self._read(name)
        found = hashlib.sha256(data).hexdigest()
        if found != sha256:
            raise self.wrong(f'SHA-256 of {name}', found, f'{sha256}, as the manifest says')
        return data

    def wrong(self, what: str, value: object, expected: str) -> GalleryError:
        """An error that names the file."""
        return GalleryError(f'{self.path.name}: {what}', value, expected, _CURE)

    def _read(self, name: str) -> bytes:
        if name not in self._entries:
            raise self.wrong('entry', name, 'an entry of the archive')
        with self._translated():
            return self._zip.read(self._entries[name])

    def _check_directory(self, size: int) -> None:
        """Refuse a directory that would fill the memory, before anything of it is read."""
        tail = self._from(max(0, size - 65557), 65557)
        at = tail.rfind(_END)
        if at < 0 or len(tail) < at + 22:
            raise self.wrong('file', f'{size} bytes', 'a whole *.xsgallery file (ZIP)')
        length = int(struct.unpack_from('<I', tail, at + 12)[0])
        if at >= 20 and tail[at - 20 : at - 16] == _WHERE_64:
            (place,) = struct.unpack_from('<Q', tail, at - 12)
            end = self._from(min(place, size), 56)
            if end[:4] != _END_64 or len(end) < 56:
                raise self.wrong('directory', place, 'a whole *.xsgallery file (ZIP)')
            length = max(length % 0xFFFFFFFF, int(struct.unpack_from('<Q', end, 40)[0]))
        if length > min(_MAX_DIRECTORY, size):
            raise self.wrong('directory', f'{length} bytes', f'at most {_MAX_DIRECTORY} bytes')

    def _checked_entries(self, size: int) -> dict[str, zipfile.ZipInfo]:
        entries: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            name = entry.filename
            # zipfile cuts names at a zero byte; what it has cut is not ours.
            if name != MANIFEST and (not _NAME.fullmatch(name) or entry.orig_filename != name):
                raise self.wrong('name of an entry', entry.orig_filename, 'views/1.png, for one')
            if name in entries:
                raise self.wrong('entry', name, 'each entry once')
            if entry.flag_bits & 1 or entry.compress_type not in (0, 8):
                raise self.wrong(f'entry {name}', 'encrypted', 'stored or deflated')
            most = {MANIFEST: MAX_MANIFEST}.get(name, MAX_MEDIA)
            most = MAX_VECTORS if name.startswith('vectors/') else most
            most = min(most, _FREE + _MAX_RATIO * entry.compress_size)
            if entry.file_size > most:
                found = f'{entry.file_size} bytes, {entry.compress_size} compressed'
                raise self.wrong(f'size of {name}', found, f'at most {most} bytes')
            entries[name] = entry
        if sum(entry.compress_size for entry in entries.values()) > size:
            raise self.wrong('entries', 'some that overlap', 'entries one after another')
        whole = sum(entry.file_size for entry in entries.values())
        if whole > _FREE_WHOLE + _MAX_RATIO_WHOLE * size:
            raise self.wrong('size of all entries', whole, f'at most {_MAX_RATIO_WHOLE} x {size}')
        return entries

    def _from(self, place: int, length: int) -> bytes:
        self._file.seek(place)
        return self._file.read(length)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _BROKEN as error:
            raise self.wrong('file', str(error), 'a whole *.xsgallery file (ZIP)') from error
