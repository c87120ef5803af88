# SPDX-License-Identifier: Apache-2.0
"""What an index is, and exact nearest neighbours over one growing matrix."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.scratch import Scratch

_FIRST_CAPACITY = 256


@dataclass(frozen=True)
class Neighbour:
    """An item's best row: the row's owner and view, and its inner product with the query."""

    item: int
    view: int
    score: float


@dataclass(frozen=True)
class Snapshot:
    """The rows of an index at one moment; later changes of the index do not touch it.

    ``vectors`` float32 (N, D), ``items`` and ``views`` int64 (N,); ``scratch`` is memory of the
    searches, 9 N bytes for each thread that searches.
    """

    vectors: NDArray[np.float32]
    items: NDArray[np.int64]
    views: NDArray[np.int64]
    scratch: Scratch = field(default_factory=Scratch, repr=False, compare=False)

    def search(self, vector: NDArray[np.float32], k: int) -> list[Neighbour]:
        """The ``k`` items whose best row has the highest inner product with ``vector`` (D,).

        Exact. Equal scores are ordered by row, that is by time of enrolment.
        """
        total = len(self.vectors)
        scores = self.scratch.array('scores', (total,), np.float32)
        np.matmul(self.vectors, vector, out=scores)
        # Items have several rows: look at some more rows than asked for, and widen until k
        # different items are among them. The first k owners in order of score are then the answer.
        wanted = min(total, 2 * k + 8)
        while True:
            found = self._best_of_top(scores, wanted, k)
            if len(found) == k or wanted == total:
                return found
            wanted = min(total, 4 * wanted)

    def _best_of_top(self, scores: NDArray[np.float32], wanted: int, k: int) -> list[Neighbour]:
        total = len(scores)
        if wanted < total:
            # All rows that equal the last wanted one are taken, so that ties do not depend on
            # the order in which a partition happens to leave them.
            ordered = self.scratch.array('ordered', (total,), np.float32)
            np.copyto(ordered, scores)
            ordered.partition(total - wanted)
            high = self.scratch.array('high', (total,), np.bool_)
            rows = np.flatnonzero(np.greater_equal(scores, ordered[total - wanted], out=high))
        else:
            rows = np.arange(total)
        return best_items(rows, scores[rows], self, k)


def best_items(
    rows: NDArray[np.int64], scores: NDArray[np.float32], among: Snapshot, k: int
) -> list[Neighbour]:
    """The first ``k`` owners of some rows in order of score; equal scores in order of row.

    Args:
        rows: places in ``among``, int64 (R,), ascending.
        scores: of these rows, float32 (R,).
        among: whose rows they are.
        k: at most so many.
    """
    order = np.argsort(-scores, kind='stable')
    first = np.unique(among.items[rows[order]], return_index=True)[1]
    best = order[np.sort(first)[:k]]
    return [
        Neighbour(
            int(among.items[rows[place]]), int(among.views[rows[place]]), float(scores[place])
        )
        for place in best
    ]


class Index(Protocol):
    """Rows (vector, item, view) that can be searched; see ``ExactIndex``."""

    def __len__(self) -> int:
        """Number of rows."""
        ...

    def add(
        self, vectors: NDArray[np.float32], items: NDArray[np.int64], views: NDArray[np.int64]
    ) -> None:
        """Append rows."""
        ...

    def remove(self, items: Collection[int]) -> None:
        """Drop all rows of these items."""
        ...

    def snapshot(self) -> SearchableRows:
        """The rows as they are now."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class SearchableRows(Protocol):
    """Rows at one moment."""

    @property
    def views(self) -> NDArray[np.int64]:
        """Ids of the views of all rows, int64 (N,)."""
        ...

    def search(self, vector: NDArray[np.float32], k: int) -> list[Neighbour]:
        """The ``k`` items nearest to a vector (D,)."""
        ...


class ExactIndex:
    """Rows (vector, item, view) in one matrix that doubles when it is full.

    Not thread-safe; snapshots may be searched from other threads while the index changes.

    Args:
        dimension: D of the vectors.
    """

    def __init__(self, dimension: int) -> None:
        self._vectors = np.empty((_FIRST_CAPACITY, dimension), np.float32)
        self._items = np.empty(_FIRST_CAPACITY, np.int64)
        self._views = np.empty(_FIRST_CAPACITY, np.int64)
        self._count = 0
        self._scratch = Scratch()

    def __len__(self) -> int:
        return self._count

    def add(
        self, vectors: NDArray[np.float32], items: NDArray[np.int64], views: NDArray[np.int64]
    ) -> None:
        """Append rows: vectors (N, D) of items (N,) and views (N,)."""
        end = self._count + len(vectors)
        if end > len(self._vectors):
            self._resize(max(end, 2 * len(self._vectors)))
        self._vectors[self._count : end] = vectors
        self._items[self._count : end] = items
        self._views[self._count : end] = views
        self._count = end

    def remove(self, items: Collection[int]) -> None:
        """Drop all rows of these items."""
        rows = slice(0, self._count)
        keep = np.flatnonzero(~np.isin(self._items[rows], list(items)))
        if len(keep) == self._count:
            return
        # Fresh arrays: a snapshot that is being searched keeps the old ones.
        self._vectors = self._vectors[keep]
        self._items = self._items[keep]
        self._views = self._views[keep]
        self._count = len(keep)

    def snapshot(self) -> Snapshot:
        """The rows as they are now, without copying them."""
        rows = slice(0, self._count)
        return Snapshot(self._vectors[rows], self._items[rows], self._views[rows], self._scratch)

    def close(self) -> None:
        """Nothing to stop."""

    def _resize(self, capacity: int) -> None:
        rows = slice(0, self._count)
        vectors = np.empty((capacity, self._vectors.shape[1]), np.float32)
        items, views = np.empty(capacity, np.int64), np.empty(capacity, np.int64)
        vectors[rows], items[rows], views[rows] = (
            self._vectors[rows],
            self._items[rows],
            self._views[rows],
        )
        self._vectors, self._items, self._views = vectors, items, views
