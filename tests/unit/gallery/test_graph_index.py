# SPDX-License-Identifier: Apache-2.0
"""The approximate index: near to the exact one, and never behind what was enrolled."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

pytest.importorskip('usearch', reason='approximate search: pip install "usearch<2.22"')

from xsense_ros.errors import InputError
from xsense_ros.gallery import graph_index
from xsense_ros.gallery.graph_index import GraphIndex, GraphSnapshot
from xsense_ros.gallery.index import ExactIndex

D, VIEWS = 32, 4


def views_of_things(things: int, seed: int = 0):
    """Several views of each thing around its own direction: (N, D), items, ascending view ids."""
    rng = np.random.default_rng(seed)
    middles = rng.standard_normal((things, D))
    rows = np.repeat(middles, VIEWS, 0) + 0.5 * rng.standard_normal((things * VIEWS, D))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    items = np.repeat(np.arange(things), VIEWS)
    return rows.astype(np.float32), items, 10 + 3 * np.arange(len(rows))


def grown(index: GraphIndex) -> GraphIndex:
    deadline = time.monotonic() + 60
    while not index.is_complete:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return index


def queries(rows, count=60):
    rng = np.random.default_rng(9)
    asked = rows[rng.choice(len(rows), count)] + 0.1 * rng.standard_normal((count, D))
    return (asked / np.linalg.norm(asked, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope='module')
def pair():
    rows, items, views = views_of_things(1500)
    exact, graph = ExactIndex(D), GraphIndex(D, above=100)
    for index in (exact, graph):
        index.add(rows, items, views)
    yield exact, grown(graph), rows
    graph.close()


def test_nearly_always_what_exact_search_finds_and_scores_are_exact(pair) -> None:
    exact, graph, rows = pair
    assert isinstance(graph.snapshot(), GraphSnapshot)
    np.testing.assert_array_equal(graph.snapshot().views, exact.snapshot().views)
    same = total = 0
    for vector in queries(rows):
        truth = {n.item: n for n in exact.snapshot().search(vector, 10)}
        found = graph.snapshot().search(vector, 10)
        assert len(found) == 10 and len({n.item for n in found}) == 10
        assert [n.score for n in found] == sorted((n.score for n in found), reverse=True)
        for neighbour in found:
            row = int(np.searchsorted(exact.snapshot().views, neighbour.view))
            assert neighbour.score == pytest.approx(float(rows[row] @ vector), abs=1e-6)
        same += sum(n.item in truth for n in found)
        total += 10
    assert same / total >= 0.98


def test_what_was_just_added_is_found_before_the_graph_holds_it(monkeypatch) -> None:
    held = threading.Event()
    catch_up = GraphIndex._catch_up
    monkeypatch.setattr(GraphIndex, '_catch_up', lambda self: held.wait(60) and catch_up(self))
    rows, items, views = views_of_things(200)
    index = GraphIndex(D, above=10)
    index.add(rows, items, views)
    assert not index.is_complete
    for row in (0, 399, 799):
        (first,) = index.snapshot().search(rows[row], 1)
        assert (first.item, first.view) == (items[row], views[row])
    held.set()
    grown(index).close()


def test_what_was_forgotten_is_not_found_and_the_graph_is_built_again(pair) -> None:
    rows, items, views = views_of_things(300)
    index = GraphIndex(D, above=10)
    index.add(rows, items, views)
    grown(index)
    first = index._graph
    index.remove([7])
    assert 7 not in {n.item for n in index.snapshot().search(rows[7 * VIEWS], 20)}
    assert index._graph is first
    index.remove(range(200))
    assert grown(index)._graph is not first
    found = index.snapshot().search(rows[250 * VIEWS], 3)
    assert found[0].item == 250 and all(n.item >= 200 for n in found)
    index.close()
    index.close()


def test_what_comes_back_after_it_was_forgotten_is_found_again() -> None:
    rows, items, views = views_of_things(300)
    index = GraphIndex(D, above=10)
    index.add(rows, items, views)
    grown(index).remove([7])
    back = slice(7 * VIEWS, 8 * VIEWS)
    index.add(rows[back], items[back], views[back])
    for _ in range(2):  # before and after the graph holds it again
        (first,) = index.snapshot().search(rows[7 * VIEWS], 1)
        assert (first.item, first.view) == (7, views[7 * VIEWS])
        grown(index)
    index.close()


def test_one_thing_with_very_many_of_the_nearest_views() -> None:
    rows, items, _ = views_of_things(300)
    same = np.tile(rows[:1], (400, 1))
    index = GraphIndex(D, above=10)
    index.add(np.vstack([same, rows]), np.r_[np.full(400, 999), items], np.arange(400 + len(rows)))
    found = grown(index).snapshot().search(rows[0], 3)
    assert found[0].item == 999 and len({n.item for n in found}) == 3
    index.close()


def test_small_galleries_stay_exact() -> None:
    rows, items, views = views_of_things(5)
    index = GraphIndex(D, above=100)
    index.add(rows, items, views)
    assert index.is_complete and index._graph is None
    assert index.snapshot().search(rows[4], 1)[0].item == items[4]


def test_missing_package_is_named(monkeypatch) -> None:
    monkeypatch.setattr(graph_index.importlib.util, 'find_spec', lambda name: None)
    with pytest.raises(InputError, match='pip install'):
        GraphIndex(D, above=1)
