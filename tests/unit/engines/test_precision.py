# SPDX-License-Identifier: Apache-2.0
"""A model at several precisions: what a backend's name picks, what the manifest may say of it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from tests.toy import SPACE, toy_bundle, toy_image
from xsense_ros.encoder import Encoder
from xsense_ros.engines.backends import BACKENDS
from xsense_ros.engines.bundle import MANIFEST, Bundle, write_bundle
from xsense_ros.engines.manifest import Manifest, VariantSpec
from xsense_ros.engines.precision import located
from xsense_ros.engines.verify import file_sha256
from xsense_ros.errors import BundleError, EngineError


@pytest.fixture
def bundle(tmp_path):
    """Every model has an fp16 file, which is the same file under another name; int8 is fp32."""
    bundle = toy_bundle(tmp_path / 'toy')
    models = {}
    for key, spec in bundle.manifest.models.items():
        file = f'{key}.fp16.onnx'
        # A producer's version at the end: the same model, another hash.
        content = bundle.model_path(key).read_bytes() + b'\x1a\x05other'
        (bundle.path / file).write_bytes(content)
        models[key] = replace(
            spec,
            variants={
                'fp16': VariantSpec(file, file_sha256(bundle.path / file, file)),
                'int8': VariantSpec(spec.file, spec.sha256),
                'int8-symmetric': VariantSpec(file, file_sha256(bundle.path / file, file)),
            },
        )
    return write_bundle(bundle.path, replace(bundle.manifest, models=models))


def test_fingerprint_and_manifest_survive(bundle, tmp_path):
    plain = toy_bundle(tmp_path / 'plain')
    assert bundle.manifest.spaces[SPACE].fingerprint == plain.manifest.spaces[SPACE].fingerprint
    assert Manifest.from_json(bundle.manifest.to_json()) == bundle.manifest
    text = plain.manifest.to_json()  # as older readers know it
    assert 'variants' not in text and 'precision' not in text


@pytest.mark.parametrize(
    ('backend', 'base', 'file', 'precision'),
    [
        ('onnxruntime', 'onnxruntime', 'sound_0.onnx', 'fp32'),
        ('openvino:bf16', 'openvino', 'sound_0.onnx', 'fp32'),
        ('tensorrt:fp16', 'tensorrt', 'sound_0.fp16.onnx', 'fp16'),
        ('tensorrt_rtx:int8', 'tensorrt_rtx', 'sound_0.fp16.onnx', 'int8'),
        ('onnxruntime:int8', 'onnxruntime', 'sound_0.onnx', 'fp32'),  # was left as it is
    ],
)
def test_located(bundle, backend, base, file, precision):
    spec = bundle.manifest.models['sound_0']
    found, path, there = located(backend, bundle.model_path('sound_0'), spec)
    assert (found, path.name, there.precision) == (base, file, precision)
    assert path.parent == bundle.path and path.name == there.file
    assert there.sha256 == file_sha256(path, 'it')


def test_a_precision_that_is_not_there_names_the_cure(tmp_path):
    bundle = toy_bundle(tmp_path / 'toy')
    spec = bundle.manifest.models['sound_0']
    for backend in ('tensorrt:fp16', 'tensorrt:int8', 'onnxruntime:int8'):
        precision = backend.partition(':')[2]
        with pytest.raises(EngineError, match=f'precision BUNDLE --to {precision}'):
            located(backend, bundle.model_path('sound_0'), spec)


def test_an_encoder_says_which_precision_runs(bundle):
    exact, lower = (Encoder([bundle], (name,), threads=1) for name in NAMES)
    assert {d.precision for d in exact.describe()} == {'fp32'}
    assert {(d.backend, d.precision) for d in lower.describe()} == {('onnxruntime', 'fp16')}
    assert lower.fingerprints == exact.fingerprints  # a gallery of one answers the other
    red = toy_image('red')
    for encoder in (exact, lower):
        encoder.warm_up()
    a, b = (encoder.encode('image', red).vectors[SPACE] for encoder in (exact, lower))
    np.testing.assert_allclose(a, b, atol=1e-5)


NAMES = ('onnxruntime', 'onnxruntime:fp16')


def test_where_a_precision_is_missing_the_next_backend_serves(tmp_path):
    encoder = Encoder([toy_bundle(tmp_path / 'toy')], ('onnxruntime:fp16', 'onnxruntime'))
    assert {d.precision for d in encoder.describe()} == {'fp32'}
    assert all('fp16' in fallback.reason for fallback in encoder.fallbacks)
    with pytest.raises(EngineError, match='fp16 file'):
        Encoder([toy_bundle(tmp_path / 'toy')], ('onnxruntime:fp16',), strict=True)


def test_names_state_their_precision():
    assert {name.partition(':')[0] for name in BACKENDS} >= {'onnxruntime', 'openvino', 'tensorrt'}
    precisions = {name.partition(':')[2] for name in BACKENDS}
    assert precisions == {'', 'fp16', 'bf16', 'int8'}


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda model: model['variants']['fp16'].update(file='../elsewhere.onnx'), 'beside'),
        (lambda model: model['variants']['fp16'].update(sha256='0' * 64), 'hash'),
        (lambda model: model['variants'].update(fp8=model['variants']['fp16']), 'fp8'),
        (lambda model: model.update(precision='fp8'), 'precision'),
        (lambda model: model['variants']['fp16'].update(file='text_0.onnx'), 'hash'),
    ],
)
def test_a_wrong_variant_is_refused(bundle, change, words):
    text = json.loads((bundle.path / MANIFEST).read_text())
    change(text['models']['sound_0'])
    (bundle.path / MANIFEST).write_text(json.dumps(text))
    with pytest.raises(BundleError, match=words):
        Bundle.open(bundle.path)


def test_a_variant_of_other_tensors_is_refused(bundle):
    spec = bundle.manifest.models['sound_0']
    other = bundle.path / 'image_head_0.onnx'
    shutil.copyfile(other, bundle.path / spec.variants['fp16'].file)
    variants = {
        'fp16': VariantSpec(spec.variants['fp16'].file, file_sha256(other, 'it')),
    }
    models = bundle.manifest.models | {'sound_0': replace(spec, variants=variants)}
    with pytest.raises(BundleError, match=r'sound_0\.variants\.fp16'):
        write_bundle(bundle.path, replace(bundle.manifest, models=models))
