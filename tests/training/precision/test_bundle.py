# SPDX-License-Identifier: Apache-2.0
"""A bundle gains a precision, if the gate lets it."""

from __future__ import annotations

from dataclasses import replace

import onnx
import pytest

from tests.toy import WORDS, toy_image, toy_sketch, toy_sketch_bundle
from tests.training.precision.networks import (
    DIMENSION,
    Toy,
    network,
)
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import describe_model, write_bundle
from xsense_ros.errors import InputError
from xsense_training.export import precision, precision_drift
from xsense_training.export.precision import add_precision
from xsense_training.export.precision_speed import speeds
from xsense_training.export.precision_vectors import VectorJudge


@pytest.fixture
def bundle(tmp_path):
    """Sketches and pictures through one convolutional network each."""
    made = toy_sketch_bundle(tmp_path / 'made', dimension=DIMENSION)
    for source, key in (('image', 'image_head'), ('sketch', 'sketch')):
        onnx.save(network(source=source), made.path / f'{key}.onnx')
    models = {key: describe_model(made.path, f'{key}.onnx') for key in ('image_head', 'sketch')}
    manifest = made.manifest
    space = manifest.spaces['sketch-photo']
    towers = {
        'image': type(space.towers['image'])('image', ('image_head',)),
        'sketch': space.towers['sketch'],
    }
    spaces = {'sketch-photo': type(space)(DIMENSION, '', towers, space.calibration)}
    return write_bundle(made.path, replace(manifest, models=models, spaces=spaces))


@pytest.fixture(scope='module')
def pictures():
    return [
        Toy(modality, make(word, seed), word)
        for modality, make in (('image', toy_image), ('sketch', toy_sketch))
        for word in WORDS
        for seed in range(4)
    ]


@pytest.mark.parametrize(
    ('to', 'variants'), [('fp16', {'fp16'}), ('int8', {'int8', 'int8-symmetric'})]
)
def test_a_bundle_gains_a_precision(bundle, pictures, tmp_path, monkeypatch, to, variants):
    # What an untrained network retrieves of a dozen pictures is a matter of luck.
    monkeypatch.setattr(precision_drift, 'MOST_POINTS_LOST', 100)
    told = []
    made = add_precision(
        bundle, to, VectorJudge(pictures, pictures), tmp_path / 'models', keep=['sketch'],
        told=lambda variant, lower, refused: told.append((variant, refused)),
    )  # fmt: skip
    assert made.path == tmp_path / 'models' / 'made'
    assert told == [(variant, '') for variant in sorted(variants)]
    assert made.manifest.spaces == bundle.manifest.spaces  # fingerprints, too
    models = made.manifest.models
    assert set(models['image_head'].variants) == set(models['sketch'].variants) == variants
    for variant in variants:
        assert models['sketch'].variants[variant].sha256 == models['sketch'].sha256
        assert models['image_head'].variants[variant].sha256 != models['image_head'].sha256
    facts = made.manifest.evaluation['precision']
    assert set(facts) == variants
    for one in facts.values():
        assert one['models'] == ['image_head'] and one['bytes'] > 0
        assert one['drift']['image']['least'] > 0.95 and one['drift']['sketch']['least'] > 0.9999
        assert set(one['change']) == {'image->sketch', 'sketch->image'}
    encoder = Encoder([made], (f'onnxruntime:{to}',), threads=1, strict=True)
    assert {d.model: d.precision for d in encoder.describe()} == {
        f'image_head.{to}.onnx': to,
        'sketch.onnx': 'fp32',
    }


def test_what_the_gate_refuses_is_not_written(bundle, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(precision_drift, 'MOST_POINTS_LOST', -101)
    before = {path: path.read_bytes() for path in bundle.path.iterdir()}
    for models in (bundle.path.parent, tmp_path / 'elsewhere'):
        with pytest.raises(InputError, match='points'):
            add_precision(bundle, 'fp16', VectorJudge([], pictures), models)
    assert before == {path: path.read_bytes() for path in bundle.path.iterdir()}
    assert not (tmp_path / 'elsewhere').exists()


def test_a_second_precision_keeps_the_first(bundle, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(precision_drift, 'MOST_POINTS_LOST', 100)
    judge, models = VectorJudge(pictures[:4], pictures[:8]), tmp_path / 'models'
    for to in ('int8', 'fp16'):
        made = add_precision(bundle, to, judge, models, keep=['sketch'])
    three = {'fp16', 'int8', 'int8-symmetric'}
    assert set(made.manifest.models['image_head'].variants) == three
    assert set(made.manifest.evaluation['precision']) == three
    # A bundle of other weights takes the place of all that.
    onnx.save(network(seed=5), bundle.path / 'image_head.onnx')
    changed = write_bundle(bundle.path, bundle.manifest)
    made = add_precision(changed, 'fp16', judge, models)
    assert set(made.manifest.models['image_head'].variants) == {'fp16'}


def test_of_two_variants_one_may_pass(bundle, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(
        precision,
        'why_refused',
        lambda measured, name: InputError(name, 0, 'more', 'none') if 'symm' in name else None,
    )
    judge = VectorJudge(pictures[:4], pictures)
    made = add_precision(bundle, 'int8', judge, tmp_path, keep=['sketch'])
    assert set(made.manifest.models['image_head'].variants) == {'int8'}
    assert set(made.manifest.evaluation['precision']) == {'int8'}


def test_nothing_to_convert_and_unknown_models_are_named(bundle, pictures, tmp_path):
    judge = VectorJudge([], pictures)
    with pytest.raises(InputError, match='--keep'):
        add_precision(bundle, 'fp16', judge, tmp_path, keep=['trunk'])
    with pytest.raises(InputError, match='would change'):
        add_precision(bundle, 'int8', judge, tmp_path, keep=['image_head', 'sketch'])


def test_speeds_are_ratios_to_fp32(bundle, pictures):
    feeds = {key: fed[0] for key, fed in VectorJudge(pictures, []).feeds(bundle).items()}
    files = {'sketch': bundle.model_path('sketch')}
    found = speeds(bundle, files, feeds, exact=('onnxruntime',), lower=('onnxruntime',))
    assert found['onnxruntime'] == 1 and found['onnxruntime *'] > 0
    assert list(found) == ['onnxruntime', 'onnxruntime *']
