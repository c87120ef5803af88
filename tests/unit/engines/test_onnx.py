# SPDX-License-Identifier: Apache-2.0
"""The ONNX Runtime engine, on the toy bundle's models."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import onnx
import pytest

from tests.toy import toy_bundle
from xsense_ros.engines.onnx import OnnxEngine, default_threads, read_signature
from xsense_ros.errors import BundleError, EngineError


@pytest.fixture(scope='module')
def bundle(tmp_path_factory):
    return toy_bundle(tmp_path_factory.mktemp('bundles') / 'toy')


@pytest.fixture
def engine(bundle):
    engine = OnnxEngine(bundle.model_path('image_trunk'), bundle.manifest.models['image_trunk'])
    yield engine
    engine.close()


def test_weights_stored_as_float16_compute_in_float32(bundle, engine):
    model = onnx.load(bundle.model_path('image_trunk'))
    assert model.graph.initializer[0].data_type == onnx.TensorProto.FLOAT16
    image = np.random.default_rng(0).standard_normal((1, 3, 32, 32)).astype(np.float32)
    out = engine.infer({'image': image})['features']
    naive = image.reshape(1, 3, 4, 8, 4, 8).mean((3, 5)).reshape(1, 48)
    assert out.dtype == np.float32
    np.testing.assert_allclose(out, naive, atol=1e-6)


def test_inputs_need_not_be_contiguous(engine):
    image = np.ones((1, 32, 32, 3), np.float32).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(engine.infer({'image': image})['features'], 1, atol=1e-6)


@pytest.mark.parametrize(
    ('inputs', 'words'),
    [
        ({}, 'image'),
        ({'picture': np.zeros((1, 3, 32, 32), np.float32)}, 'picture'),
        ({'image': np.zeros((1, 3, 32, 32), np.float64)}, 'float64'),
        ({'image': np.zeros((1, 3, 32, 33), np.float32)}, '33'),
        ({'image': np.zeros((3, 32, 32), np.float32)}, 'shape'),
    ],
)
def test_wrong_inputs_are_named(engine, inputs, words):
    with pytest.raises(EngineError, match=words):
        engine.infer(inputs)


def test_failure_inside_the_runtime_is_an_engine_error(bundle):
    engine = OnnxEngine(bundle.model_path('text_0'), bundle.manifest.models['text_0'])
    ids = np.full((1, 8), 10**6, np.int64)
    with pytest.raises(EngineError, match='text_0'):
        engine.infer({'ids': ids, 'mask': np.ones((1, 8), np.float32)})
    engine.warm_up()


def test_describe(bundle):
    spec = bundle.manifest.models['image_trunk']
    described = OnnxEngine(bundle.model_path('image_trunk'), spec, threads=1).describe()
    assert (described.backend, described.device) == ('onnxruntime', 'cpu')
    assert (described.precision, described.threads) == ('fp32', 1)
    assert described.model == 'image_trunk.onnx'


def test_close_frees_the_session(engine):
    session = weakref.ref(engine._session)
    engine.close()
    engine.close()
    gc.collect()
    assert session() is None
    with pytest.raises(EngineError, match='open engine'):
        engine.warm_up()


def test_threads(bundle):
    assert default_threads() >= 1
    with pytest.raises(EngineError, match='threads'):
        OnnxEngine(
            bundle.model_path('image_trunk'), bundle.manifest.models['image_trunk'], threads=0
        )


def test_unknown_provider(bundle):
    with pytest.raises(EngineError, match='WarpDrive'):
        OnnxEngine(
            bundle.model_path('image_trunk'),
            bundle.manifest.models['image_trunk'],
            provider='WarpDrive',
        )


def test_engine_refuses_a_model_that_is_not_the_promised_one(bundle):
    with pytest.raises(BundleError, match='inputs'):
        OnnxEngine(bundle.model_path('sound_0'), bundle.manifest.models['text_0'])


def test_signature_is_read_from_the_file(bundle):
    inputs, outputs = read_signature(bundle.model_path('text_0'))
    assert [tensor.name for tensor in inputs] == ['ids', 'mask']
    assert [tensor.dtype for tensor in inputs] == ['int64', 'float32']
    assert outputs[0].shape == ('batch', 16)
