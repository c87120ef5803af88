# SPDX-License-Identifier: Apache-2.0
"""The exact index against brute force."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from xsense_ros.gallery.index import ExactIndex

D = 3
# Small whole numbers: float32 products are exact and ties are frequent.
VALUES = st.integers(-2, 2).map(float)


def brute_force(rows, vector, k):
    best = {}
    for position, (row, item, view) in enumerate(rows):
        score = sum(float(a) * float(b) for a, b in zip(row, vector, strict=True))
        if item not in best or score > best[item][0]:
            best[item] = (score, position, view)
    ranked = sorted(best.items(), key=lambda entry: (-entry[1][0], entry[1][1]))
    return [(item, view, score) for item, (score, _, view) in ranked[:k]]


def filled(matrix, owners):
    index = ExactIndex(D)
    rows = []
    for view, (row, item) in enumerate(zip(matrix, owners, strict=True)):
        index.add(row[None], np.array([item]), np.array([view]))
        rows.append((row, item, view))
    return index, rows


def found(index, vector, k):
    return [(n.item, n.view, n.score) for n in index.snapshot().search(vector, k)]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_best_view_per_item_equals_brute_force_also_with_ties_and_after_removal(data):
    count = data.draw(st.integers(0, 60))
    matrix = data.draw(arrays(np.float32, (count, D), elements=VALUES))
    owners = data.draw(st.lists(st.integers(0, 8), min_size=count, max_size=count))
    vector = data.draw(arrays(np.float32, D, elements=VALUES))
    k = data.draw(st.integers(1, 12))
    index, rows = filled(matrix, owners)
    assert found(index, vector, k) == brute_force(rows, vector, k)
    gone = data.draw(st.sets(st.integers(0, 8)))
    index.remove(gone)
    assert found(index, vector, k) == brute_force(
        [row for row in rows if row[1] not in gone], vector, k
    )


def test_one_item_with_very_many_of_the_best_views():
    """The first look at the top holds one owner only; the search has to widen."""
    matrix = np.vstack([np.full((500, D), 2), np.eye(D)]).astype(np.float32)
    index, rows = filled(matrix, [0] * 500 + [1, 2, 3])
    vector = np.array([3, 2, 1], np.float32)
    assert found(index, vector, 3) == brute_force(rows, vector, 3)
    assert [item for item, _, _ in found(index, vector, 3)] == [0, 1, 2]


def test_snapshot_is_not_touched_by_later_changes():
    index, _ = filled(np.eye(D, dtype=np.float32), [0, 1, 2])
    snapshot = index.snapshot()
    index.remove([0])
    index.add(np.full((600, D), 9, np.float32), np.arange(600), np.arange(600))
    assert [n.item for n in snapshot.search(np.array([3, 2, 1], np.float32), 9)] == [0, 1, 2]
    assert len(index) == 602


def test_growing_copies_each_row_a_few_times_at_most(monkeypatch):
    index = ExactIndex(4)
    copied = []
    resize = ExactIndex._resize

    def counted(self, capacity):
        copied.append(len(self))
        resize(self, capacity)

    monkeypatch.setattr(ExactIndex, '_resize', counted)
    row, one = np.ones((1, 4), np.float32), np.array([1])
    for _ in range(20_000):
        index.add(row, one, one)
    assert sum(copied) < 2 * len(index) and len(copied) < 10
