# SPDX-License-Identifier: Apache-2.0
"""ONNX Runtime backend."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from xsense_ros.engines.engine import EngineDescription
from xsense_ros.engines.manifest import ModelSpec, TensorSpec
from xsense_ros.errors import BundleError, EngineError

CPU = 'CPUExecutionProvider'
# ONNX Runtime says 'tensor(float)' where numpy says 'float32'; the other names are numpy's.
_FLOATS = {'float': 'float32', 'double': 'float64'}


class OnnxEngine:
    """A model on ONNX Runtime.

    Args:
        model_path: the .onnx file; weights may be stored as float16 behind a Cast.
        spec: the tensors the manifest promises; compared with the graph.
        threads: threads within one operator; None takes half of the cores this process may use.
        provider: ONNX Runtime execution provider.

    Raises:
        BundleError: the file is not an ONNX model or its tensors differ from ``spec``.
        EngineError: the provider is missing or ``threads`` is below 1.
    """

    def __init__(
        self,
        model_path: Path,
        spec: ModelSpec,
        *,
        threads: int | None = None,
        provider: str = CPU,
    ) -> None:
        self._threads = checked_threads(threads)
        self._path = model_path
        self._spec = spec
        self._provider = provider
        if provider not in ort.get_available_providers():
            raise EngineError(
                'ONNX Runtime provider',
                provider,
                f'one of {ort.get_available_providers()}',
                'install the onnxruntime build that has it, or choose another backend',
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        # A spinning worker takes a core from the camera driver while it waits for nothing.
        options.add_session_config_entry('session.intra_op.allow_spinning', '0')
        session = _session(model_path, options, provider)
        check_signature(session, spec, str(model_path))
        self._session: Any = session

    def infer(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Outputs by name. EngineError for wrong names, dtypes or shapes, and after close()."""
        session = self._session
        if session is None:
            raise EngineError('engine', self._path.name, 'an open engine', 'load it again')
        check_inputs(inputs, self._spec.inputs, self._path.name)
        names = [output.name for output in self._spec.outputs]
        feed = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        try:
            values = session.run(names, feed)
        # ONNX Runtime raises several unrelated classes, with Exception as their only common base.
        except Exception as error:
            raise EngineError(
                f'inference of {self._path.name}',
                str(error),
                'a successful run',
                'check free memory; if it persists, export the bundle again',
            ) from error
        return dict(zip(names, values, strict=True))

    def warm_up(self) -> None:
        """Run once on zeros, so that the first real sample does not pay for lazy allocation."""
        self.infer(zero_inputs(self._spec))

    def describe(self) -> EngineDescription:
        """Backend, device, precision, model file and threads."""
        return EngineDescription(
            backend='onnxruntime',
            device=self._provider.removesuffix('ExecutionProvider').lower(),
            precision=self._spec.precision,
            model=self._path.name,
            threads=self._threads,
        )

    def close(self) -> None:
        """Free the model's memory; closing twice is harmless."""
        self._session = None


def default_threads() -> int:
    """Half of the cores this process may use, at least one: a robot runs more than one node."""
    return max(1, len(os.sched_getaffinity(0)) // 2)


def checked_threads(threads: int | None) -> int:
    """Threads as asked for, None for the default; EngineError below 1."""
    if threads is not None and threads < 1:
        cure = 'leave threads out for half of the cores'
        raise EngineError('threads', threads, 'an integer >= 1', cure)
    return default_threads() if threads is None else threads


def zero_inputs(spec: ModelSpec) -> dict[str, NDArray[Any]]:
    """One sample of zeros for every input of a model."""
    return {
        tensor.name: np.zeros(
            [axis if isinstance(axis, int) else 1 for axis in tensor.shape], tensor.dtype
        )
        for tensor in spec.inputs
    }


def read_signature(model_path: Path) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    """Inputs and outputs of an ONNX file, without optimising or packing its weights.

    Raises:
        BundleError: the file is not a model that ONNX Runtime can open.
    """
    return _signature(_plain_session(model_path))


def verify_model(model_path: Path, spec: ModelSpec, where: str) -> None:
    """BundleError unless the tensors of an ONNX file are those that ``spec`` promises."""
    check_signature(_plain_session(model_path), spec, where)


def check_signature(session: Any, spec: ModelSpec, where: str) -> None:
    """BundleError unless a session's tensors are those that ``spec`` promises."""
    for side, found, promised in zip(
        ('inputs', 'outputs'), _signature(session), (spec.inputs, spec.outputs), strict=True
    ):
        if [t.name for t in found] != [t.name for t in promised]:
            _differs(f'{where}.{side}', [t.name for t in promised], [t.name for t in found])
        for real, said in zip(found, promised, strict=True):
            if real.dtype != said.dtype:
                _differs(f'{where}.{side}.{said.name}.dtype', said.dtype, real.dtype)
            if not _same_shape(real.shape, said.shape):
                _differs(f'{where}.{side}.{said.name}.shape', said.shape, real.shape)


def check_inputs(
    inputs: Mapping[str, NDArray[Any]], specs: Sequence[TensorSpec], model: str
) -> None:
    """EngineError unless names, dtypes and shapes of ``inputs`` are the promised ones."""
    cure = 'check that the preprocessing in the manifest belongs to this model'
    if set(inputs) != {spec.name for spec in specs}:
        names = sorted(spec.name for spec in specs)
        raise EngineError(f'inputs of {model}', sorted(inputs), f'the names {names}', cure)
    for spec in specs:
        value = inputs[spec.name]
        if value.dtype != np.dtype(spec.dtype):
            what = f'dtype of input {spec.name!r} of {model}'
            raise EngineError(what, str(value.dtype), spec.dtype, cure)
        fits = len(value.shape) == len(spec.shape) and all(
            given == axis or not isinstance(axis, int)
            for given, axis in zip(value.shape, spec.shape, strict=True)
        )
        if not fits:
            what = f'shape of input {spec.name!r} of {model}'
            raise EngineError(what, value.shape, f'{spec.shape}', cure)


def _plain_session(model_path: Path) -> Any:
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1
    options.add_session_config_entry('session.disable_prepacking', '1')
    return _session(model_path, options, CPU)


def _session(model_path: Path, options: Any, provider: str) -> Any:
    try:
        return ort.InferenceSession(str(model_path), options, providers=[provider])
    # ONNX Runtime raises several unrelated classes, with Exception as their only common base.
    except Exception as error:
        raise BundleError(
            str(model_path),
            str(error),
            'an ONNX model that ONNX Runtime can open',
            'export or download the bundle again',
        ) from error


def _signature(session: Any) -> tuple[tuple[TensorSpec, ...], tuple[TensorSpec, ...]]:
    inputs, outputs = (
        tuple(TensorSpec(arg.name, tuple(arg.shape), _dtype(arg.type)) for arg in side)
        for side in (session.get_inputs(), session.get_outputs())
    )
    return inputs, outputs


def _dtype(type_name: str) -> str:
    inner = type_name.removeprefix('tensor(').removesuffix(')')
    return _FLOATS.get(inner, inner)


def _same_shape(real: Sequence[object], said: Sequence[object]) -> bool:
    """Fixed axes must be equal; a free axis may be promised under any name, but as free."""
    return len(real) == len(said) and all(
        one == other if isinstance(one, int) or isinstance(other, int) else True
        for one, other in zip(real, said, strict=True)
    )


def _differs(where: str, promised: object, found: object) -> None:
    raise BundleError(where, promised, f'{found}, as in the ONNX file', 'export the bundle again')
