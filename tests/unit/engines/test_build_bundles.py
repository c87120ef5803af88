# SPDX-License-Identifier: Apache-2.0
"""Engines of whole bundles: which files, and what one that cannot be built costs the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_gpu import FakeGpu, fake_gpu
from tests.toy import toy_bundle, toy_sketch_bundle
from xsense_ros.engines.build_bundles import build_bundles
from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.engine_store import models_of
from xsense_ros.errors import EngineError

__all__ = ['fake_gpu']  # a fixture


def test_a_trunk_that_bundles_share_is_wanted_once(tmp_path: Path) -> None:
    bundles = [toy_bundle(tmp_path / 'toy'), toy_sketch_bundle(tmp_path / 'toy-sketch')]
    names = [one.name for one in models_of(bundles)]
    assert sum('image_trunk' in name for name in names) == 1 and len(names) == 6


def test_models_without_a_file_of_the_precision_are_told_or_refused(tmp_path: Path) -> None:
    bundle = toy_sketch_bundle(tmp_path / 'toy')
    said: list[str] = []
    assert models_of([bundle], 'tensorrt:fp16', said.append) == []
    assert len(said) == 3 and all('fp16 file of' in line for line in said)
    with pytest.raises(EngineError, match='fp16 file of'):
        models_of([bundle], 'tensorrt:fp16')


def test_one_that_cannot_be_built_costs_the_others_nothing(
    tmp_path: Path, fake_gpu: FakeGpu, capsys: pytest.CaptureFixture[str]
) -> None:
    bundle = toy_bundle(tmp_path / 'toy')  # its sound has a free axis of time
    with pytest.raises(EngineError, match=r"\['toy/sound_0\.onnx'\], expected all of them"):
        build_bundles([bundle], 'tensorrt')
    told = capsys.readouterr().out
    assert 'toy/sound_0.onnx: shape of input' in told and '3 engines for tensorrt 10.3.0' in told
    assert len(EngineCache().entries()) == 3
    with pytest.raises(EngineError, match='sound_0'):
        build_bundles([bundle], 'tensorrt')
    assert 'toy/text_0.onnx: there already' in capsys.readouterr().out
