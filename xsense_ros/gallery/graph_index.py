# SPDX-License-Identifier: Apache-2.0
"""Approximate nearest neighbours for galleries that are too large to look through.

A navigable graph (HNSW: Malkov and Yashunin, 2018; the implementation is usearch) proposes
candidates, and the exact rows decide among them: scores are those of exact search, and only a
neighbour that the graph never came near can be missed. Rows that the graph does not hold yet are
searched exactly beside it, so there is no moment at which an enrolled view cannot be found.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.gallery.index import ExactIndex, Neighbour, Snapshot, best_items

# Neighbours of a node, and how far a new node and a query look around: recall over speed.
_CONNECTIVITY, _LOOK_ADDING, _LOOK_ASKING = 16, 128, 128
# Rows added between two questions: a question waits for one such portion at most (some 10 ms).
_PORTION = 32
# The graph is built again when more of it has been forgotten than is left.
_LEAST_ALIVE = 0.5


def check_available() -> None:
    """InputError where usearch is not installed."""
    if importlib.util.find_spec('usearch') is None:
        raise InputError(
            'approximate_above',
            'set',
            'the package usearch beside it',
            'pip install "usearch<2.22", or set approximate_above to 0 (exact search)',
        )


class _Graph:
    """The graph and what it holds. Thread-safe; its keys are the numbers of rows, ascending."""

    def __init__(self, dimension: int) -> None:
        from usearch.index import Index

        self._lock = threading.Lock()
        # Half precision halves the memory; the exact rows decide, so no score is rounded.
        self._index: Any = Index(
            ndim=dimension,
            metric='ip',
            dtype='f16',
            connectivity=_CONNECTIVITY,
            expansion_add=_LOOK_ADDING,
            expansion_search=_LOOK_ASKING,
        )
        self.newest = -1  # every living row up to this one is in the graph

    def __len__(self) -> int:
        return len(self._index)

    def add(self, numbers: NDArray[np.int64], vectors: NDArray[np.float32]) -> None:
        with self._lock:
            self._index.add(numbers, vectors, threads=1)
            self.newest = int(numbers[-1])

    def near(self, vector: NDArray[np.float32], count: int) -> tuple[NDArray[np.int64], int]:
        """Rows near to a vector, and up to which row the graph knew them all."""
        with self._lock:
            if not len(self._index):
                return np.empty(0, np.int64), self.newest
            self._index.expansion_search = max(_LOOK_ASKING, count)
            found = self._index.search(vector, count, threads=1)
            return found.keys.astype(np.int64), self.newest


@dataclass(frozen=True)
class GraphSnapshot:
    """The rows of an index at one moment, and a graph that knows some of them.

    ``rows`` are numbered in place of their views; ``ids`` int64 are the views by number.
    """

    rows: Snapshot
    ids: NDArray[np.int64]
    graph: _Graph | None

    @property
    def views(self) -> NDArray[np.int64]:
        """Ids of the views of all rows, int64 (N,)."""
        return self.ids[self.rows.views]

    def search(self, vector: NDArray[np.float32], k: int) -> list[Neighbour]:
        """The ``k`` items whose best row has (nearly always) the highest inner product.

        Scores are exact. Equal scores are ordered by row, that is by time of enrolment.
        """
        found = self._near(self.graph, vector, k) if self.graph is not None else None
        if found is None:
            found = self.rows.search(vector, k)
        return [replace(one, view=int(self.ids[one.view])) for one in found]

    def _near(self, graph: _Graph, vector: NDArray[np.float32], k: int) -> list[Neighbour] | None:
        """As ``search``; None where nearly everything would have to be looked at."""
        numbers = self.rows.views
        wanted = 4 * k + 32
        while wanted < len(numbers) / 2:
            near, newest = graph.near(vector, wanted)
            place = np.searchsorted(numbers, near)
            known = place < len(numbers)
            known[known] = numbers[place[known]] == near[known]  # others have been forgotten
            # Not in the graph yet: looked through one by one.
            beyond = np.arange(np.searchsorted(numbers, newest, 'right'), len(numbers))
            candidates = np.concatenate([place[known], beyond])
            candidates.sort()
            scores = self.rows.vectors[candidates] @ vector
            found = best_items(candidates, scores, self.rows, k)
            if len(found) == k or len(near) < wanted:
                return found
            wanted *= 4
        return None


class GraphIndex:
    """An exact index, with a graph beside it once it holds more than ``above`` rows.

    The graph grows in a thread of its own, on one core.

    Args:
        dimension: D of the vectors.
        above: rows up to which exact search is used alone.

    Raises:
        InputError: usearch is not installed.
    """

    def __init__(self, dimension: int, above: int) -> None:
        check_available()
        self._dimension, self._above = dimension, above
        # Its rows are numbered in the order in which they came: a view that was forgotten and
        # comes back has the id that it had before, and would be taken for a known one.
        self._exact = ExactIndex(dimension)
        self._ids = np.empty(0, np.int64)
        self._numbered = 0
        self._graph: _Graph | None = None
        self._grower: threading.Thread | None = None
        self._lock = threading.Lock()
        self._closed = False

    def __len__(self) -> int:
        return len(self._exact)

    @property
    def is_complete(self) -> bool:
        """Whether the graph holds every row, or none is needed."""
        numbers = self._exact.snapshot().views
        return len(numbers) <= self._above or (
            self._graph is not None and self._graph.newest >= int(numbers[-1])
        )

    def add(
        self, vectors: NDArray[np.float32], items: NDArray[np.int64], views: NDArray[np.int64]
    ) -> None:
        """Append rows: vectors (N, D) of items (N,) and views (N,)."""
        with self._lock:
            end = self._numbered + len(views)
            if end > len(self._ids):
                self._ids = np.concatenate([self._ids, np.empty(end, np.int64)])
            self._ids[self._numbered : end] = views
            self._exact.add(vectors, items, np.arange(self._numbered, end))
            self._numbered = end
            self._grow()

    def remove(self, items: Collection[int]) -> None:
        """Drop all rows of these items; the graph forgets them when it is built again."""
        with self._lock:
            self._exact.remove(items)
            if self._graph is not None and len(self) < _LEAST_ALIVE * len(self._graph):
                self._graph = None
                self._grow()

    def snapshot(self) -> GraphSnapshot:
        """The rows as they are now, without copying them."""
        with self._lock:
            return GraphSnapshot(self._exact.snapshot(), self._ids, self._graph)

    def close(self) -> None:
        """Stop growing; closing twice is harmless."""
        with self._lock:
            self._closed = True
            grower = self._grower
        if grower is not None:
            grower.join()

    def _grow(self) -> None:
        if len(self) <= self._above or self._closed:
            return
        if self._graph is None:
            self._graph = _Graph(self._dimension)
        if self._grower is None:
            self._grower = threading.Thread(target=self._catch_up, name='graph', daemon=True)
            self._grower.start()

    def _catch_up(self) -> None:
        while True:
            with self._lock:
                graph = self._graph
                rows = self._exact.snapshot()
                first = np.searchsorted(rows.views, graph.newest, 'right') if graph else 0
                if graph is None or self._closed or first == len(rows.views):
                    self._grower = None
                    return
            part = slice(first, first + _PORTION)
            graph.add(rows.views[part], rows.vectors[part])
