# SPDX-License-Identifier: Apache-2.0
"""docs/own-model.md: the Python that wraps a model from elsewhere makes a bundle that opens."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.docs.fences import ROOT, blocks
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle

SIZE, DIMENSION = 80, 512


def write_eye(path: Path) -> None:
    """A model as somebody else may have it: (batch, 3, 80, 80) -> (batch, 512) of length 1."""
    weights = np.random.default_rng(0).normal(size=(3 * 16, DIMENSION)).astype(np.float32)
    cell = SIZE // 4
    nodes = [
        helper.make_node(
            'AveragePool', ['image'], ['pool'], kernel_shape=[cell, cell], strides=[cell, cell]
        ),
        helper.make_node('Flatten', ['pool'], ['flat']),
        helper.make_node('MatMul', ['flat', 'weights'], ['mixed']),
        helper.make_node('LpNormalization', ['mixed'], ['vector'], axis=1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        'eye',
        [helper.make_tensor_value_info('image', TensorProto.FLOAT, ['batch', 3, SIZE, SIZE])],
        [helper.make_tensor_value_info('vector', TensorProto.FLOAT, ['batch', DIMENSION])],
        [numpy_helper.from_array(weights, 'weights')],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid('', 17)])
    model.ir_version = 8
    onnx.save(model, path)


def test_the_snippet_makes_a_bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (snippet,) = [one for one in blocks(ROOT / 'docs/own-model.md') if one.kind == 'python']
    (tmp_path / 'my-eye').mkdir()
    write_eye(tmp_path / 'my-eye' / 'eye.onnx')
    monkeypatch.chdir(tmp_path)
    exec(compile('\n'.join(snippet.lines), 'docs/own-model.md', 'exec'), {})
    encoder = Encoder([Bundle.open(tmp_path / 'my-eye')])
    picture = np.random.default_rng(1).integers(0, 255, (120, 160, 3)).astype(np.uint8)
    (vector,) = encoder.encode('image', picture).vectors.values()
    assert vector.shape == (DIMENSION,)
    assert abs(float(np.linalg.norm(vector)) - 1) < 1e-5
