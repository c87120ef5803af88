# SPDX-License-Identifier: Apache-2.0
"""fp32 ONNX -> 8-bit integers, as quantise-dequantise pairs calibrated on real inputs.

Two files, because no form suits all runtimes: TensorRT takes only symmetric signed integers, no
quantised bias, and wants the inputs of products quantised, not their outputs; processors are fast
with unsigned activations that stay integers from product to product. Convolutions and matrix
products of activations are quantised; the small dense layers of a head, which cost little and
decide the vector, are not.

Without VNNI instructions a processor multiplies two bytes with two others and adds both products
in 16 bits, where they overflow. The usual cure are weights of 7 bits. Here each output channel
gets the finest scale at which no two neighbours can overflow, whatever the activations are: close
to 8 bits where a channel has few large weights, as trained ones have.

Following B. Jacob et al., Quantization and Training of Neural Networks for Efficient
Integer-Arithmetic-Only Inference, CVPR 2018.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.quant_utils import add_pre_process_metadata

from xsense_training.export.half_storage import store_half
from xsense_training.export.precision_half import plain_weights

PRODUCTS = ('Conv', 'MatMul')
# On processors the numbers between two products stay integers, too.
BETWEEN = ('Add', 'Clip', 'Relu')
# The first convolutions see the sample itself, whose range is wide, and all later layers repeat
# their errors: with eight of EfficientNet-Lite0's 49 in float, features drift by .007 instead of
# .044 (1 - cosine), for nothing that can be measured in time.
FIRST_IN_FLOAT = 8
# The largest activation is 255; 255 * 128 is the last product that fits, and 1 is for rounding.
NEIGHBOURS_BELOW = 127
Feed = Mapping[str, NDArray[Any]]


def quantisable(model: onnx.ModelProto) -> bool:
    """Whether there is a convolution: without one, integers would save next to nothing."""
    return any(node.op_type == 'Conv' for node in model.graph.node)


def to_int8(
    model: onnx.ModelProto,
    feeds: Sequence[Feed],
    *,
    symmetric: bool,
    float_first: int = FIRST_IN_FLOAT,
) -> onnx.ModelProto:
    """A copy whose convolutions and products compute in 8-bit integers.

    Args:
        model: computes in single precision; weights may be stored as half.
        feeds: real inputs by name; the range of each activation is what they show.
        symmetric: signed activations without a zero point and bias in float32, as TensorRT needs
            it; otherwise unsigned activations, and weights that cannot overflow.
        float_first: so many of the first products stay in float.
    """
    plain = onnx.shape_inference.infer_shapes(plain_weights(model))
    left = _left_in_float(plain.graph, float_first)
    add_pre_process_metadata(plain)  # shapes are there and constants folded: nothing is left to do
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / 'int8.onnx'
        quantize_static(
            plain,
            target,
            _Feeds(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*PRODUCTS, *(() if symmetric else BETWEEN)],
            nodes_to_exclude=left,
            per_channel=True,
            activation_type=QuantType.QInt8 if symmetric else QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                'ActivationSymmetric': symmetric,
                'WeightSymmetric': True,
                'QuantizeBias': not symmetric,
                'DedicatedQDQPair': symmetric,
                'OpTypesToExcludeOutputQuantization': list(PRODUCTS) if symmetric else [],
                'TensorQuantOverrides': {} if symmetric else _scales(plain.graph, left),
            },
        )
        found = onnx.load(target)
    found = store_half(found)  # what is left in float32: biases and the layers of a head
    for field in ('metadata_props', 'doc_string', 'producer_version'):
        found.ClearField(field)
    return found


def weight_scales(weights: NDArray[np.floating], axis: int) -> NDArray[np.float64]:
    """The finest scale of each output channel at which neighbouring products fit 16 bits.

    Kernels take input channels last (positions outside) or first (positions inside): neighbours
    of both orders count, those of one sign together.

    Args:
        weights: of a convolution, (output, input, height, width), or of a product of matrices.
        axis: of the output channels.
    """
    rows = np.moveaxis(np.asarray(weights, np.float64), axis, 0)
    most = np.zeros(len(rows))
    for order in (rows, np.moveaxis(rows, 1, -1)):
        flat = order.reshape(len(rows), -1)
        for part in (np.maximum(flat, 0), np.maximum(-flat, 0)):
            padded = np.pad(part, ((0, 0), (0, 1)))
            most = np.maximum(most, (padded[:, :-1] + padded[:, 1:]).max(axis=1))
    return np.where(most > 0, most / NEIGHBOURS_BELOW, 1.0)


def _scales(graph: onnx.GraphProto, left: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """Scale and zero point by weight and channel, as quantize_static takes them."""
    constants = {one.name: one for one in graph.initializer}
    scales: dict[str, list[dict[str, Any]]] = {}
    for node in graph.node:
        weights = constants.get(node.input[1]) if node.op_type in PRODUCTS else None
        if weights is None or node.name in left:
            continue
        axis = 0 if node.op_type == 'Conv' else len(weights.dims) - 1
        scales[weights.name] = [
            {'axis': axis, 'scale': np.float32(scale), 'zero_point': np.int8(0)}
            for scale in weight_scales(onnx.numpy_helper.to_array(weights), axis)
        ]
    return scales


def _left_in_float(graph: onnx.GraphProto, count: int) -> list[str]:
    """The first products, and what lies between anything else than products.

    A sum or a bound inside a statistic must not be rounded: a variance would fall below zero.
    """
    first = [node for node in graph.node if node.op_type in PRODUCTS][:count]
    left = [node.name for node in first]
    constants = {one.name for one in graph.initializer}
    integers: set[str] = set()
    for node in graph.node:
        if node.op_type in PRODUCTS and node.name not in left:
            integers.update(node.output)
        elif node.op_type in BETWEEN:
            if {name for name in node.input if name} - constants <= integers:
                integers.update(node.output)
            else:
                left.append(node.name)
    return left


class _Feeds(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._rest: Iterator[Feed] = iter(feeds)

    def get_next(self) -> dict[str, NDArray[Any]] | None:
        feed = next(self._rest, None)
        return None if feed is None else {k: np.ascontiguousarray(v) for k, v in feed.items()}
