# SPDX-License-Identifier: Apache-2.0
"""Writes a gallery, or some items of it, as one portable file."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import time
import zipfile
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import GalleryError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import Item, View
from xsense_ros.gallery.portable.archive import MANIFEST
from xsense_ros.gallery.portable.manifest import (
    Manifest,
    PortableItem,
    PortableSpace,
    PortableView,
)

_ENDINGS = {'image/png': 'png', 'image/jpeg': 'jpg', 'audio/flac': 'flac', 'text/plain': 'txt'}


def export_gallery(
    gallery: Gallery,
    path: Path,
    item_ids: Collection[str] | None = None,
    on_view: Callable[[], None] = lambda: None,
) -> int:
    """Write all items, or some, as one state of the gallery; returns their number.

    The file appears under its name when it is complete and on the disk.

    Args:
        gallery: open; others may change it meanwhile.
        path: of the file; one that is there is replaced.
        item_ids: of the items; None for all.
        on_view: called after each view.

    Raises:
        InputError: an unknown id.
        GalleryError: the disk is full, or the folder cannot be written.
    """
    unfinished = path.with_name(f'.{path.name}.{os.getpid()}')
    try:
        with _translated(path):
            with unfinished.open('wb') as file:
                with zipfile.ZipFile(file, 'w', zipfile.ZIP_STORED) as archive:
                    count = _Writer(archive).write(gallery, item_ids, on_view)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        return count
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()


class _Writer:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._sha256: dict[str, str] = {}
        self._vectors: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
        self._count = 0

    def write(
        self, gallery: Gallery, item_ids: Collection[str] | None, on_view: Callable[[], None]
    ) -> int:
        version, fingerprints = gallery.version, gallery.spaces
        items: dict[str, tuple[Item, list[PortableView]]] = {}
        for item, view in gallery.records(item_ids):
            items.setdefault(item.item_id, (item, []))[1].append(self._view(view))
            on_view()
        manifest = Manifest(
            gallery_version=version,
            created_ns=time.time_ns(),
            spaces={
                name: self._space(number, fingerprints[name], rows)
                for number, (name, rows) in enumerate(sorted(self._vectors.items()))
            },
            items=tuple(
                PortableItem(item.item_id, item.label, item.created_ns, tuple(views))
                for item, views in items.values()
            ),
            sha256=self._sha256,
        )
        self._archive.writestr(MANIFEST, manifest.to_json(), zipfile.ZIP_DEFLATED)
        return len(items)

    def _view(self, view: View) -> PortableView:
        self._count += 1
        media = thumbnail = ''
        if view.media is not None:
            media = self._entry(f'views/{self._count}.{_ENDINGS[view.media_type]}', view.media)
        if view.thumbnail is not None:
            thumbnail = self._entry(f'thumbnails/{self._count}.jpg', view.thumbnail)
        rows = {}
        for space, vector in view.vectors.items():
            rows[space] = len(self._vectors[space])
            self._vectors[space].append(vector)
        content = '' if view.sha256 is None else view.sha256.hex()
        times = view.created_ns
        return PortableView(view.modality, times, media, view.media_type, thumbnail, content, rows)

    def _space(
        self, number: int, fingerprint: str, rows: list[NDArray[np.float32]]
    ) -> PortableSpace:
        matrix = np.stack(rows).astype('<f4')
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, matrix, allow_pickle=False)
        file = self._entry(f'vectors/{number}.npy', buffer.getvalue())
        return PortableSpace(fingerprint, matrix.shape[1], file, matrix.shape[0])

    def _entry(self, name: str, data: bytes) -> str:
        self._archive.writestr(name, data)
        self._sha256[name] = hashlib.sha256(data).hexdigest()
        return name


@contextlib.contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        expected = f'a file that can be written ({error.strerror})'
        cure = 'free some space, or give another path; the gallery itself is untouched'
        raise GalleryError('portable gallery', str(path), expected, cure) from error
