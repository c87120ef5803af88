# SPDX-License-Identifier: Apache-2.0
"""ConSE against a naive loop, and its ONNX form."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xsense_training.export.onnx_export import export_onnx
from xsense_training.models.convex_words import ConvexWordHead, NamedClasses

CLASSES, FEATURES, WORDS = 30, 12, 8


@pytest.fixture(scope='module')
def classes():
    rng = np.random.default_rng(0)
    return NamedClasses(
        torch.from_numpy(rng.standard_normal((CLASSES, FEATURES)).astype(np.float32)),
        torch.from_numpy(rng.standard_normal(CLASSES).astype(np.float32)),
        tuple(f'class {i}' for i in range(CLASSES)),
        rng.standard_normal((CLASSES, WORDS)).astype(np.float32),
    )


@pytest.fixture(scope='module')
def head(classes):
    made = ConvexWordHead(classes, np.full(WORDS, 0.3), sharpness=0.4)
    made.centre_on(pictures(40, 1))
    return made


def pictures(count, seed):
    return torch.from_numpy(
        np.random.default_rng(seed).standard_normal((count, FEATURES)).astype(np.float32)
    )


def naive_mix(x, classes, mean, sharpness):
    """sum_k p_k w_k of one picture, class by class."""
    logits = [float(w @ x) + float(b) for w, b in zip(classes.weight, classes.bias, strict=True)]
    largest = max(logits)
    strength = [np.exp(sharpness * (value - largest)) for value in logits]
    mixed = np.zeros(WORDS)
    for s, word in zip(strength, classes.words, strict=True):
        direction = word - mean
        mixed += s / sum(strength) * direction / np.linalg.norm(direction)
    return mixed


def test_a_naive_loop_gives_the_same_vectors(classes, head):
    centre = np.mean([naive_mix(x, classes, 0.3, 0.4) for x in pictures(40, 1)], axis=0)
    found = head(pictures(5, 2)).detach().numpy()
    for x, z in zip(pictures(5, 2), found, strict=True):
        expected = naive_mix(x, classes, 0.3, 0.4) - centre
        assert np.allclose(z, expected / np.linalg.norm(expected), atol=1e-5)


def test_the_mean_picture_has_no_direction(head):
    mixes = head._mix(pictures(40, 1)).detach().numpy()
    assert np.abs(mixes.mean(axis=0)).max() < 1e-6


def test_a_sure_picture_lies_at_its_word(classes):
    head = ConvexWordHead(classes, np.zeros(WORDS), sharpness=200.0)
    x = classes.weight[7:8] * 3
    sure = int((x @ classes.weight.T + classes.bias).argmax())
    word = classes.words[sure] / np.linalg.norm(classes.words[sure])
    assert float(head(x).detach().numpy()[0] @ word) == pytest.approx(1, abs=1e-4)


def test_onnx_computes_what_torch_computes_without_data_dependent_shapes(head, tmp_path):
    import onnx

    report = export_onnx(head, {'features': pictures(4, 3)}, 'vector', tmp_path / 'conse.onnx')
    assert report.error < 1e-5 and report.half_drift < 1e-5
    operators = {node.op_type for node in onnx.load(tmp_path / 'conse.onnx').graph.node}
    assert 'Softmax' in operators
    assert not operators & {'NonZero', 'TopK', 'Where', 'ScatterElements', 'Loop', 'If'}
