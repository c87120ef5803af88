# SPDX-License-Identifier: Apache-2.0
"""Store the weights of an ONNX model small, and compute in single precision.

A Cast behind each large weight keeps it in half precision on disk. Runtimes fold the Cast when
they load the model, so speed and activations are those of the fp32 model; only the rounding of
the weights remains. Look-up tables are kept as int8 rows with one scale each.
"""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LARGE = 1024  # elements; smaller tensors are not worth a node
MIN_ROW = 16  # elements; for shorter rows a scale each would save nothing
HALF_MAX = float(np.finfo(np.float16).max)


def store_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose large fp32 initialisers are fp16, each followed by a Cast to fp32.

    A table whose rows are only looked up (Gather) is stored as int8 with a scale per row, and
    scaled after the look-up, so that it stays small in memory too.

    Raises:
        ValueError: a weight is too large for half precision.
    """
    found = onnx.ModelProto()
    found.CopyFrom(model)
    graph = found.graph
    casts: list[onnx.NodeProto] = []
    for initialiser in graph.initializer:
        if initialiser.data_type != TensorProto.FLOAT or int(np.prod(initialiser.dims)) < LARGE:
            continue
        values = numpy_helper.to_array(initialiser)
        if np.abs(values).max() > HALF_MAX:
            raise ValueError(f'{initialiser.name} reaches {np.abs(values).max():.3g}: no fp16')
        name = initialiser.name
        users = [node for node in graph.node if name in node.input]
        if all(node.op_type == 'Gather' and node.input[0] == name for node in users):
            if values.ndim == 2 and values.shape[1] >= MIN_ROW:
                _quantise_table(graph, initialiser, values, users)
        else:
            initialiser.CopyFrom(numpy_helper.from_array(values.astype(np.float16), name))
            casts.append(_cast(name, f'{name}_single'))
            for node in users:
                for i, given in enumerate(node.input):
                    if given == name:
                        node.input[i] = f'{name}_single'
    for cast in reversed(casts):
        graph.node.insert(0, cast)
    del graph.value_info[:]  # types of intermediate values changed; runtimes infer them again
    onnx.checker.check_model(found)
    return found


def _cast(source: str, target: str) -> onnx.NodeProto:
    return helper.make_node(
        'Cast', [source], [target], name=f'cast_{target}', to=TensorProto.FLOAT
    )


def _quantise_table(
    graph: onnx.GraphProto,
    table: onnx.TensorProto,
    values: NDArray[np.float32],
    users: list[onnx.NodeProto],
) -> None:
    """Gather(float table) becomes Gather(int8 table) times Gather(scales)."""
    scales = np.maximum(np.abs(values).max(axis=1, keepdims=True), 1e-12) / 127
    name = table.name
    table.CopyFrom(numpy_helper.from_array(np.rint(values / scales).astype(np.int8), name))
    graph.initializer.append(numpy_helper.from_array(scales.astype(np.float32), f'{name}_scales'))
    for node in users:
        output, indices = node.output[0], node.input[1]
        node.output[0] = f'{output}_int8'
        position = list(graph.node).index(node)
        added = [
            _cast(f'{output}_int8', f'{output}_single'),
            helper.make_node('Gather', [f'{name}_scales', indices], [f'{output}_scale']),
            helper.make_node('Mul', [f'{output}_single', f'{output}_scale'], [output]),
        ]
        for offset, new in enumerate(added, start=1):
            graph.node.insert(position + offset, new)
