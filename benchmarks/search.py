# SPDX-License-Identifier: Apache-2.0
"""Search in galleries of 1,000 to 1,000,000 vectors against a bare matrix product.

Exact search costs the same for any vectors, so random ones do. What an approximate index finds
depends on them: it is asked among several views of each thing, as a gallery holds them, and, as
its worst case, among directions without any order.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing
from functools import partial

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.statistics import NotRun, median_row, percentile_rows
from benchmarks.turns import in_turns
from xsense_ros.bench.rows import HIGHER, Row
from xsense_ros.errors import InputError
from xsense_ros.gallery.graph_index import GraphIndex
from xsense_ros.gallery.index import SearchableRows, Snapshot

SIZES = (1_000, 10_000, 100_000, 1_000_000)
DIMENSION, TOP, RUNS, BUDGET = 256, 5, 5, 0.4
# Of the memory that is free, at most so much is taken by the vectors.
_SHARE = 0.4
_AIMED = 100_000
_CHUNK = 50_000
GOALS = {'p50': 'ratio <= 1.2'}
# The graph grows on one core: a million rows would take this benchmark a quarter of an hour.
GRAPH_SIZES = (10_000, 100_000)
_RECALLED, _ASKED, _VIEWS, _SCATTER = 10, 200, 10, 0.6


def run(
    sizes: Sequence[int] = SIZES,
    graph_sizes: Sequence[int] = GRAPH_SIZES,
    runs: int = RUNS,
    budget: float = BUDGET,
) -> list[Row | NotRun]:
    """Exact search beside the numpy bound, and approximate search beside the exact one."""
    rows: list[Row | NotRun] = [*_exact(sizes, runs, budget)]
    try:
        for size in graph_sizes:
            rows += _approximate(size, True, runs, budget)
        rows += _approximate(graph_sizes[0], False, runs, budget)
    except InputError as error:  # usearch is not installed
        rows.append(NotRun('approximate search', str(error)))
    return rows


def _exact(sizes: Sequence[int], runs: int, budget: float) -> list[Row]:
    rows = []
    for size in sizes:
        dimension = fitting_dimension(size, psutil.virtual_memory().available)
        vectors = random_directions(size, dimension)
        snapshot = _snapshot(vectors)
        query = random_directions(1, dimension, seed=1)[0]
        found = {neighbour.item for neighbour in snapshot.search(query, TOP)}
        if found != set(bound(vectors, query).tolist()):
            raise AssertionError('the index and the bare search disagree')
        taken = in_turns(
            {
                'ours': partial(snapshot.search, query, TOP),
                'bare': partial(bound, vectors, query),
            },
            runs=runs,
            budget=budget,
        )
        rows += percentile_rows(
            taken['ours'],
            taken['bare'],
            group='search',
            name=f'{size:,} x {dimension}',
            variant=f'exact, top {TOP}',
            unit='ms',
            reference='numpy: matrix product and argpartition',
            goals=GOALS if size >= _AIMED else {},
        )
    return rows


def _snapshot(vectors: NDArray[np.float32]) -> Snapshot:
    numbers = np.arange(len(vectors))
    return Snapshot(vectors, numbers, numbers)


def _approximate(size: int, ordered: bool, runs: int, budget: float) -> list[Row]:
    if ordered:
        vectors = views_of_things(size)
        asked = near_to(vectors, _ASKED)
    else:
        vectors = random_directions(size, DIMENSION)
        asked = random_directions(_ASKED, DIMENSION, seed=1)
    kind = 'views of things' if ordered else 'random directions'
    row = {'group': 'search', 'name': f'{size:,} x {DIMENSION}', 'variant': f'graph, {kind}'}
    with closing(GraphIndex(DIMENSION, above=0)) as index:
        begun = time.perf_counter()
        grow(index, vectors)
        built = [time.perf_counter() - begun]
        graph, exact = index.snapshot(), _snapshot(vectors)
        calls = {
            'ours': partial(graph.search, asked[0], TOP),
            'bare': partial(exact.search, asked[0], TOP),
        }
        taken = in_turns(calls, runs=runs, budget=budget)
        found = [recall(graph, exact, asked)]
    return [
        *percentile_rows(
            taken['ours'], taken['bare'], unit='ms', reference='our exact search', **row
        ),
        median_row(built, figure='built in', unit='s', **row),
        median_row(
            found,
            figure=f'recall@{_RECALLED}',
            unit='of exact',
            better=HIGHER,
            goal='value >= 0.98' if ordered else '',
            **row,
        ),
    ]


def views_of_things(size: int, seed: int = 0) -> NDArray[np.float32]:
    """Ten views of each thing, scattered around its direction; float32 (size, DIMENSION)."""
    middles = random_directions(-(-size // _VIEWS), DIMENSION, seed)
    return _scattered(np.repeat(middles, _VIEWS, axis=0)[:size], seed + 1)


def near_to(vectors: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Queries: new views of some of the things."""
    rows = np.random.default_rng(2).choice(len(vectors), count)
    return _scattered(vectors[rows], 3)


def _scattered(vectors: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    noise = random_directions(len(vectors), DIMENSION, seed)
    noise *= _SCATTER
    noise += vectors
    noise /= np.linalg.norm(noise, axis=1, keepdims=True)
    return noise


def grow(index: GraphIndex, vectors: NDArray[np.float32]) -> None:
    """Add the rows, each an item of its own, and wait until the graph holds them."""
    numbers = np.arange(len(vectors))
    index.add(vectors, numbers, numbers)
    while not index.is_complete:
        time.sleep(0.01)


def recall(graph: SearchableRows, exact: Snapshot, queries: NDArray[np.float32]) -> float:
    """Share of the nearest rows of exact search that approximate search finds, too."""
    shares = []
    for query in queries:
        right = {neighbour.view for neighbour in exact.search(query, _RECALLED)}
        found = {neighbour.view for neighbour in graph.search(query, _RECALLED)}
        shares.append(len(found & right) / _RECALLED)
    return float(np.mean(shares))


def fitting_dimension(size: int, available: int) -> int:
    """DIMENSION, halved until `size` float32 vectors take at most their share of memory [B]."""
    dimension = DIMENSION
    while dimension > 8 and size * dimension * 4 > _SHARE * available:
        dimension //= 2
    return dimension


def random_directions(size: int, dimension: int, seed: int = 0) -> NDArray[np.float32]:
    """Vectors of length 1, float32 (size, dimension), made without a second copy of them."""
    generator = np.random.default_rng(seed)
    vectors = np.empty((size, dimension), np.float32)
    for start in range(0, size, _CHUNK):
        part = vectors[start : start + _CHUNK]
        generator.random(dtype=np.float32, out=part)
        part -= 0.5
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return vectors


def bound(vectors: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.int64]:
    """Rows of the best TOP: what numpy needs at least."""
    best: NDArray[np.int64] = np.argpartition(vectors @ query, -TOP)[-TOP:]
    return best
