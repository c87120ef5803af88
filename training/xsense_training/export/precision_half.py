# SPDX-License-Identifier: Apache-2.0
"""fp32 ONNX -> strongly typed half precision, with single precision where half would not do.

Runtimes that are strongly typed (TensorRT 11, TensorRT-RTX) compute each operator in the type that
the graph gives it. Products are computed in half precision, what only moves or adds up numbers
follows its inputs, and everything else (softmax, norms, normalisation, statistics, powers,
quotients) is an island in single precision. Inputs and outputs stay float32, so that the file
serves wherever the fp32 one does.

The converters that ONNX Runtime and onnxconverter-common bring put a Cast before and after every
operator of an island, so that a variance is rounded at each of its steps, and write invalid graphs
where two islands share a constant.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from xsense_ros.errors import InputError
from xsense_training.export.half_storage import HALF_MAX

PRODUCTS = ('Conv', 'ConvTranspose', 'Gemm', 'MatMul')
# Half where all that they are given is half already: a cast for them alone would gain nothing.
FOLLOWERS = (
    *('Add', 'Sub', 'Mul', 'Neg', 'Abs', 'Max', 'Min', 'Clip', 'Relu', 'LeakyRelu', 'PRelu'),
    *('HardSigmoid', 'HardSwish', 'MaxPool', 'AveragePool', 'Concat', 'Split', 'Slice', 'Pad'),
    *('Reshape', 'Flatten', 'Transpose', 'Squeeze', 'Unsqueeze', 'Expand', 'Identity'),
)


def to_half(model: onnx.ModelProto, *, emulated: bool = False) -> onnx.ModelProto:
    """A copy that computes in half precision, but for its islands.

    Args:
        model: computes in single precision; weights may be stored as half (half_storage).
        emulated: compute in single precision and round to half wherever the other graph is in
            half. ONNX Runtime runs half precision on processors as single, without the rounding
            and without the overflow; this graph shows both.

    Raises:
        InputError: a weight is too large for half precision.
    """
    return _Halving(plain_weights(model), emulated).result()


def plain_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy whose half-stored weights are float32, without the Casts behind them."""
    found = onnx.ModelProto()
    found.CopyFrom(model)
    graph = found.graph
    stored = {initialiser.name: initialiser for initialiser in graph.initializer}
    kept = []
    for node in graph.node:
        source = stored.get(node.input[0]) if node.op_type == 'Cast' else None
        if source is None or helper.get_node_attr_value(node, 'to') != TensorProto.FLOAT:
            kept.append(node)
            continue
        values = numpy_helper.to_array(source).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
    _replace_nodes(graph, kept)
    return found


class _Halving:
    """Walks a graph once; every tensor exists in single, in half, or in both, as it is needed."""

    def __init__(self, model: onnx.ModelProto, emulated: bool) -> None:
        self._model, self._emulated = model, emulated
        typed = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
        values = (*typed.input, *typed.value_info, *typed.output)
        self._floats = {
            v.name for v in values if v.type.tensor_type.elem_type == TensorProto.FLOAT
        }
        self._constants = {
            one.name: one for one in model.graph.initializer if one.data_type == TensorProto.FLOAT
        }
        self._half: dict[str, str] = {}  # name of the half twin
        self._single = {v.name for v in model.graph.input} | set(self._constants)
        self._nodes: list[onnx.NodeProto] = []

    def result(self) -> onnx.ModelProto:
        graph = self._model.graph
        for node in graph.node:
            if self._wants_half(node):
                self._put_half(node)
            else:
                for name in node.input:
                    self._need_single(name)
                self._nodes.append(node)
                self._single.update(node.output)
        for value in graph.output:
            self._need_single(value.name)
        _replace_nodes(graph, self._nodes)
        del graph.value_info[:]  # types of intermediate values changed; runtimes infer them again
        onnx.checker.check_model(self._model, full_check=True)
        return self._model

    def _wants_half(self, node: onnx.NodeProto) -> bool:
        computed = [n for n in node.input if n in self._floats and n not in self._constants]
        if node.op_type in PRODUCTS:
            return bool(computed)
        in_half = [name in self._half for name in computed]
        return node.op_type in FOLLOWERS and bool(in_half) and all(in_half)

    def _put_half(self, node: onnx.NodeProto) -> None:
        for place, name in enumerate(node.input):
            if name in self._floats or name in self._constants:
                node.input[place] = self._need_half(name)
        for place, name in enumerate(node.output):
            self._half[name] = f'{name}_half'
            node.output[place] = f'{name}_exact' if self._emulated else self._half[name]
        self._nodes.append(node)
        if self._emulated:
            for name in list(node.output):
                self._round(name, name.removesuffix('_exact') + '_half')

    def _need_half(self, name: str) -> str:
        if name in self._half:
            return self._half[name]
        twin = self._half[name] = f'{name}_half'
        if name in self._constants:
            self._model.graph.initializer.append(self._half_constant(name, twin))
        elif self._emulated:
            self._round(name, twin)
        else:
            self._cast(name, twin, TensorProto.FLOAT16)
        return twin

    def _need_single(self, name: str) -> None:
        if name in self._half and name not in self._single:
            self._single.add(name)
            self._cast(self._half[name], name, TensorProto.FLOAT)

    def _half_constant(self, name: str, twin: str) -> onnx.TensorProto:
        values = numpy_helper.to_array(self._constants[name])
        largest = float(np.abs(values[np.isfinite(values)]).max(initial=0.0))
        if largest > HALF_MAX:
            raise InputError(
                f'weight {name!r}', largest, f'at most {HALF_MAX} for fp16', 'keep this model fp32'
            )
        half = values.astype(np.float16)
        return numpy_helper.from_array(half.astype(np.float32) if self._emulated else half, twin)

    def _round(self, name: str, twin: str) -> None:
        self._cast(name, f'{twin}_rounded', TensorProto.FLOAT16)
        self._cast(f'{twin}_rounded', twin, TensorProto.FLOAT)

    def _cast(self, source: str, target: str, to: int) -> None:
        self._nodes.append(
            helper.make_node('Cast', [source], [target], name=f'cast_{target}', to=to)
        )


def _replace_nodes(graph: onnx.GraphProto, nodes: list[onnx.NodeProto]) -> None:
    """Put these nodes into a graph, and leave out constants that nothing uses any more."""
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(kept)
    used = {name for node in graph.node for name in node.input}
    for constant in [one for one in graph.initializer if one.name not in used]:
        graph.initializer.remove(constant)
