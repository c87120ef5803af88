# SPDX-License-Identifier: Apache-2.0
"""Files to samples, and what is kept of them; nothing is believed of a file unseen."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from xsense_ros.errors import InputError
from xsense_ros.gallery.media import decode_media, encode_media, media_thumbnail, read_sound
from xsense_ros.importing.plan import Source, clean
from xsense_ros.senses.compressed_frame import decode_compressed
from xsense_ros.senses.impact_window import align_impact
from xsense_ros.senses.picture_file import file_bytes
from xsense_ros.senses.picture_size import check_picture_size
from xsense_ros.senses.tactile_difference import press_of
from xsense_ros.senses.tactile_profile import load_profile

MAX_BYTES = 64 * 2**20
MAX_TEXT_BYTES = 65536
MAX_TEXT = 1000
_PNG, _JPEG = b'\x89PNG', b'\xff\xd8'


@dataclass(frozen=True)
class Raw:
    """The bytes of a source, and the digest by which it is known again."""

    source: Source
    data: bytes
    background: bytes
    sha256: bytes


@dataclass(frozen=True)
class Loaded:
    """A sample as the encoder takes it, and what is kept of it."""

    sample: Any
    media: bytes | None
    media_type: str
    thumbnail: bytes | None


def read(source: Source, root: Path, item_id: str) -> Raw:
    """The bytes of a source.

    Args:
        source: to be read.
        root: that it must lie below, itself resolved.
        item_id: of its item; two things may be called the same, but do not look the same.

    Raises:
        InputError: a file outside of that, none that can be read, or too large.
    """
    if source.path is None:
        data = source.text.encode()
    else:
        data = _bytes(
            source.path, root, MAX_TEXT_BYTES if source.modality == 'text' else MAX_BYTES
        )
    background = b'' if source.background is None else _bytes(source.background, root, MAX_BYTES)
    digest = hashlib.sha256()
    owner = item_id if source.modality == 'text' else ''
    about = (source.modality.encode(), source.profile.encode(), owner.encode())
    for part in (*about, background, data):
        digest.update(len(part).to_bytes(8, 'little') + part)
    return Raw(source, data, background, digest.digest())


def load(raw: Raw) -> Loaded:
    """The sample of a source, decoded.

    Raises:
        InputError: it is damaged, too large or not what it claims to be.
    """
    modality, data = raw.source.modality, raw.data
    if modality == 'image':
        check_picture_size(data)
        sample = decode_compressed(data, '')
        # What the camera or the user made is kept as it is: nothing is lost, nothing encoded.
        kind = 'image/png' if data.startswith(_PNG) else 'image/jpeg'
        return Loaded(sample, data, kind, media_thumbnail(modality, sample))
    sample = _sample(raw)
    media, media_type = encode_media(modality, sample)
    return Loaded(sample, media, media_type, media_thumbnail(modality, sample))


def read_text(path: Path, root: Path) -> str:
    """A text file as one line; InputError where it is none, empty or too long."""
    return _text(_bytes(path, root, MAX_TEXT_BYTES))


def _sample(raw: Raw) -> Any:
    modality, data = raw.source.modality, raw.data
    if modality == 'text':
        return _text(data)
    if modality in ('sound', 'impact'):
        sound = read_sound(data)
        return align_impact(sound) if modality == 'impact' else sound
    check_picture_size(data)
    if modality == 'sketch':
        return decode_compressed(data, '', on_white=True)
    if not raw.background:
        # Without a background only what a gallery has kept of a touch tells its contact.
        return decode_media('touch', data)
    check_picture_size(raw.background)
    frame, background = decode_compressed(data, ''), decode_compressed(raw.background, '')
    return press_of(frame, background, _profile(raw.source.profile))


@lru_cache(maxsize=8)
def _profile(name: str) -> Any:
    if not name:
        cure = 'say it with --profile, or in the column profile'
        raise InputError('profile', name, 'the kind of the tactile sensor, digit say', cure)
    return load_profile(name)


def _lies_below(path: Path, root: Path) -> bool:
    """Whether it does without any link: `resolve` looks at every folder up to the root of all."""
    if not path.is_relative_to(root):
        return False
    parts = path.relative_to(root).parts
    steps = (root.joinpath(*parts[: count + 1]) for count in range(len(parts)))
    return '..' not in parts and not any(step.is_symlink() for step in steps)


def _text(data: bytes) -> str:
    try:
        text = clean(data.decode('utf-8-sig'))
    except UnicodeDecodeError as error:
        raise InputError('text', data[:20], 'UTF-8', 'save it as UTF-8') from error
    if not 1 <= len(text) <= MAX_TEXT:
        expected = f'1 to {MAX_TEXT} printing characters'
        raise InputError('text', text, expected, 'correct or shorten it')
    return text


def _bytes(path: Path, root: Path, most: int) -> bytes:
    try:
        real = path if _lies_below(path, root) else path.resolve(strict=True)
        found = real.stat()
        inside, regular = real.is_relative_to(root), stat.S_ISREG(found.st_mode)
    except (OSError, RuntimeError) as error:
        expected = f'a file that can be read ({error})'
        raise InputError('file', str(path), expected, 'correct the path') from error
    if not inside or not regular:
        expected = f'a file below {root}' if regular else 'a file, not a folder or a device'
        raise InputError('file', str(path), expected, 'copy it there')
    if not 0 < found.st_size <= most:
        expected = f'1 to {most} bytes'
        raise InputError(f'size of {path.name}', found.st_size, expected, 'make it smaller')
    return file_bytes(real)
