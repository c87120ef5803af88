# SPDX-License-Identifier: Apache-2.0
"""torch module -> ONNX file that is proven to compute the same numbers."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from xsense_training.export.half_storage import store_half

OPSET = 20
TOLERANCE = 1e-4  # of the largest output; fp32 kernels differ by about 1e-6


class NumericGateError(RuntimeError):
    """The exported graph does not compute what the torch module computes."""


@dataclass(frozen=True)
class ExportReport:
    """What the numeric gate measured.

    error: largest |ONNX - torch| over the largest |torch| value, in fp32;
    half_drift: largest 1 - cosine between torch's output rows and those of the half-stored file,
    0 where storage is fp32; bytes: size of the file.
    """

    error: float
    half_drift: float
    bytes: int


def export_onnx(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    output: str,
    path: Path,
    *,
    half: bool = True,
) -> ExportReport:
    """Write `module` to `path` with a free batch axis and pass it through the numeric gate.

    Args:
        module: the tower; switched to eval mode.
        inputs: example inputs by name, batch of at least 3, in the order of forward's arguments.
        output: name of the single output.
        path: file to write.
        half: store large weights in half precision (compute stays fp32).

    Raises:
        NumericGateError: outputs differ on the whole batch, on one row or on two.
    """
    module = module.eval()
    batch = torch.export.Dim('batch', min=1, max=4096)
    model = without_metadata(traced(module, inputs, [output], tuple({0: batch} for _ in inputs)))
    with torch.no_grad():
        expected = module(*inputs.values()).numpy()
    error = max(
        relative_error(run(model, inputs, rows), expected[:rows]) for rows in (1, 2, len(expected))
    )
    if error > TOLERANCE:
        raise NumericGateError(f'{path.name}: ONNX differs from torch by {error:.2e}')
    drift = 0.0
    if half:
        model = store_half(model)
        drift = cosine_drift(expected, run(model, inputs, len(expected)))
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(path))
    return ExportReport(error, drift, path.stat().st_size)


def traced(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    outputs: Sequence[str],
    shapes: tuple[object, ...] | None = None,
) -> onnx.ModelProto:
    """The graph of a module in evaluation mode.

    Args:
        module: forward takes the inputs in their order.
        inputs: example inputs by name.
        outputs: names of what forward returns.
        shapes: free axes of each input, as torch.export takes them; None: all are fixed.
    """
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter('ignore')
        logging.getLogger('torch.onnx').setLevel(logging.ERROR)
        program = torch.onnx.export(
            module,
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_shapes=shapes,
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    if program is None:
        raise RuntimeError('torch.onnx.export returned nothing')
    return program.model_proto


def run(model: onnx.ModelProto, inputs: Mapping[str, Tensor], rows: int) -> NDArray[np.float32]:
    """The first output of the model on the first `rows` of the inputs, one thread."""
    feed = {name: value[:rows] for name, value in inputs.items()}
    return run_all(model, feed)[0]


def run_all(model: onnx.ModelProto, inputs: Mapping[str, Tensor]) -> list[NDArray[np.float32]]:
    """All outputs of the model, one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=['CPUExecutionProvider']
    )
    feed = {name: value.numpy() for name, value in inputs.items()}
    return [np.asarray(found, dtype=np.float32) for found in session.run(None, feed)]


def cosine_drift(a: NDArray[np.floating], b: NDArray[np.floating]) -> float:
    """Largest 1 - cosine between corresponding rows."""
    norms = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return float(np.max(1 - np.sum(a.astype(np.float64) * b, axis=1) / np.maximum(norms, 1e-12)))


def relative_error(found: NDArray[np.floating], expected: NDArray[np.floating]) -> float:
    """Largest difference over the largest expected value."""
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12))


def without_metadata(model: onnx.ModelProto) -> onnx.ModelProto:
    """Leave out the exporter's notes (source paths, stack traces): they name build machines."""
    holders: Sequence[object] = [model, model.graph, *model.graph.node, *model.graph.initializer]
    holders = [*holders, *model.graph.input, *model.graph.output, *model.graph.value_info]
    for holder in holders:
        for field in ('metadata_props', 'doc_string'):
            if field in {f.name for f in holder.DESCRIPTOR.fields}:  # type: ignore[attr-defined]
                holder.ClearField(field)  # type: ignore[attr-defined]
    return model
