# SPDX-License-Identifier: Apache-2.0
"""The OpenVINO engine: same numbers as ONNX Runtime, and a precision that is told the truth."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.toy import toy_bundle, toy_sketch_bundle
from xsense_ros.encoder import Encoder
from xsense_ros.engines.backends import load_engine
from xsense_ros.engines.onnx import OnnxEngine
from xsense_ros.engines.openvino import OpenVinoEngine
from xsense_ros.errors import EngineError


@pytest.fixture(scope='module')
def bundle(tmp_path_factory):
    return toy_bundle(tmp_path_factory.mktemp('bundles') / 'toy')


@pytest.fixture
def installed():
    """OpenVINO is optional: 59 MB to download, 180 MB unpacked."""
    return pytest.importorskip(
        'openvino', reason='openvino is not installed: pip install openvino'
    )


def test_without_openvino_the_next_backend_serves(bundle, monkeypatch):
    monkeypatch.setitem(sys.modules, 'openvino', None)
    model = bundle.model_path('sound_0'), bundle.manifest.models['sound_0']
    with pytest.raises(EngineError, match='pip install'):
        load_engine(*model, ('openvino',))
    engine, (fallback,) = load_engine(*model, ('openvino', 'onnxruntime'))
    assert engine.describe().backend == 'onnxruntime'
    assert fallback.backend == 'openvino' and 'pip install' in fallback.reason


@pytest.mark.parametrize('key', ['image_trunk', 'image_head_0', 'sound_0', 'text_0'])
def test_the_same_numbers_as_onnx_runtime(bundle, installed, key):
    path, spec = bundle.model_path(key), bundle.manifest.models[key]
    rng = np.random.default_rng(0)
    inputs = {
        tensor.name: rng.uniform(0, 2, [a if isinstance(a, int) else 1 for a in tensor.shape])
        for tensor in spec.inputs
    }
    inputs = {t.name: inputs[t.name].astype(t.dtype) for t in spec.inputs}
    expected = OnnxEngine(path, spec, threads=1).infer(inputs)
    engine = OpenVinoEngine(path, spec, threads=1)
    engine.warm_up()
    found = engine.infer(inputs)
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_allclose(found[name], values, atol=1e-5)
    described = engine.describe()
    assert (described.backend, described.device) == ('openvino', 'cpu')
    assert (described.precision, described.threads) == ('fp32', 1)


def test_answers_of_several_threads_do_not_mix(bundle, installed):
    path, spec = bundle.model_path('image_trunk'), bundle.manifest.models['image_trunk']
    engine = OpenVinoEngine(path, spec, threads=1)
    images = [np.full((1, 3, 32, 32), value, np.float32) for value in range(32)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda image: engine.infer({'image': image}), images))
    assert all(np.allclose(a['features'], value) for value, a in enumerate(answers))


def test_bfloat16_or_a_refusal_never_something_else(bundle, installed):
    can = 'BF16' in installed.Core().get_property('CPU', 'OPTIMIZATION_CAPABILITIES')
    model = bundle.model_path('image_trunk'), bundle.manifest.models['image_trunk']
    if can:
        assert load_engine(*model, ('openvino:bf16',))[0].describe().precision == 'bf16'
    else:
        with pytest.raises(EngineError, match='this processor has no bf16'):
            load_engine(*model, ('openvino:bf16',))
    # Asked for nothing, it is float32 on any processor.
    assert load_engine(*model, ('openvino',))[0].describe().precision == 'fp32'


def test_errors_of_use(bundle, installed):
    path, spec = bundle.model_path('image_trunk'), bundle.manifest.models['image_trunk']
    with pytest.raises(EngineError, match='threads'):
        OpenVinoEngine(path, spec, threads=0)
    engine = OpenVinoEngine(path, spec)
    with pytest.raises(EngineError, match='shape'):
        engine.infer({'image': np.zeros((1, 3, 32, 33), np.float32)})
    engine.close()
    engine.close()
    with pytest.raises(EngineError, match='open engine'):
        engine.warm_up()


def test_a_broken_file_is_an_engine_error(bundle, installed, tmp_path):
    broken = tmp_path / 'broken.onnx'
    broken.write_bytes(b'no model')
    with pytest.raises(EngineError, match=r'broken\.onnx into OpenVINO'):
        OpenVinoEngine(broken, bundle.manifest.models['image_trunk'])


def test_an_encoder_runs_on_it(installed, tmp_path):
    bundle = toy_sketch_bundle(tmp_path / 'sketch')
    picture = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    vectors = [
        Encoder([bundle], (name,), threads=1).encode('image', picture).vectors['sketch-photo']
        for name in ('onnxruntime', 'openvino')
    ]
    np.testing.assert_allclose(*vectors, atol=1e-4)
