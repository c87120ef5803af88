# SPDX-License-Identifier: Apache-2.0
"""ConSE against a naive loop, its ONNX form, and the names it stands on."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from xsense_training import torchvision_guard
from xsense_training.export.onnx_export import export_onnx
from xsense_training.models.convex_words import ConvexWordHead, NamedClasses
from xsense_training.torchvision_guard import imagenet_categories, prepare_torchvision

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


class TestNames:
    def test_a_thousand_names_in_the_order_of_imagenet(self):
        names = imagenet_categories()
        assert len(names) == 1000
        assert names[:2] == ('tench', 'goldfish') and names[-1] == 'toilet tissue'

    def test_the_guard_defines_only_what_is_missing_and_only_once(self):
        defined = prepare_torchvision()
        assert defined != torchvision_guard._operators_load()
        assert prepare_torchvision() == defined
        assert len(torchvision_guard._kept) == int(defined)
        assert hasattr(torch.ops.torchvision, 'nms')

    def test_nothing_is_done_where_the_library_loads(self, monkeypatch):
        monkeypatch.setattr(torchvision_guard, '_operators_load', lambda: True)
        monkeypatch.setattr(torchvision_guard, '_kept', [])
        assert not prepare_torchvision() and not torchvision_guard._kept
