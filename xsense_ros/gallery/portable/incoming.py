# SPDX-License-Identifier: Apache-2.0
"""Reads a portable gallery, checks all of it, and brings it into a gallery."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.gallery.checks import MAX_LABEL, MAX_NAME, check_text, check_views
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import Enrolment, View
from xsense_ros.gallery.portable.archive import Archive
from xsense_ros.gallery.portable.manifest import PortableItem, PortableView, read_manifest
from xsense_ros.senses.picture_size import check_picture_size

_MAX_THUMBNAIL = 1024 * 1024
_MAX_TEXT = 65536
_ITEMS_AT_A_TIME, _BYTES_AT_A_TIME = 32, 64 * 2**20


class Portable:
    """A portable gallery whose every byte has been checked; as a context manager it is closed.

    Raises:
        GalleryError: it cannot be read, is damaged, contradicts itself, or breaks a rule of
            ``Archive``. The message names what is wrong.
    """

    def __init__(self, path: Path) -> None:
        self._archive = Archive(path)
        try:
            self.manifest = read_manifest(self._archive.manifest(), path.name)
            if self._archive.names != set(self.manifest.sha256):
                odd = sorted(self._archive.names ^ set(self.manifest.sha256))[0]
                raise self._archive.wrong('entry', odd, 'exactly those that the manifest names')
            self._vectors = {name: self._matrix(name) for name in self.manifest.spaces}
            for _ in self.enrolments():
                pass
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Portable:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def fingerprints(self) -> dict[str, str]:
        """Of the spaces of its vectors."""
        return {name: space.fingerprint for name, space in self.manifest.spaces.items()}

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def enrolments(self) -> Iterator[Enrolment]:
        """The items, in order; one with much in it comes in several parts of equal label."""
        dimensions = {name: space.dimension for name, space in self.manifest.spaces.items()}
        for item in self.manifest.items:
            for views in self._portions(item):
                try:
                    check_text('id', item.id, MAX_NAME)
                    check_text('label', item.label, MAX_LABEL)
                    check_views(views, dict(dimensions))
                except InputError as error:
                    what = f'item {item.id}: {error.what}'
                    raise self._archive.wrong(what, error.value, error.expected) from error
                yield Enrolment(item.label, views, item.id, item.created_ns)

    def _portions(self, item: PortableItem) -> Iterator[list[View]]:
        """The views, as many at a time as may be in memory; an empty list for none at all."""
        views: list[View] = []
        for view in item.views:
            views.append(self._view(view))
            if sum(len(one.media or b'') for one in views) > _BYTES_AT_A_TIME:
                yield views
                views = []
        if views or not item.views:
            yield views

    def _view(self, view: PortableView) -> View:
        return View(
            modality=view.modality,
            vectors={name: self._vectors[name][row] for name, row in view.vectors.items()},
            media=self._media(view),
            media_type=view.media_type,
            thumbnail=self._thumbnail(view.thumbnail),
            created_ns=view.created_ns,
            sha256=bytes.fromhex(view.content) or None,
        )

    def _media(self, view: PortableView) -> bytes | None:
        if not view.media:
            return None
        data = self._read(view.media)
        try:
            if view.media_type.startswith('image/'):
                check_picture_size(data)
            elif view.media_type == 'audio/flac' and not data.startswith(b'fLaC'):
                raise InputError('sound', data[:4], 'FLAC', '')
            elif view.media_type == 'text/plain' and len(data.decode()) > _MAX_TEXT:
                raise InputError('text', len(data), f'at most {_MAX_TEXT} bytes', '')
        except (InputError, UnicodeDecodeError) as error:
            expected = f'{view.media_type}, undamaged ({error})'
            raise self._archive.wrong(view.media, f'{len(data)} bytes', expected) from error
        return data

    def _thumbnail(self, name: str) -> bytes | None:
        if not name:
            return None
        data = self._read(name)
        try:
            check_picture_size(data, _MAX_THUMBNAIL)
        except InputError as error:
            raise self._archive.wrong(name, error.value, error.expected) from error
        return data

    def _matrix(self, name: str) -> NDArray[np.float32]:
        space = self.manifest.spaces[name]
        shape = (space.rows, space.dimension)
        told = f'float32 {shape}, as the manifest says'
        # Asked before it is read: a header may promise more than any memory holds.
        if self._archive.size(space.file) > 4 * shape[0] * shape[1] + 4096:
            raise self._archive.wrong(space.file, self._archive.size(space.file), told)
        buffer = io.BytesIO(self._read(space.file))
        try:
            if np.lib.format.read_magic(buffer) != (1, 0):
                raise ValueError('another version of the format')
            found, fortran, dtype = np.lib.format.read_array_header_1_0(buffer)
            if (found, fortran, dtype) != (shape, False, np.dtype('<f4')):
                raise ValueError(f'{dtype} {found}')
            data = buffer.read()
            return np.frombuffer(data, '<f4').reshape(shape).astype(np.float32, copy=False)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:
            raise self._archive.wrong(space.file, str(error), told) from error

    def _read(self, name: str) -> bytes:
        return self._archive.read(name, self.manifest.sha256[name])


@dataclass
class Merged:
    """What a merge has done: items that were new, views that known ones gained, and conflicts.

    A conflict is (id, own label, other label): the own one was kept.
    """

    items: int = 0
    views: int = 0
    known: int = 0
    conflicts: list[tuple[str, str, str]] = field(default_factory=list)


def merge(
    gallery: Gallery, portable: Portable, on_item: Callable[[], None] = lambda: None
) -> Merged:
    """Bring items of a portable gallery into one; what is there stays.

    Items of one id are one item: it keeps its own label, and gains the views that it does not hold
    yet (of the same sense and sample; without samples, the same vectors). Each portion of items is
    on the disk when the next is begun; done again, nothing comes twice.

    Args:
        gallery: opened with the fingerprints of both.
        portable: to bring in.
        on_item: called after each item.

    Raises:
        GalleryError: the gallery cannot be written; what was committed before is safe.
    """
    done = Merged()
    new: set[str] = set()
    waiting: list[Enrolment] = []
    for one in portable.enrolments():
        item_id = one.item_id or ''
        own = None if item_id in new else _own(gallery, item_id)
        if own is None:
            waiting.append(one)
            new.add(item_id)
        else:
            label, held = own
            views = [view for view in one.views if _digest(view) not in held]
            done.known += len(one.views) - len(views)
            done.views += len(views)
            if label != one.label and (item_id, label, one.label) not in done.conflicts:
                done.conflicts.append((item_id, label, one.label))
            if views:
                waiting.append(Enrolment('', views, item_id))
        kept = sum(len(view.media or b'') for each in waiting for view in each.views)
        if len(waiting) >= _ITEMS_AT_A_TIME or kept > _BYTES_AT_A_TIME:
            gallery.enroll_many(waiting)
            waiting = []
        on_item()
    if waiting:
        gallery.enroll_many(waiting)
    done.items = len(new)
    return done


def restore(
    gallery: Gallery, portable: Portable, on_item: Callable[[], None] = lambda: None
) -> None:
    """Make a gallery what a portable one holds, in one step: all of it, or nothing is changed.

    Args:
        gallery: opened with the fingerprints of ``portable``; what it holds is erased.
        portable: to bring in.
        on_item: called for each item.

    Raises:
        GalleryError: the gallery cannot be written.
    """

    def told() -> Iterable[Enrolment]:
        for new in portable.enrolments():
            yield new
            on_item()

    gallery.replace_all(told())


def _own(gallery: Gallery, item_id: str) -> tuple[str, set[bytes]] | None:
    """Label and digests of the views of an item; None where there is none of this id."""
    try:
        label = gallery.item(item_id).label
    except InputError:
        return None
    return label, {_digest(view) for _, view in gallery.records([item_id])}


def _digest(view: View) -> bytes:
    digest = hashlib.sha256(view.modality.encode() + b'\0')
    if view.media is not None:
        digest.update(view.media)
    else:
        for space in sorted(view.vectors):
            digest.update(space.encode() + b'\0' + view.vectors[space].astype('<f4').tobytes())
    return digest.digest()
