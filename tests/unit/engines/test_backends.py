# SPDX-License-Identifier: Apache-2.0
"""The chain of backends."""

from __future__ import annotations

import pytest

from tests.toy import toy_bundle
from xsense_ros.engines.backends import BACKENDS, load_engine
from xsense_ros.engines.onnx import OnnxEngine
from xsense_ros.errors import BundleError, EngineError


@pytest.fixture
def model(tmp_path):
    bundle = toy_bundle(tmp_path / 'toy')
    return bundle.model_path('sound_0'), bundle.manifest.models['sound_0']


@pytest.fixture
def absent(monkeypatch):
    def construct(model_path, spec, threads):
        raise EngineError('driver', None, 'a driver', 'install it')

    monkeypatch.setitem(BACKENDS, 'absent', construct)


def test_first_backend_serves(model):
    engine, fallbacks = load_engine(*model, threads=1)
    assert isinstance(engine, OnnxEngine)
    assert fallbacks == ()


def test_fallback_is_recorded_with_its_reason(model, absent):
    engine, fallbacks = load_engine(*model, ('absent', 'onnxruntime'))
    assert engine.describe().backend == 'onnxruntime'
    assert [(f.backend, f.model) for f in fallbacks] == [('absent', 'sound_0.onnx')]
    assert 'a driver' in fallbacks[0].reason


def test_strict_refuses_to_fall_back(model, absent):
    with pytest.raises(EngineError, match='a driver'):
        load_engine(*model, ('absent', 'onnxruntime'), strict=True)


def test_no_backend_left(model, absent):
    with pytest.raises(EngineError, match='absent: driver'):
        load_engine(*model, ('absent',))


@pytest.mark.parametrize('backends', [('onnxruntim',), ('onnxruntime', 'tensorflow'), ()])
def test_unknown_names_are_refused_before_anything_is_loaded(model, backends):
    with pytest.raises(EngineError, match='onnxruntime'):
        load_engine(*model, backends)


def test_a_broken_model_is_no_reason_to_fall_back(model):
    path, spec = model
    path.write_bytes(b'broken')
    with pytest.raises(BundleError):
        load_engine(path, spec, ('onnxruntime',))
