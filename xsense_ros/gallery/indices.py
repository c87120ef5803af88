# SPDX-License-Identifier: Apache-2.0
"""The indices of a gallery: one per (space, modality), in memory, following the record."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import GalleryError
from xsense_ros.gallery.index import Index, SearchableRows
from xsense_ros.gallery.reading import (
    VectorRow,
    read_dimensions,
    read_keys,
    read_revised,
    read_vectors,
    read_vectors_of,
    read_version,
)

_ROWS_AT_A_TIME = 8192
_NORM_TOLERANCE = 2e-3  # of what was checked when it was enrolled


class Indices:
    """Reads what has changed in the record, whichever process has changed it. Not thread-safe.

    Args:
        name: of the gallery, for errors.
        new_index: makes an empty index for vectors of a dimension. Rows are added to it in
            ascending order of their views.

    Attributes:
        dimensions: of the spaces; None where nothing is enrolled yet.
    """

    def __init__(self, name: str, new_index: Callable[[int], Index]) -> None:
        self._name = name
        self._new_index = new_index
        self._indices: dict[tuple[str, str], Index] = {}
        self.clear()

    def clear(self) -> None:
        """Forget everything: the next ``follow`` reads all of the record."""
        while self._indices:
            self._indices.popitem()[1].close()
        self.dimensions: dict[str, int | None] = {}
        self._seen_version = -1
        self._seen_view = 0
        self._seen_revised = 0

    def follow(self, connection: sqlite3.Connection) -> None:
        """Bring the indices up to the record's version, reading only what has changed.

        Args:
            connection: within a read transaction.

        Raises:
            GalleryError: the record holds damaged vectors.
        """
        version = read_version(connection)
        if version == self._seen_version:
            return
        try:
            self.dimensions = read_dimensions(connection)
            for rows in read_vectors(connection, self._seen_view, _ROWS_AT_A_TIME):
                self._append(rows)
                self._seen_view = rows[-1].view_id
            self._revise(connection)
            self._seen_version = version
        except BaseException:
            # Half a step is no state to go on from.
            self.clear()
            raise

    def snapshot(self, space: str, modality: str) -> SearchableRows | None:
        """The vectors of a space and modality as they are now; None where there never were any."""
        index = self._indices.get((space, modality))
        return None if index is None else index.snapshot()

    def _revise(self, connection: sqlite3.Connection) -> None:
        """Read the items anew that have lost or regained views."""
        revised = read_revised(connection, self._seen_revised)
        if not revised:
            return
        if self._seen_version >= 0:  # else what was just read is as it is now
            items = {item for _, item in revised}
            for index in self._indices.values():
                index.remove(items)
            # Views that are left or back are older than others: these indices begin again.
            for key in read_keys(connection, items):
                if key in self._indices:
                    self._indices.pop(key).close()
                for rows in read_vectors_of(connection, *key, _ROWS_AT_A_TIME):
                    self._add(key, rows)
        self._seen_revised = revised[-1][0]

    def _append(self, rows: Sequence[VectorRow]) -> None:
        groups: dict[tuple[str, str], list[VectorRow]] = defaultdict(list)
        for row in rows:
            groups[row.space, row.modality].append(row)
        for key, group in groups.items():
            self._add(key, group)

    def _add(self, key: tuple[str, str], rows: Sequence[VectorRow]) -> None:
        vectors = self.decode(key[0], rows)
        if key not in self._indices:
            self._indices[key] = self._new_index(vectors.shape[1])
        self._indices[key].add(
            vectors,
            np.array([row.item for row in rows], np.int64),
            np.array([row.view_id for row in rows], np.int64),
        )

    def decode(self, space: str, rows: Sequence[VectorRow]) -> NDArray[np.float32]:
        """Vectors (N, D) of stored rows; a damaged file must not turn into wrong answers."""
        dimension = self.dimensions.get(space) or 0
        data = b''.join(row.vector for row in rows)
        if dimension and all(len(row.vector) == 4 * dimension for row in rows):
            vectors = np.frombuffer(data, '<f4').reshape(-1, dimension)
            norms = np.linalg.norm(vectors, axis=1)
            if np.all(np.abs(norms - 1) <= _NORM_TOLERANCE):
                return vectors
        raise GalleryError(
            self._name,
            f'damaged vectors among views {rows[0].view_id} to {rows[-1].view_id}',
            f'float32 vectors of length 1 and dimension {dimension}',
            'restore the file from a copy, or move it away and enrol again',
        )
