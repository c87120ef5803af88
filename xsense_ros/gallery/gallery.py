# SPDX-License-Identifier: Apache-2.0
"""The gallery: what the robot remembers, and which of it is nearest to a query."""

from __future__ import annotations

import sqlite3
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import GalleryError, InputError
from xsense_ros.gallery.checks import MAX_LABEL, MAX_NAME, check_text, check_vector
from xsense_ros.gallery.index import ExactIndex
from xsense_ros.gallery.item import Hit, Item, KeptView, View
from xsense_ros.gallery.store import (
    Store,
    VectorRow,
    read_dimensions,
    read_forgotten,
    read_names,
    read_vectors,
    read_version,
)

_ROWS_AT_A_TIME = 8192
_NORM_TOLERANCE = 1e-3


class Gallery:
    """A record on disk and, per (space, modality), an exact index of its vectors in memory.

    The record is the truth; the indices only ever follow it, whichever process has changed it.
    May be used from several threads, and several processes may open the same file.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.RLock()
        self._indices: dict[tuple[str, str], ExactIndex] = {}
        self._dimensions: dict[str, int | None] = {}
        self._seen_version = -1
        self._seen_view = 0
        self._seen_forgotten = 0
        self._without: dict[tuple[str, str], tuple[int, int]] = {}
        with store.database.read() as connection:
            self._follow(connection)

    @classmethod
    def open(cls, path: Path | str, fingerprints: Mapping[str, str] | None = None) -> Gallery:
        """Open a gallery, or make an empty one.

        Args:
            path: file, created with its folder where missing; or ':memory:'.
            fingerprints: identity of each space of the encoder in use. None takes what is
                recorded, for listing or for embedding the kept samples with another model.

        Raises:
            GalleryError: the file cannot be opened, is damaged, or holds vectors of another model.
        """
        if str(path) != ':memory:':
            try:
                Path(path).parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                expected = f'a folder that can be made ({error.strerror})'
                raise GalleryError('gallery', str(path), expected, 'give another path') from None
        store = Store(path, fingerprints)
        try:
            return cls(store)
        except GalleryError:
            store.close()
            raise

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def version(self) -> int:
        """Number of changes so far, by any process; 0 for a new gallery."""
        return self._store.version()

    @property
    def size(self) -> int:
        """Number of items."""
        return self._store.count('')

    @property
    def read_only(self) -> bool:
        """The file may not be written: searching works, enrolling does not."""
        return self._store.database.read_only

    def enroll(self, label: str, views: Sequence[View], item_id: str | None = None) -> Item:
        """Remember views. When this returns they are on the disk, all of them.

        Args:
            label: human name; for an item that exists already, its label or ''.
            views: at least one.
            item_id: an item to add to, or the id of a new one; None makes a new item and its id.

        Returns:
            The item as it now stands.

        Raises:
            InputError: label, id, or a view that cannot be stored. Nothing is changed.
            GalleryError: the disk is full, the file read-only or locked. Nothing is changed.
        """
        if label or not item_id:
            check_text('label', label, MAX_LABEL)
        if item_id is not None:
            check_text('item_id', item_id, MAX_NAME)
        stored = self._store.add(label, views, item_id)
        return self._store.item(stored)

    def rename(self, item_id: str, label: str) -> Item:
        """Give an item another label; InputError for an unknown id or an unusable label."""
        check_text('label', label, MAX_LABEL)
        self._store.rename(item_id, label)
        return self._store.item(item_id)

    def forget(self, item_id: str) -> None:
        """Forget an item with all its views; InputError for an unknown id."""
        self._store.remove(item_id)

    def items(
        self, *, containing: str = '', offset: int = 0, limit: int | None = None
    ) -> list[Item]:
        """Items in order of enrolment, those whose label contains a text (case ignored)."""
        return self._store.items(containing, offset, limit)

    def count(self, containing: str = '') -> int:
        """Number of items whose label contains a text (case ignored)."""
        return self._store.count(containing)

    def item(self, item_id: str) -> Item:
        """One item; InputError for an unknown id."""
        return self._store.item(item_id)

    def thumbnail(self, item_id: str) -> bytes | None:
        """JPEG of the item's latest picture, else sketch; InputError for an unknown id."""
        return self._store.thumbnail(item_id)

    def lacking(self, space: str, modality: str, views: Sequence[int]) -> set[int]:
        """Those of some views (ids as in ``Hit``) that have no vector in a space."""
        with self._lock:
            index = self._indices.get((space, modality))
            held = index.snapshot().views if index is not None else np.empty(0, np.int64)
        ids = np.asarray(views, np.int64)
        return {int(view) for view in ids[~np.isin(ids, held)]}

    def views_without(self, space: str, modalities: Sequence[str]) -> int:
        """Number of views of these modalities that cannot be found in a space.

        They were enrolled before its models were in use; rebuilding the gallery adds them.
        """
        return self._store.views_without(space, modalities)

    def is_complete(self, space: str, modality: str) -> bool:
        """Whether every view of a modality has a vector in a space; counted once a version."""
        version = self.version
        known = self._without.get((space, modality))
        if known is None or known[0] != version:
            known = self._without[space, modality] = (
                version,
                self.views_without(space, [modality]),
            )
        return known[1] == 0

    def kept_views(self) -> Iterator[KeptView]:
        """Views whose sample was kept, in order of enrolment, read one at a time.

        With them a gallery can be rebuilt after a change of the model: encode each sample again
        and enrol it, with its item's id and label, in a new gallery.
        """
        return self._store.kept_views()

    def search(self, space: str, modality: str, vector: NDArray[np.float32], k: int) -> list[Hit]:
        """The ``k`` items nearest to a vector, each by its best view, best first.

        Exact; equal scores are in order of enrolment.

        Args:
            space: an embedding space of this gallery.
            modality: only views of this modality are searched.
            vector: float32 (D,) of length 1.
            k: at least 1; fewer items are returned where there are fewer.

        Raises:
            InputError: unknown space, unusable vector or k.
            GalleryError: the record cannot be read.
        """
        if k < 1:
            raise InputError('k', k, 'an integer >= 1', 'ask for at least one match')
        with self._lock:
            with self._store.database.read() as connection:
                self._follow(connection)
            if space not in self._dimensions:
                cure = 'ask in a space that the gallery was opened with'
                raise InputError('space', space, f'one of {sorted(self._dimensions)}', cure)
            check_vector('query vector', vector, self._dimensions[space])
            index = self._indices.get((space, modality))
            if index is None:
                return []
            snapshot = index.snapshot()
        # Outside the lock: other threads may search, and the index may grow, meanwhile.
        found = snapshot.search(vector, k)
        with self._store.database.read() as connection:
            names = read_names(connection, [neighbour.item for neighbour in found])
        # An item may have been forgotten by another process since; it is not an answer any more.
        return [
            Hit(*names[neighbour.item], neighbour.score, neighbour.view)
            for neighbour in found
            if neighbour.item in names
        ]

    def close(self) -> None:
        """Close the file and free the indices; closing twice is harmless."""
        with self._lock:
            self._indices.clear()
            self._store.close()

    def _follow(self, connection: sqlite3.Connection) -> None:
        """Bring the indices up to the record's version, reading only what has changed."""
        version = read_version(connection)
        if version == self._seen_version:
            return
        try:
            self._dimensions = read_dimensions(connection)
            for rows in read_vectors(connection, self._seen_view, _ROWS_AT_A_TIME):
                self._append(rows)
                self._seen_view = rows[-1].view_id
            forgotten = read_forgotten(connection, self._seen_forgotten)
            if forgotten:
                gone = {item for _, item in forgotten}
                for index in self._indices.values():
                    index.remove(gone)
                self._seen_forgotten = forgotten[-1][0]
            self._seen_version = version
        except BaseException:
            # Half a step is no state to go on from: the next search reads everything again.
            self._indices.clear()
            self._seen_version, self._seen_view, self._seen_forgotten = -1, 0, 0
            raise

    def _append(self, rows: Sequence[VectorRow]) -> None:
        groups: dict[tuple[str, str], list[VectorRow]] = defaultdict(list)
        for row in rows:
            groups[row.space, row.modality].append(row)
        for key, group in groups.items():
            vectors = self._decode(key[0], group)
            if key not in self._indices:
                self._indices[key] = ExactIndex(vectors.shape[1])
            self._indices[key].add(
                vectors,
                np.array([row.item for row in group], np.int64),
                np.array([row.view_id for row in group], np.int64),
            )

    def _decode(self, space: str, rows: Sequence[VectorRow]) -> NDArray[np.float32]:
        """Vectors (N, D) of stored rows; a damaged file must not turn into wrong answers."""
        dimension = self._dimensions.get(space) or 0
        data = b''.join(row.vector for row in rows)
        if dimension and all(len(row.vector) == 4 * dimension for row in rows):
            vectors = np.frombuffer(data, '<f4').reshape(-1, dimension)
            norms = np.linalg.norm(vectors, axis=1)
            if np.all(np.abs(norms - 1) <= 2 * _NORM_TOLERANCE):
                return vectors
        raise GalleryError(
            f'gallery {self._store.database.path}',
            f'damaged vectors among views {rows[0].view_id} to {rows[-1].view_id}',
            f'float32 vectors of length 1 and dimension {dimension}',
            'restore the file from a copy, or move it away and enrol again',
        )
