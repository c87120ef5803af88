# SPDX-License-Identifier: Apache-2.0
"""Parameters and MACs against the module's own; what a shipped bundle costs as a whole."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from xsense_ros.engines.bundle import Bundle
from xsense_training.evaluate.cost import (
    bundle_costs,
    count_macs,
    count_parameters,
    free_axes_as_one,
    load,
)
from xsense_training.models.efficientnet_lite0 import EfficientNetLite0, fold_batch_norm

MODELS = Path(__file__).parents[3] / 'models'


def test_macs_and_parameters_of_the_shipped_trunk_are_those_of_the_module():
    """The exported file against every convolution that runs, counted by hooks."""
    module = fold_batch_norm(EfficientNetLite0().eval())
    counted = []

    def count(layer, inputs, output):
        height, width = layer.kernel_size
        counted.append(output.numel() * layer.in_channels // layer.groups * height * width)

    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(count)
    with torch.no_grad():
        module(torch.zeros(1, 3, 224, 224))
    model = load(MODELS / 'trunks' / 'efficientnet-lite0.onnx')
    assert count_macs(model) == sum(counted) > 3.6e8
    assert count_parameters(model) == sum(p.numel() for p in module.parameters())


def test_products_of_every_kind_are_counted():
    """A free batch axis counts as one; a transposed operand has its sum on the other axis."""
    floats = onnx.TensorProto.FLOAT
    value, node = onnx.helper.make_tensor_value_info, onnx.helper.make_node
    weight = onnx.numpy_helper.from_array(np.zeros((7, 5), np.float16), 'stored')
    index = onnx.numpy_helper.from_array(np.zeros(3, np.int64), 'index')
    nodes = [
        node('Cast', ['stored'], ['weight'], to=floats),
        node('Gemm', ['x', 'weight'], ['y'], transB=1),  # (batch, 5) (5, 7)
        node('Gemm', ['y', 'y'], ['z'], transA=1),  # (7, batch) (batch, 7)
        node('MatMul', ['z', 'weight'], ['out']),  # (7, 7) (7, 5)
    ]
    inputs, outputs = [value('x', floats, ['batch', 5])], [value('out', floats, [7, 5])]
    graph = onnx.helper.make_graph(nodes, 'g', inputs, outputs, [weight, index])
    model = onnx.helper.make_model(graph)
    assert count_macs(free_axes_as_one(model)) == 1 * 5 * 7 + 7 * 1 * 7 + 7 * 7 * 5
    assert count_parameters(model) == 35


def test_an_unknown_shape_is_an_error_not_a_nought():
    value = onnx.helper.make_tensor_value_info
    node = onnx.helper.make_node('MatMul', ['a', 'b'], ['c'], name='product')
    graph = onnx.helper.make_graph(
        [node],
        'g',
        [value('a', onnx.TensorProto.FLOAT, [2, 3]), value('b', onnx.TensorProto.FLOAT, None)],
        [value('c', onnx.TensorProto.FLOAT, None)],
    )
    with pytest.raises(ValueError, match='product'):
        count_macs(onnx.helper.make_model(graph))


def test_every_tower_of_a_shipped_bundle():
    bundle = Bundle.open(MODELS / 'image-sound-text')
    costs = {c.modality: c for c in bundle_costs(bundle, 'see-hear-read', repeats=3)}
    assert set(costs) == {'image', 'sound', 'text'}
    image = costs['image']
    assert image.models == ('efficientnet-lite0', 'image_head')
    # The authors of EfficientNet-Lite0 state 0.407 G MACs.
    assert image.parameters > 3.35e6 and 3.6e8 < image.macs < 4.2e8
    trunk = MODELS / 'trunks' / 'efficientnet-lite0.onnx'
    assert image.bytes == trunk.stat().st_size + bundle.model_path('image_head').stat().st_size
    assert image.latency_ratio >= 1 > costs['text'].latency_ratio > 0
