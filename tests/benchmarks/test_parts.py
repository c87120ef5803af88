# SPDX-License-Identifier: Apache-2.0
"""A tiny run of what is measured without ROS, on toy bundles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from benchmarks import growth, importing, large_tower, preprocessing, search, towers
from benchmarks.large_tower_files import pictures
from benchmarks.peak_memory import peak_mb
from benchmarks.statistics import NotRun
from benchmarks.subjects import REFERENCE, subjects
from benchmarks.torch_eager import TORCH, TorchEager
from tests.toy import toy_bundle
from tests.toy_matcher import toy_matcher_bundle
from xsense_ros.bench.rows import Row
from xsense_ros.engines.backends import BACKENDS
from xsense_ros.engines.bundle import SEARCH_PATH_VARIABLE
from xsense_ros.errors import EngineError
from xsense_ros.gallery.index import Snapshot

TOYS = ('bench-senses', 'bench-matcher')


@pytest.fixture(autouse=True)
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    toy_bundle(tmp_path / TOYS[0])
    toy_matcher_bundle(tmp_path / TOYS[1])
    monkeypatch.setenv(SEARCH_PATH_VARIABLE, str(tmp_path))
    yield


def test_every_tower_of_every_bundle_is_a_subject() -> None:
    assert sorted(one.modality for one in subjects(TOYS)) == [
        'image', 'search', 'sound', 'template', 'text',
    ]  # fmt: skip
    named = {one.bundle.path.name for one in subjects()}
    assert set(TOYS) | {'image-sound-text', 'visible-infrared'} <= named


def test_towers_on_every_backend() -> None:
    found = towers.run(TOYS, runs=2, budget=0.0, throughput_seconds=0.0)
    rows = {(row.name, row.variant, row.figure): row for row in found if isinstance(row, Row)}
    not_run = {one.name for one in found if isinstance(one, NotRun)}
    names = {name for name, _, _ in rows}
    assert len(names) == 5
    for name in names:
        for figure in ('p50', 'p95', 'p99', 'throughput', 'memory'):
            row = rows[name, REFERENCE, figure]
            assert row.value > 0
            assert row.ratio == 1.0
        # A backend has figures, or there is a reason why not.
        for backend in (*BACKENDS, TORCH):
            told = (name, backend, 'p50') in rows
            assert told != bool({backend, f'{backend}: {name}'} & not_run), (name, backend)


def test_torch_gives_what_onnx_runtime_gives() -> None:
    pytest.importorskip('torch')
    shipped = [one for one in subjects() if one.bundle.path.name not in TOYS]
    assert shipped
    for subject in shipped:
        bare, inputs = subject.load(REFERENCE), subject.prepare()
        ours, right = TorchEager.of(subject, bare)(inputs), bare(inputs)
        bare.close()
        for name, value in right.items():
            scale = max(1.0, np.abs(value).max())
            np.testing.assert_allclose(ours[name], value, rtol=0, atol=1e-3 * scale)


def test_exporting_a_large_trunk_is_measured_beside_its_module() -> None:
    pytest.importorskip('torch')
    wanted = large_tower.Wanted('ratio <= 0.5', float_first=1)
    found = large_tower.run({'squeezenet1_1': wanted}, side=64, runs=2, budget=0.0)
    rows = [row for row in found if isinstance(row, Row)]
    told = {row.variant: row for row in rows if row.figure == 'p50'}
    eager = {large_tower.EAGER, large_tower.EAGER_LAST}
    assert {REFERENCE, 'onnxruntime:int8', *eager} <= set(told)
    assert all(row.value > 0 for row in told.values())
    assert told[large_tower.EAGER].ratio == 1.0
    # The goal is for the fastest of those that can run; the others say why they cannot.
    exported = {name: row for name, row in told.items() if name not in eager}
    fastest = min(exported.values(), key=lambda row: row.value)
    assert [row for row in rows if row.goal] == [fastest]
    not_run = {one.name for one in found if isinstance(one, NotRun)}
    for backend in large_tower.EXPORTED:
        assert (backend in exported) != (f'large trunks on {backend}' in not_run)
    cosines = {row.variant: row.value for row in rows if row.figure == 'cosine'}
    assert set(cosines) == {*exported, large_tower.OTHERS}
    assert cosines[REFERENCE] > 0.9999 > cosines['onnxruntime:int8'] > 0.9


def test_pictures_to_fit_with_are_not_those_to_judge_with() -> None:
    fitted, judged = pictures(3, 32), pictures(3, 32, first=1)
    assert [one.shape for one in (*fitted, *judged)] == 6 * [(1, 3, 32, 32)]
    assert not any(np.array_equal(one, other) for one in fitted for other in judged)


def test_torch_refuses_what_it_does_not_know() -> None:
    pytest.importorskip('torch')
    old = next(one for one in subjects(TOYS) if one.modality == 'search')
    with pytest.raises(EngineError, match=TORCH):
        TorchEager.of(old, old.load(REFERENCE))


def test_preprocessing() -> None:
    rows = preprocessing.run(TOYS, runs=2, budget=0.0)
    assert len({row.name for row in rows}) == 5
    assert all(row.value > 0 and row.ratio for row in rows)


def test_importing() -> None:
    (row,) = importing.run(pictures=8, runs=2, bundles=TOYS[:1])
    assert row.value > 0 and row.ratio is not None and row.goal == 'ratio >= 0.8'


def test_search() -> None:
    pytest.importorskip('usearch', reason='approximate search: pip install "usearch<2.22"')
    rows = search.run((50, 2_000), (1_000,), runs=2, budget=0.0)
    told = {(row.name, row.variant): row for row in rows if row.figure == 'p50'}
    assert list(told) == [
        ('50 x 256', 'exact, top 5'),
        ('2,000 x 256', 'exact, top 5'),
        ('1,000 x 256', 'graph, views of things'),
        ('1,000 x 256', 'graph, random directions'),
    ]
    assert all(row.ratio for row in told.values())
    recalled = [row.value for row in rows if row.figure == 'recall@10']
    assert 0.98 <= recalled[0] <= 1.0 and 0.0 < recalled[1] <= recalled[0]


def test_recall_is_the_share_of_what_exact_search_finds() -> None:
    vectors = search.views_of_things(100)
    asked = search.near_to(vectors, 5)
    numbers = np.arange(100)
    exact = Snapshot(vectors, numbers, numbers)
    np.testing.assert_allclose(np.linalg.norm(asked, axis=1), 1.0, rtol=1e-5)
    assert search.recall(exact, exact, asked) == 1.0
    half = Snapshot(vectors[:50], numbers[:50], numbers[:50])
    best = [set(np.argsort(-(vectors @ query))[:10]) for query in asked]
    expected = np.mean([len({row for row in rows if row < 50}) / 10 for rows in best])
    assert search.recall(half, exact, asked) == pytest.approx(expected)


def test_gallery_on_disk_beside_its_index() -> None:
    rows = growth.run((60,), runs=2, budget=0.0)
    told = {row.figure: row for row in rows}
    assert set(told) == {'p50', 'p95', 'p99', 'opened in'}
    assert told['p50'].ratio and told['opened in'].value > 0


def test_search_takes_fewer_dimensions_where_memory_is_short() -> None:
    assert search.fitting_dimension(1_000_000, 8_000_000_000) == 256
    assert search.fitting_dimension(1_000_000, 2_000_000_000) == 128
    vectors = search.random_directions(60_000, 16)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-5)
    assert len(np.unique(vectors, axis=0)) == len(vectors)


def test_peak_memory_grows_with_what_is_held() -> None:
    before = peak_mb()
    held = np.ones(80_000_000, np.uint8)
    after = peak_mb()
    assert after >= before
    assert after >= held.nbytes / 1e6
