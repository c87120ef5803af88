# SPDX-License-Identifier: Apache-2.0
"""What a gallery on disk costs as it grows: a search with its names, and opening it again."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.search import DIMENSION, TOP, random_directions
from benchmarks.statistics import median_row, percentile_rows
from benchmarks.turns import in_turns
from xsense_ros.bench.rows import Row
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.index import Snapshot
from xsense_ros.gallery.item import Enrolment, View

SIZES = (1_000, 10_000, 100_000)
RUNS, BUDGET = 5, 0.2
SPACE, MODALITY = 'bench', 'image'
_AT_A_TIME = 5_000


def run(sizes: Sequence[int] = SIZES, runs: int = RUNS, budget: float = BUDGET) -> list[Row]:
    """Galleries of so many things, one view each, beside the bare index of the same vectors."""
    return [row for size in sizes for row in _measure(size, runs, budget)]


def _measure(size: int, runs: int, budget: float) -> list[Row]:
    vectors, numbers = random_directions(size, DIMENSION), np.arange(size)
    index, query = Snapshot(vectors, numbers, numbers), random_directions(1, DIMENSION, seed=1)[0]
    row = {'group': 'search', 'name': f'{size:,} x {DIMENSION}', 'variant': f'gallery, top {TOP}'}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / 'gallery.db'
        with Gallery.open(file, {SPACE: 'bench'}) as gallery:
            for part in _enrolments(vectors):
                gallery.enroll_many(part)
        opened = []
        for _ in range(runs):
            begun = time.perf_counter()
            gallery = Gallery.open(file, {SPACE: 'bench'})
            opened.append(time.perf_counter() - begun)
            gallery.close()
        with Gallery.open(file, {SPACE: 'bench'}) as gallery:
            found = [hit.item_id for hit in gallery.search(SPACE, MODALITY, query, TOP)]
            if found != [str(one.item) for one in index.search(query, TOP)]:
                raise AssertionError('the gallery and its index disagree')
            taken = in_turns(
                {
                    'ours': partial(gallery.search, SPACE, MODALITY, query, TOP),
                    'bare': partial(index.search, query, TOP),
                },
                runs=runs,
                budget=budget,
            )
    return [
        *percentile_rows(
            taken['ours'], taken['bare'], unit='ms', reference='the bare index', **row
        ),
        median_row(opened, figure='opened in', unit='s', **row),
    ]


def _enrolments(vectors: NDArray[np.float32]) -> Iterator[list[Enrolment]]:
    for start in range(0, len(vectors), _AT_A_TIME):
        yield [
            Enrolment('thing', [View(MODALITY, {SPACE: vector})], str(number))
            for number, vector in enumerate(vectors[start : start + _AT_A_TIME], start)
        ]
