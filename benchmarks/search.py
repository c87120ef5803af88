# SPDX-License-Identifier: Apache-2.0
"""Search in galleries of 1,000 to 1,000,000 vectors against a bare matrix product."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.statistics import percentile_rows
from benchmarks.turns import in_turns
from xsense_ros.bench.rows import Row
from xsense_ros.gallery.index import Snapshot

SIZES = (1_000, 10_000, 100_000, 1_000_000)
DIMENSION, TOP, RUNS, BUDGET = 256, 5, 5, 0.4
# Of the memory that is free, at most so much is taken by the vectors.
_SHARE = 0.4
_AIMED = 100_000
_CHUNK = 50_000
GOALS = {'p50': 'ratio <= 1.2'}


def run(sizes: Sequence[int] = SIZES, runs: int = RUNS, budget: float = BUDGET) -> list[Row]:
    """Exact search, in turns with the numpy bound on the same matrix and the same queries."""
    rows = []
    for size in sizes:
        dimension = fitting_dimension(size, psutil.virtual_memory().available)
        vectors = random_directions(size, dimension)
        owners = np.arange(size)
        snapshot = Snapshot(vectors, owners, np.zeros(size, np.int64))
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
