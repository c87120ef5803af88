# SPDX-License-Identifier: Apache-2.0
"""fp32 ONNX -> 8-bit integers, as quantise-dequantise pairs calibrated on real inputs.

Two files, because no form suits all runtimes: TensorRT takes only symmetric signed integers, no
quantised bias, and wants the inputs of products quantised, not their outputs; processors are fast
with unsigned activations that stay integers from product to product. Convolutions and matrix
products of activations are quantised; the small dense layers of a head, which cost little and
decide the vector, are not.

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
Feed = Mapping[str, NDArray[Any]]


def quantisable(model: onnx.ModelProto) -> bool:
    """Whether there is a convolution: without one, integers would save next to nothing."""
    return any(node.op_type == 'Conv' for node in model.graph.node)


def to_int8(model: onnx.ModelProto, feeds: Sequence[Feed], *, symmetric: bool) -> onnx.ModelProto:
    """A copy whose convolutions and products compute in 8-bit integers.

    Args:
        model: computes in single precision; weights may be stored as half.
        feeds: real inputs by name; the range of each activation is what they show.
        symmetric: signed activations without a zero point and bias in float32, as TensorRT needs
            it; otherwise unsigned activations. Weights are then kept to 7 bits, because products
            of full range overflow on processors without VNNI instructions.
    """
    plain = onnx.shape_inference.infer_shapes(plain_weights(model))
    add_pre_process_metadata(plain)  # shapes are there and constants folded: nothing is left to do
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / 'int8.onnx'
        quantize_static(
            plain,
            target,
            _Feeds(feeds),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=[*PRODUCTS, *(() if symmetric else BETWEEN)],
            nodes_to_exclude=_left_in_float(plain.graph),
            per_channel=True,
            reduce_range=not symmetric,
            activation_type=QuantType.QInt8 if symmetric else QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            calibrate_method=CalibrationMethod.MinMax,
            extra_options={
                'ActivationSymmetric': symmetric,
                'WeightSymmetric': True,
                'QuantizeBias': not symmetric,
                'DedicatedQDQPair': symmetric,
                'OpTypesToExcludeOutputQuantization': list(PRODUCTS) if symmetric else [],
            },
        )
        found = onnx.load(target)
    found = store_half(found)  # what is left in float32: biases and the layers of a head
    for field in ('metadata_props', 'doc_string', 'producer_version'):
        found.ClearField(field)
    return found


def _left_in_float(graph: onnx.GraphProto) -> list[str]:
    """The first products, and what lies between anything else than products.

    A sum or a bound inside a statistic must not be rounded: a variance would fall below zero.
    """
    first = [node for node in graph.node if node.op_type in PRODUCTS][:FIRST_IN_FLOAT]
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
