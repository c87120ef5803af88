# SPDX-License-Identifier: Apache-2.0
"""Search among 100,000 items against a bare matrix product and argpartition."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.report import Result, percentile
from xsense_ros.gallery.index import ExactIndex

ITEMS, DIMENSION, TOP = 100_000, 256, 5
ROUNDS = 60


def run() -> list[Result]:
    """Alternate both on fresh queries, so that drift of the machine hits them alike."""
    generator = np.random.default_rng(0)
    vectors = generator.standard_normal((ITEMS, DIMENSION), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = ExactIndex(DIMENSION)
    index.add(vectors, np.arange(ITEMS), np.arange(ITEMS))

    ours: list[float] = []
    bare: list[float] = []
    for query in generator.standard_normal((ROUNDS, DIMENSION), dtype=np.float32):
        start = time.perf_counter()
        found = index.snapshot().search(query, TOP)
        ours.append(time.perf_counter() - start)

        start = time.perf_counter()
        scores = vectors @ query
        best = np.argpartition(scores, -TOP)[-TOP:]
        bare.append(time.perf_counter() - start)
        if {neighbour.item for neighbour in found} != set(best.tolist()):
            raise AssertionError('the index and the bare search disagree')

    ratio = percentile(ours, 50) / percentile(bare, 50)
    return [
        Result(
            name=f'search among {ITEMS:,} items ({DIMENSION}-d, top {TOP})',
            ours=f'{percentile(ours, 50) * 1e3:.2f} ms p50',
            bare=f'{percentile(bare, 50) * 1e3:.2f} ms p50: matmul + argpartition',
            figure=f'{ratio:.2f} x',
            goal='<= 1.2 x',
            met=ratio <= 1.2,
            samples=ROUNDS,
        )
    ]
