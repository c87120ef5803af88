# SPDX-License-Identifier: Apache-2.0
"""What each tower of a bundle costs a robot: parameters, MACs, bytes, CPU time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray
from onnx import TensorProto

from xsense_ros.engines.bundle import Bundle
from xsense_training.evaluate.summary import Cost

_STORED = {
    TensorProto.FLOAT,
    TensorProto.FLOAT16,
    TensorProto.BFLOAT16,
    TensorProto.DOUBLE,
    TensorProto.INT8,
    TensorProto.UINT8,
}
_WARM_UP = 2  # calls that are not counted
Shapes = Mapping[str, Sequence[int]]


def bundle_costs(bundle: Bundle, system: str, repeats: int = 30) -> list[Cost]:
    """Every tower of a bundle, for one sample on one CPU thread.

    The trunk that others are compared with is the model that lies outside the bundle's folder,
    shared with other bundles; CPU times are taken in turn in this call and read as ratios.
    """
    found = bundle.manifest.models
    models = {key: load(bundle.model_path(key)) for key in found}
    parameters = {key: count_parameters(model) for key, model in models.items()}
    macs = {key: count_macs(model) for key, model in models.items()}
    sizes = {key: bundle.model_path(key).stat().st_size for key in found}
    shared = [key for key, spec in found.items() if spec.file.startswith('../')]
    towers = {
        modality: tower.stages
        for space in bundle.manifest.spaces.values()
        for modality, tower in space.towers.items()
    }
    for matcher in bundle.manifest.matchers.values():
        towers |= {'template': matcher.template.stages, 'search': matcher.search.stages}
    times = median_times({key: _one_sample(bundle.model_path(key)) for key in found}, repeats)
    trunk = sum(times[key] for key in shared)
    return [
        Cost(
            system,
            modality,
            tuple(stages),
            sum(parameters[key] for key in stages),
            sum(macs[key] for key in stages),
            sum(sizes[key] for key in stages),
            round(sum(times[key] for key in stages) / trunk, 3) if shared else None,
        )
        for modality, stages in towers.items()
    ]


def load(path: Path) -> onnx.ModelProto:
    """The graph of a file as `free_axes_as_one` gives it."""
    return free_axes_as_one(onnx.load(str(path)))


def free_axes_as_one(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph for a batch of one, all shapes inferred."""
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        for dim in value.type.tensor_type.shape.dim:
            if dim.dim_param:
                dim.dim_value = 1  # clears dim_param: they are one field
    return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)


def count_parameters(model: onnx.ModelProto) -> int:
    """Stored numbers of the graph, whatever their precision.

    Shapes and indices are no weights, nor are single numbers such as the bounds of a ReLU6.
    """
    return sum(
        math.prod(tensor.dims)
        for tensor in model.graph.initializer
        if tensor.data_type in _STORED and tensor.dims
    )


def count_macs(model: onnx.ModelProto) -> int:
    """Multiply-accumulates of Conv, Gemm and MatMul in a graph from `free_axes_as_one`.

    All other operators (activations, norms, look-ups) are left out, as is customary.

    Raises:
        ValueError: a product whose shape is not known.
    """
    shapes: dict[str, list[int]] = {t.name: list(t.dims) for t in model.graph.initializer}
    for value in [*model.graph.input, *model.graph.output, *model.graph.value_info]:
        dims = value.type.tensor_type.shape.dim
        if value.type.tensor_type.HasField('shape') and all(d.HasField('dim_value') for d in dims):
            shapes[value.name] = [d.dim_value for d in dims]
    return sum(_macs(node, shapes) for node in model.graph.node)


def _macs(node: onnx.NodeProto, shapes: Shapes) -> int:
    if node.op_type not in ('Conv', 'Gemm', 'MatMul'):
        return 0
    try:
        left, right, out = (shapes[n] for n in (*node.input[:2], node.output[0]))
    except KeyError as error:
        raise ValueError(f'{node.op_type} {node.name}: the shape of {error} is unknown') from error
    if node.op_type == 'Conv':  # weight: out channels, in channels / groups, kernel
        return math.prod(out) * math.prod(right[1:])
    transposed = any(a.name == 'transA' and a.i for a in node.attribute)
    return math.prod(out) * (left[0] if transposed else left[-1])


def median_times(calls: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of each call, all in turn: what disturbs one disturbs the others too."""
    times: dict[str, list[float]] = {key: [] for key in calls}
    for _ in range(repeats + _WARM_UP):
        for key, call in calls.items():
            start = time.perf_counter()
            call()
            times[key].append(time.perf_counter() - start)
    return {key: float(np.median(found[_WARM_UP:])) for key, found in times.items()}


def _one_sample(path: Path) -> Callable[[], object]:
    session = _session(path)
    feed = _feed(session)
    return lambda: session.run(None, feed)


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])


def _feed(session: onnxruntime.InferenceSession) -> dict[str, NDArray[np.generic]]:
    """One sample of noise, or of zeros where the model takes whole numbers."""
    rng = np.random.default_rng(0)
    feed: dict[str, NDArray[np.generic]] = {}
    for value in session.get_inputs():
        shape = [size if isinstance(size, int) else 1 for size in value.shape]
        if 'int' in value.type:
            feed[value.name] = np.zeros(shape, np.int64)
        else:
            feed[value.name] = rng.standard_normal(shape).astype(np.float32)
    return feed
