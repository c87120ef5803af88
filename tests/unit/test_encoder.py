# SPDX-License-Identifier: Apache-2.0
"""The encoder: right vectors, no wasted work, no leak from one modality into another."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.toy import SPACE, WORDS, toy_bundle, toy_image, toy_sound
from xsense_ros.encoder import Encoder
from xsense_ros.engines.backends import BACKENDS
from xsense_ros.engines.onnx import OnnxEngine
from xsense_ros.errors import BundleError, EngineError, InputError


@pytest.fixture
def bundle(tmp_path):
    return toy_bundle(tmp_path / 'toy')


@pytest.fixture
def counting(monkeypatch):
    """A backend that counts how often each model file is loaded and run."""
    loaded: Counter[str] = Counter()
    runs: Counter[str] = Counter()

    class CountingEngine(OnnxEngine):
        def __init__(self, path, spec, threads):
            super().__init__(path, spec, threads=threads)
            self.file = path.name
            loaded[self.file] += 1

        def infer(self, inputs):
            runs[self.file] += 1
            return super().infer(inputs)

    monkeypatch.setitem(BACKENDS, 'counting', CountingEngine)
    return loaded, runs


def test_vectors_are_what_the_models_give(bundle):
    encoder = Encoder([bundle], threads=1)
    encoding = encoder.encode('image', toy_image('red'))
    value = bundle.preprocessors['image'](toy_image('red'))['image']
    for stage in ('image_trunk', 'image_head_0'):
        spec = bundle.manifest.models[stage]
        engine = OnnxEngine(bundle.model_path(stage), spec, threads=1)
        value = engine.infer({spec.inputs[0].name: value})[spec.outputs[0].name]
    vector = encoding.vectors[SPACE]
    np.testing.assert_array_equal(vector, value[0])
    assert vector.dtype == np.float32 and vector.shape == (16,)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    assert encoding.preprocess_ms > 0 and encoding.encode_ms > 0


def test_modalities_meet_in_the_space(bundle):
    encoder = Encoder([bundle])
    assert encoder.modalities == ('image', 'sound', 'text')
    for word in WORDS:
        text = encoder.encode('text', f'the {word} ball').vectors[SPACE]
        for modality, make in (('image', toy_image), ('sound', toy_sound)):
            cosines = [text @ encoder.encode(modality, make(o)).vectors[SPACE] for o in WORDS]
            assert WORDS[int(np.argmax(cosines))] == word


def test_embedding_is_a_pure_function_of_its_own_sample(bundle):
    encoder = Encoder([bundle], threads=1)
    samples = {'image': toy_image('red'), 'sound': toy_sound('blue'), 'text': 'the green cup'}
    others = {'image': toy_image('blue', 7), 'sound': toy_sound('red', 7), 'text': 'a tone'}
    for modality, sample in samples.items():
        before = encoder.encode(modality, sample).vectors[SPACE]
        for other, disturbance in others.items():
            encoder.encode(other, disturbance)
            after = encoder.encode(modality, sample).vectors[SPACE]
            np.testing.assert_array_equal(before, after)
        alone = Encoder([bundle], threads=1).encode(modality, sample).vectors[SPACE]
        np.testing.assert_array_equal(before, alone)


def test_trunk_runs_once_per_sample_for_all_spaces_of_a_bundle(tmp_path, counting):
    loaded, runs = counting
    bundle = toy_bundle(tmp_path / 'toy', spaces=('one', 'two', 'three'))
    encoder = Encoder([bundle], ('counting',))
    assert set(encoder.encode('image', toy_image('red')).vectors) == {'one', 'two', 'three'}
    assert runs['image_trunk.onnx'] == 1
    assert [runs[f'image_head_{n}.onnx'] for n in range(3)] == [1, 1, 1]
    encoder.encode('image', toy_image('green'))
    assert runs['image_trunk.onnx'] == 2
    assert loaded['image_trunk.onnx'] == 1


def test_bundles_that_share_a_trunk_load_and_run_it_once(tmp_path, counting):
    loaded, runs = counting
    bundles = [
        toy_bundle(tmp_path / 'a', spaces=('one',), seed=1),
        toy_bundle(tmp_path / 'b', spaces=('two',), seed=2),
    ]
    encoder = Encoder(bundles, ('counting',))
    encoding = encoder.encode('image', toy_image('red'))
    assert (loaded['image_trunk.onnx'], runs['image_trunk.onnx']) == (1, 1)
    for bundle, space in zip(bundles, ('one', 'two'), strict=True):
        alone = Encoder([bundle]).encode('image', toy_image('red')).vectors[space]
        np.testing.assert_allclose(encoding.vectors[space], alone, atol=1e-6)


def test_same_trunk_behind_other_preprocessing_is_not_shared(tmp_path, counting):
    _, runs = counting
    one = toy_bundle(tmp_path / 'a', spaces=('one',))
    two = toy_bundle(tmp_path / 'b', spaces=('two',))
    other = type(one.preprocessors['image'])(size=32, mean=[0.4] * 3, std=[0.5] * 3)
    two = replace(two, preprocessors={**two.preprocessors, 'image': other})
    vectors = Encoder([one, two], ('counting',)).encode('image', toy_image('red')).vectors
    assert runs['image_trunk.onnx'] == 2
    assert not np.array_equal(vectors['one'], vectors['two'])


def test_several_samples_of_an_event_are_their_mean_direction(bundle):
    encoder = Encoder([bundle], threads=1)
    samples = [toy_image('red', 1), toy_image('red', 2), toy_image('green', 3)]
    one_by_one = [encoder.encode('image', sample).vectors[SPACE] for sample in samples]
    together = encoder.encode_all('image', samples)
    mean = np.mean(one_by_one, axis=0)
    np.testing.assert_allclose(together.vectors[SPACE], mean / np.linalg.norm(mean), atol=1e-6)
    assert together.vectors[SPACE].dtype == np.float32
    assert together.modality == 'image' and together.encode_ms > 0
    alone = encoder.encode_all('image', samples[:1]).vectors[SPACE]
    np.testing.assert_array_equal(alone, one_by_one[0])
    with pytest.raises(InputError, match='at least one'):
        encoder.encode_all('image', [])


def test_samples_that_cancel_out_leave_the_first(bundle, monkeypatch):
    encoder = Encoder([bundle], threads=1)
    vector = encoder.encode('text', 'red').vectors[SPACE]
    signs = iter((1, -1))
    encode = encoder.encode

    def opposite(*args):
        return replace(encode(*args), vectors={SPACE: next(signs) * vector})

    monkeypatch.setattr(encoder, 'encode', opposite)
    together = encoder.encode_all('text', ['red', 'red']).vectors[SPACE]
    np.testing.assert_array_equal(together, vector)


def test_space_names_must_differ(bundle):
    with pytest.raises(BundleError, match=SPACE):
        Encoder([bundle, bundle])


def test_no_bundle():
    with pytest.raises(BundleError, match='bundle'):
        Encoder([])


def test_unknown_modality(bundle):
    with pytest.raises(InputError, match='smell'):
        Encoder([bundle]).encode('smell', 'roses')


def test_bad_sample_goes_through_as_the_senses_say_it(bundle):
    encoder = Encoder([bundle])
    with pytest.raises(InputError):
        encoder.encode('image', np.zeros((0, 0, 3), np.uint8))
    with pytest.raises(InputError):
        encoder.encode('text', '   ')


@pytest.mark.parametrize('length', [0.0, 2.0, float('nan')])
def test_output_that_is_not_of_length_one_is_a_bundle_error(bundle, monkeypatch, length):
    class Scaled(OnnxEngine):
        def infer(self, inputs):
            out = super().infer(inputs)
            return {name: value * np.float32(length) for name, value in out.items()}

    monkeypatch.setitem(BACKENDS, 'scaled', lambda path, spec, threads: Scaled(path, spec))
    with pytest.raises(BundleError, match='length'):
        Encoder([bundle], ('scaled',)).encode('text', 'red')


def test_describe_warm_up_fallbacks_and_close(bundle, monkeypatch):
    def absent(path, spec, threads):
        raise EngineError('driver', None, 'a driver', 'install it')

    monkeypatch.setitem(BACKENDS, 'absent', absent)
    encoder = Encoder([bundle], ('absent', 'onnxruntime'), threads=1)
    assert {fallback.backend for fallback in encoder.fallbacks} == {'absent'}
    encoder.warm_up()
    described = encoder.describe()
    assert {d.model for d in described} == {f'{key}.onnx' for key in bundle.manifest.models}
    assert {d.threads for d in described} == {1}
    assert encoder.fingerprints == {SPACE: bundle.manifest.spaces[SPACE].fingerprint}
    encoder.close()
    encoder.close()
    with pytest.raises(EngineError, match='closed'):
        encoder.encode('text', 'red')
    with pytest.raises(EngineError, match='a driver'):
        Encoder([bundle], ('absent', 'onnxruntime'), strict=True)
