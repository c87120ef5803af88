"""All baselines in one call, and all of them as ONNX."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from rich.console import Console

from tests.training.baselines.small_world import embed
from xsense_ros.errors import InputError
from xsense_training.baselines.deep import DeepSettings, towers
from xsense_training.baselines.frozen import fit_standardised
from xsense_training.baselines.suite import BASELINES, fit_suite
from xsense_training.export.onnx_export import cosine_drift, export_onnx, run

CLOSED = ('CCA', 'cluster CCA', 'PLSCA', 'linear regression', 'class posteriors')


@pytest.fixture(scope='module')
def suite(train, score):
    """Fitted on rows that nobody may write to."""
    text = io.StringIO()
    frozen = [replace(samples, features=samples.features.copy()) for samples in train]
    for samples in frozen:
        samples.features.flags.writeable = False
    names = ('standardised features', *CLOSED)
    return fit_suite(*frozen, score, names, Console(file=text)), text.getvalue()


def test_what_cannot_run_is_left_out_with_its_reason(suite):
    found, text = suite
    assert tuple(found) == CLOSED
    assert 'equal widths' in found.left_out['standardised features']
    assert '1/6 standardised features: left out' in text
    assert all(f'{name}: validation' in text for name in CLOSED)


def test_scores_are_those_of_the_heads(suite, score):
    for name, fit in suite[0].items():
        assert fit.score == score(fit.heads) > 0.5, name


def test_names_and_modalities_are_checked(train, score):
    x, y = train
    with pytest.raises(InputError, match='cluster CCA'):
        fit_suite(x, y, score, ('kernel CCA',))
    with pytest.raises(InputError, match='two different names'):
        fit_suite(x, replace(y, modality='image'), score, ('CCA',))
    assert set(CLOSED) < set(BASELINES)


@pytest.mark.parametrize('name', CLOSED)
def test_closed_forms_export(suite, train, tmp_path, name):
    samples = train[CLOSED.index(name) % 2]
    head = suite[0][name].heads[samples.modality]
    rows, path = torch.from_numpy(samples.features), tmp_path / 'head.onnx'
    report = export_onnx(head, {'features': rows}, 'vector', path)
    assert report.error < 1e-5 and report.half_drift < 1e-3
    vectors = run(onnx.load(path), {'features': rows}, len(rows))
    assert cosine_drift(embed(head, samples.features), vectors) < 1e-3
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)
    if name != 'class posteriors':
        kinds = {n.op_type for n in onnx.load(path).graph.node}
        arithmetic = kinds & {'Gemm', 'MatMul', 'Conv', 'Add', 'Sub', 'Mul', 'Softmax'}
        assert arithmetic == {'Gemm'} and 'ReduceL2' in kinds
        assert sum(n.op_type == 'Gemm' for n in onnx.load(path).graph.node) == 1


def test_other_heads_export(train, tmp_path):
    x, _ = train
    twin = replace(x, modality='line')
    frozen = fit_standardised(x, twin, lambda heads: 0.0)
    network = towers(x, twin, (16, 16, 8))
    assert DeepSettings(batch=1, epochs=1).most_steps <= 200
    rows = torch.from_numpy(x.features)
    for head in (frozen.heads['image'], network['image']):
        assert export_onnx(head, {'f': rows}, 'v', tmp_path / 'h.onnx').error < 1e-5
