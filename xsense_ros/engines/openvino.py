# SPDX-License-Identifier: Apache-2.0
"""OpenVINO backend: processors, at a precision that is asked for and confirmed.

Left alone, OpenVINO computes in bfloat16 wherever the processor can, so the same bundle would give
other vectors on another machine. Here float32 is the default everywhere, 'openvino:bf16' asks for
bfloat16, and a processor that cannot do that refuses instead of doing something else.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.engine import EngineDescription
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.onnx import check_inputs, checked_threads, zero_inputs
from xsense_ros.engines.precision import BF16, FP32
from xsense_ros.errors import EngineError

DEVICE = 'CPU'
_HINTS = {FP32: 'f32', BF16: 'bf16'}
_NAMES = {hint: name for name, hint in _HINTS.items()}


class OpenVinoEngine:
    """A model on OpenVINO's processor plugin.

    Args:
        model_path: the .onnx file.
        spec: the tensors the manifest promises.
        threads: threads within one operator; None takes half of the cores this process may use.
        compute: FP32 or BF16, what floating point is computed in.

    Raises:
        EngineError: OpenVINO is not installed or cannot read the model, the processor cannot
            compute so, or ``threads`` is below 1.
    """

    def __init__(
        self,
        model_path: Path,
        spec: ModelSpec,
        *,
        threads: int | None = None,
        compute: str = FP32,
    ) -> None:
        self._path, self._spec, self._lock = model_path, spec, threading.Lock()
        self._threads = checked_threads(threads)
        openvino = _openvino()
        settings = {
            'INFERENCE_PRECISION_HINT': _HINTS[compute],
            'INFERENCE_NUM_THREADS': self._threads,
            'NUM_STREAMS': 1,
            'PERFORMANCE_HINT': 'LATENCY',
            # A pinned worker would hold a core that the camera driver needs.
            'ENABLE_CPU_PINNING': False,
        }
        try:
            core = openvino.Core()
            compiled = core.compile_model(core.read_model(str(model_path)), DEVICE, settings)
            found = compiled.get_property('INFERENCE_PRECISION_HINT').to_string()
            self._request: Any = compiled.create_infer_request()
        # OpenVINO raises RuntimeError and its own classes, with Exception as their common base.
        except Exception as error:
            raise EngineError(
                f'loading {model_path.name} into OpenVINO',
                str(error),
                'a model that it can run',
                "name 'onnxruntime' in the backends after it: it runs the model as it is",
            ) from error
        # A processor without bfloat16 is not refused by OpenVINO: it goes on in float32.
        if _NAMES.get(found, found) != compute:
            raise EngineError(
                f'precision of {model_path.name} on OpenVINO',
                found,
                f'{compute}, as asked for',
                "name 'openvino' without a precision: this processor has no "
                f'{compute} ({core.get_property(DEVICE, "OPTIMIZATION_CAPABILITIES")})',
            )
        self._precision = compute if spec.precision == FP32 else spec.precision

    def infer(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Outputs by name. EngineError for wrong names, dtypes or shapes, and after close()."""
        check_inputs(inputs, self._spec.inputs, self._path.name)
        feed = {name: np.ascontiguousarray(value) for name, value in inputs.items()}
        with self._lock:  # a request has one set of buffers
            if self._request is None:
                raise EngineError('engine', self._path.name, 'an open engine', 'load it again')
            try:
                self._request.infer(feed)
                return {
                    output.name: self._request.get_tensor(output.name).data.copy()
                    for output in self._spec.outputs
                }
            # See above.
            except Exception as error:
                raise EngineError(
                    f'inference of {self._path.name}',
                    str(error),
                    'a successful run',
                    'check free memory; if it persists, export the bundle again',
                ) from error

    def warm_up(self) -> None:
        """Run once on zeros, so that the first real sample does not pay for lazy allocation."""
        self.infer(zero_inputs(self._spec))

    def describe(self) -> EngineDescription:
        """Backend, device, precision, model file and threads."""
        return EngineDescription(
            'openvino', DEVICE.lower(), self._precision, self._path.name, self._threads
        )

    def close(self) -> None:
        """Free the model's memory; closing twice is harmless."""
        with self._lock:
            self._request = None


def _openvino() -> Any:
    try:
        import openvino
    except ImportError as error:
        raise EngineError(
            'OpenVINO',
            str(error),
            'the package openvino',
            "pip install 'xsense_ros[openvino]' (or: pip install openvino), or choose another "
            'backend',
        ) from None
    return openvino
