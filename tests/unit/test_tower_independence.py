# SPDX-License-Identifier: Apache-2.0
"""Every shipped tower is a function of one sample of one modality, whatever else a robot senses.

Networks that mix modalities score well where a query is computed together with its answer
(docs/honest-benchmarks.md). What ships must not be able to: changing, adding or taking away every
other sample, and every other tower, leaves each embedding bit for bit what it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest

from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle
from xsense_ros.names import MODALITIES
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.press import Press

MODELS = Path(__file__).parents[2] / 'models'


@lru_cache
def bundle_of(name: str) -> Bundle:
    return Bundle.open(MODELS / name)


BUNDLES = sorted(
    path.parent.name
    for path in MODELS.glob('*/manifest.json')
    if bundle_of(path.parent.name).manifest.spaces  # a matcher has no towers
)

TOWERS = [
    (name, space, modality)
    for name in BUNDLES
    for space, spec in bundle_of(name).manifest.spaces.items()
    for modality in spec.towers
]


def sample(modality: str, seed: int) -> Any:
    """A sample that its sense accepts; another seed is another sample."""
    rng = np.random.default_rng(seed)
    if modality == 'text':
        return ('a red apple', 'the sea at night', 'an old drum')[seed % 3]
    if modality == 'image':
        return rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)
    if modality == 'sketch':
        paper = np.full((120, 120, 3), 255, np.uint8)
        corners = rng.integers(15, 105, (6, 2)).astype(np.int32)
        cv2.polylines(paper, [corners], isClosed=True, color=(0, 0, 0), thickness=3)
        return paper
    if modality == 'touch':
        pixels = np.full((240, 320, 3), 128, np.uint8)
        cv2.circle(pixels, (160, 120), 30 + 10 * seed, (170, 90, 140 + seed), -1)
        return Press(pixels, 0.059)
    if modality in ('sound', 'impact'):
        seconds = np.arange(16000) / 16000
        tone = np.sin(2 * np.pi * (300 + 170 * seed) * seconds) * np.exp(-(4 + seed) * seconds)
        return Waveform((0.5 * tone + 1e-3 * rng.standard_normal(16000)).astype(np.float32), 16000)
    raise AssertionError(f'no sample of {modality}: add one, so that its towers are tested')


@pytest.fixture(scope='module')
def everything() -> Iterator[Encoder]:
    """All bundles in one encoder, as on a robot with every sense."""
    encoder = Encoder([bundle_of(name) for name in BUNDLES], threads=1)
    yield encoder
    encoder.close()


def only(name: str, space: str, modality: str) -> Bundle:
    """The bundle as if it had this one tower."""
    bundle = bundle_of(name)
    spec = bundle.manifest.spaces[space]
    alone = {space: replace(spec, towers={modality: spec.towers[modality]})}
    return replace(bundle, manifest=replace(bundle.manifest, spaces=alone))


def test_all_modalities_of_the_bundles_are_known() -> None:
    assert {modality for _, _, modality in TOWERS} <= set(MODALITIES)
    assert len(BUNDLES) >= 3 and len(TOWERS) >= 7


@pytest.mark.parametrize(('name', 'space', 'modality'), TOWERS)
def test_no_other_modality_changes_an_embedding(
    everything: Encoder, name: str, space: str, modality: str
) -> None:
    alone = Encoder([only(name, space, modality)], threads=1)
    try:
        assert alone.modalities == (modality,)
        expected = alone.encode(modality, sample(modality, 0)).vectors[space]
    finally:
        alone.close()
    for seed in (1, 2):  # the other senses feel one thing, then another
        for other in everything.modalities:
            if other != modality:
                everything.encode(other, sample(other, seed))
        found = everything.encode(modality, sample(modality, 0)).vectors[space]
        assert np.array_equal(found, expected)
    # That would hold of a constant, too.
    other_sample = everything.encode(modality, sample(modality, 1)).vectors[space]
    assert not np.array_equal(other_sample, expected)


@pytest.mark.parametrize(('name', 'space', 'modality'), TOWERS)
def test_the_graphs_have_no_place_for_another_modality(
    name: str, space: str, modality: str
) -> None:
    bundle = bundle_of(name)
    tower = bundle.manifest.spaces[space].towers[modality]
    fed = set(bundle.preprocessors[tower.preprocess](sample(modality, 0)))
    for stage in tower.stages:
        graph = onnx.load(str(bundle.model_path(stage))).graph
        stored = {tensor.name for tensor in graph.initializer}
        inputs = {value.name for value in graph.input} - stored
        # The first stage reads one sample's preprocessing, each later one the stage before it.
        assert inputs == fed
        after = tower.stages[tower.stages.index(stage) + 1 :][:1]
        fed = {spec.name for key in after for spec in bundle.manifest.models[key].inputs}
        assert len(fed) == len(after) and len(graph.output) == 1


@pytest.mark.parametrize(('name', 'space', 'modality'), TOWERS)
def test_no_other_row_of_a_batch_changes_an_embedding(
    name: str, space: str, modality: str
) -> None:
    bundle = bundle_of(name)
    tower = bundle.manifest.spaces[space].towers[modality]
    prepare = bundle.preprocessors[tower.preprocess]
    rows = [prepare(sample(modality, seed)) for seed in range(3)]
    found = []
    for beside in (1, 2):
        value: dict[str, Any] = {k: np.concatenate([rows[0][k], rows[beside][k]]) for k in rows[0]}
        vectors = np.empty(0)
        for stage in tower.stages:
            session = onnxruntime.InferenceSession(
                str(bundle.model_path(stage)), providers=['CPUExecutionProvider']
            )
            if stage != tower.stages[0]:
                value = {session.get_inputs()[0].name: vectors}
            (vectors,) = session.run(None, value)
        found.append(vectors)
    assert np.array_equal(found[0][0], found[1][0])
    assert not np.array_equal(found[0][1], found[1][1])
