# SPDX-License-Identifier: Apache-2.0
"""The gallery: what the robot remembers, and which of it is nearest to a query."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import GalleryError, InputError
from xsense_ros.gallery.checks import MAX_LABEL, MAX_NAME, check_text, check_time, check_vector
from xsense_ros.gallery.index import ExactIndex, Index
from xsense_ros.gallery.indices import Indices
from xsense_ros.gallery.item import (
    Enrolment,
    Hit,
    Item,
    Undone,
    Vectors,
    View,
)
from xsense_ros.gallery.reader import Reader
from xsense_ros.gallery.reading import read_names, read_vectors_of
from xsense_ros.gallery.store import Store

_ROWS_AT_A_TIME = 8192


class Gallery(Reader):
    """A record on disk and, per (space, modality), an exact index of its vectors in memory.

    The record is the truth; the indices only ever follow it, whichever process has changed it.
    May be used from several threads, and several processes may open the same file.
    """

    def __init__(self, store: Store, new_index: Callable[[int], Index] = ExactIndex) -> None:
        super().__init__(store.database)
        self._store = store
        self._lock = threading.RLock()
        self._indices = Indices(f'gallery {store.database.path}', new_index)
        self._without: dict[tuple[str, str], tuple[int, int]] = {}
        with store.database.read() as connection:
            self._indices.follow(connection)

    @classmethod
    def open(
        cls,
        path: Path | str,
        fingerprints: Mapping[str, str] | None = None,
        new_index: Callable[[int], Index] = ExactIndex,
    ) -> Gallery:
        """Open a gallery, or make an empty one.

        Args:
            path: file, created with its folder where missing; or ':memory:'.
            fingerprints: identity of each space of the encoder in use. None takes what is
                recorded, for listing or for embedding the kept samples with another model.
            new_index: makes the index of a space and modality for vectors of a dimension.

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
            return cls(store, new_index)
        except GalleryError:
            store.close()
            raise

    def __enter__(self) -> Gallery:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

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
        return self.enroll_many([Enrolment(label, views, item_id)])[0]

    def enroll_many(self, enrolments: Sequence[Enrolment]) -> list[Item]:
        """The same for many at once, with one access to the disk: all of them, or nothing.

        Each counts as a change of its own.

        Returns:
            The items as they stood after each enrolment.

        Raises:
            InputError: as ``enroll``.
            GalleryError: as ``enroll``.
        """
        return self._store.add(list(_checked(enrolments)))

    def replace_all(self, enrolments: Iterable[Enrolment]) -> None:
        """Hold this and nothing else: all of it, or nothing is changed. Cannot be undone.

        Raises:
            InputError: as ``enroll``.
            GalleryError: as ``enroll``.
        """
        self._store.replace(_checked(enrolments))

    def rename(self, item_id: str, label: str) -> Item:
        """Give an item another label; InputError for an unknown id or an unusable label."""
        check_text('label', label, MAX_LABEL)
        return self._store.rename(item_id, label)

    def forget(self, item_id: str) -> int:
        """Forget an item with all its views.

        They can be had again with ``undo``, until they leave its log (xsense_ros.gallery.undo).

        Returns:
            The version that this change has led to.

        Raises:
            InputError: unknown id; of an item that somebody else has forgotten, when that was.
        """
        return self._store.remove(item_id)

    def undo(self, version: int = 0) -> Undone:
        """Take back an enrolment, a forgetting or a renaming; or the taking back of one.

        Args:
            version: that the change has led to; 0: of the newest change that stands.

        Raises:
            InputError: no such change in the log, it is taken back already, or its item has
                changed since. Nothing is changed.
        """
        if type(version) is not int or not 0 <= version < 2**63:
            cure = 'give the version that the change was answered with'
            raise InputError('gallery_version', version, 'a version, or 0 for the newest', cure)
        return self._store.undo(version)

    def erase_forgotten(self) -> None:
        """Erase for good what is forgotten, empty the undo log, and make the file smaller."""
        self._store.erase()

    def lacking(self, space: str, modality: str, views: Sequence[int]) -> set[int]:
        """Those of some views (ids as in ``Hit``) that have no vector in a space."""
        with self._lock:
            snapshot = self._indices.snapshot(space, modality)
            held = snapshot.views if snapshot is not None else np.empty(0, np.int64)
        ids = np.asarray(views, np.int64)
        return {int(view) for view in ids[~np.isin(ids, held)]}

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
            with self.database.read() as connection:
                self._indices.follow(connection)
            dimension = self._dimension(space)
            check_vector('query vector', vector, dimension)
            snapshot = self._indices.snapshot(space, modality)
            if snapshot is None:
                return []
        # Outside the lock: other threads may search, and the index may grow, meanwhile.
        found = snapshot.search(vector, k)
        with self.database.read() as connection:
            names = read_names(connection, [neighbour.item for neighbour in found])
        # An item may have been forgotten by another process since; it is not an answer any more.
        return [
            Hit(*names[neighbour.item], neighbour.score, neighbour.view)
            for neighbour in found
            if neighbour.item in names
        ]

    def vectors(self, space: str, modality: str) -> Vectors:
        """All vectors of the views of a modality in a space, in order of enrolment.

        Raises:
            InputError: unknown space.
            GalleryError: the record cannot be read.
        """
        with self._lock, self.database.read() as connection:
            self._indices.follow(connection)
            dimension = self._dimension(space)
            parts = list(read_vectors_of(connection, space, modality, _ROWS_AT_A_TIME))
            names = read_names(connection, list({row.item for rows in parts for row in rows}))
        rows = [row for part in parts for row in part]
        owners = [names[row.item] for row in rows]
        none = np.empty((0, dimension or 0), np.float32)
        return Vectors(
            matrix=np.concatenate([none, *(self._indices.decode(space, one) for one in parts)]),
            item_ids=tuple(item_id for item_id, _ in owners),
            labels=tuple(label for _, label in owners),
            view_ids=tuple(row.view_id for row in rows),
        )

    def close(self) -> None:
        """Close the file and free the indices; closing twice is harmless."""
        with self._lock:
            self._indices.clear()
            self._store.close()

    def _dimension(self, space: str) -> int | None:
        if space not in self._indices.dimensions:
            cure = 'ask in a space that the gallery was opened with'
            expected = f'one of {sorted(self._indices.dimensions)}'
            raise InputError('space', space, expected, cure)
        return self._indices.dimensions[space]


def _checked(enrolments: Iterable[Enrolment]) -> Iterator[Enrolment]:
    for new in enrolments:
        if new.label or not new.item_id:
            check_text('label', new.label, MAX_LABEL)
        if new.item_id is not None:
            check_text('item_id', new.item_id, MAX_NAME)
        check_time('created_ns', new.created_ns)
        yield new
