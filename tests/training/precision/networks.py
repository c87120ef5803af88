# SPDX-License-Identifier: Apache-2.0
"""Small real networks, as the exporter writes them, and samples for them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

RNG = np.random.default_rng(0)
CHANNELS, LAYERS, DIMENSION = 8, 12, 12


def graph(nodes, inputs, outputs, constants):
    def values(of):
        return [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in of.items()]

    tensors = [numpy_helper.from_array(v, name) for name, v in constants.items()]
    made = helper.make_graph(nodes, 'made', values(inputs), values(outputs), tensors)
    return helper.make_model(made, opset_imports=[helper.make_opsetid('', 20)], ir_version=10)


def run(model, feed):
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(None, feed)[0]


def network(seed=0, source='image'):
    """(B, 3, 32, 32) -> (B, 12) of length 1: convolutions, a residual, a dense layer, a norm."""
    rng = np.random.default_rng(seed)
    nodes, constants, value, width = [], {}, source, 3
    for layer in range(LAYERS):
        weight = rng.standard_normal((CHANNELS, width, 3, 3)) / np.sqrt(4.5 * width)
        # Stored as the exporter stores them: half precision, and a Cast.
        constants[f'w{layer}'] = weight.astype(np.float16)
        constants[f'b{layer}'] = 0.1 * rng.standard_normal(CHANNELS).astype(np.float32)
        nodes += [
            helper.make_node('Cast', [f'w{layer}'], [f'f{layer}'], to=TensorProto.FLOAT),
            helper.make_node(
                'Conv', [value, f'f{layer}', f'b{layer}'], [f'c{layer}'], name=f'conv{layer}',
                pads=[1, 1, 1, 1], strides=[2, 2] if layer in (0, 3) else [1, 1],
            ),
            helper.make_node('Relu', [f'c{layer}'], [f'r{layer}'], name=f'relu{layer}'),
        ]  # fmt: skip
        value, width = f'r{layer}', CHANNELS
    constants['d'] = rng.standard_normal((CHANNELS, DIMENSION)).astype(np.float32)
    constants['one'] = np.array([1], np.int64)
    nodes += [
        helper.make_node('Add', ['r10', 'r11'], ['sum'], name='sum'),
        helper.make_node('ReduceMean', ['sum', 'places'], ['mean'], name='mean', keepdims=0),
        helper.make_node('Gemm', ['mean', 'd'], ['latent'], name='dense'),
        helper.make_node('ReduceL2', ['latent', 'one'], ['norm'], name='norm', keepdims=1),
        helper.make_node('Div', ['latent', 'norm'], ['vector'], name='unit'),
    ]
    constants['places'] = np.array([2, 3], np.int64)
    return graph(
        nodes, {source: ['batch', 3, 32, 32]}, {'vector': ['batch', DIMENSION]}, constants
    )


def types(model):
    typed = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    values = (*typed.input, *typed.value_info, *typed.output)
    return {v.name: v.type.tensor_type.elem_type for v in values}


@dataclass(frozen=True)
class Toy:
    modality: str
    sample: object
    thing: str
