# SPDX-License-Identifier: Apache-2.0
"""TensorRT backend: a cached engine on the GPU, with memory and stream of its own.

Nothing is allocated per sample: host memory is pinned and made once, the device's too. Once warm,
a call of the shape that it was warmed up with (one sample) is a single CUDA graph.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines import cuda
from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.engine import EngineDescription
from xsense_ros.engines.engine_key import ANY_GPU, EngineKey
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.onnx import check_inputs
from xsense_ros.engines.tensorrt_build import PRECISION, BuildSettings
from xsense_ros.engines.tensorrt_vendor import Vendor, load_vendor
from xsense_ros.errors import EngineError

Shapes = dict[str, tuple[int, ...]]


def engine_key(
    vendor: Vendor, spec: ModelSpec, settings: BuildSettings, gpu: cuda.Gpu | None
) -> EngineKey:
    """What an engine of this model is built for.

    Args:
        vendor: which TensorRT.
        spec: of the model.
        settings: of the build; with compute capabilities the engine is for any GPU that has one.
        gpu: the one at hand, for an engine that is built for it.

    Raises:
        EngineError: neither a GPU nor compute capabilities, or shapes that TensorRT cannot have.
    """
    capabilities = '+'.join(settings.compute_capabilities)
    if not capabilities and gpu is None:
        raise EngineError(
            f'target of {vendor.title}', None, 'a GPU, or the compute capabilities of one',
            'run on the robot, or add --compute-capability 8.9',
        )  # fmt: skip
    return EngineKey(
        spec.sha256,
        vendor.title,
        ANY_GPU if capabilities or gpu is None else gpu.name,
        capabilities or (gpu.compute_capability if gpu is not None else ''),
        settings.profile(spec),
        PRECISION,
    )


def model_label(model_path: Path) -> str:
    """What people know a model by: file names alone are those of many bundles."""
    return f'{model_path.parent.name}/{model_path.name}'


class TensorRtEngine:
    """A model on TensorRT. It takes only engines that are in the cache.

    A node that is told to start must start within seconds; an engine may take many minutes. So
    nothing is built here: `xsense engines build` does, and until then the next backend serves.

    Args:
        model_path: the .onnx file that the engine was built from.
        spec: its tensors.
        backend: 'tensorrt' or 'tensorrt_rtx'.
        settings: of the build whose engine is wanted.
        cache: where engines lie.

    Raises:
        EngineError: no such TensorRT, no GPU, no engine for it (the reason is in the message), or
            one that does not load.
    """

    def __init__(
        self,
        model_path: Path,
        spec: ModelSpec,
        *,
        backend: str = 'tensorrt',
        settings: BuildSettings | None = None,
        cache: EngineCache | None = None,
    ) -> None:
        settings, cache = settings or BuildSettings(), cache or EngineCache()
        vendor, gpu = load_vendor(backend), cuda.find_gpu()
        key = engine_key(vendor, spec, settings, gpu)
        plan = cache.find(key)
        if plan is None:
            raise EngineError(
                f'engine of {model_path.name} for {vendor.name}',
                cache.reason(key, model_label(model_path)),
                'one that was built for this GPU',
                f'xsense engines build --all --backend {backend}',
            )
        self._backend, self._gpu = backend, gpu
        self._path, self._spec = model_path, spec
        self._lock = threading.Lock()
        self._buffers: dict[str, cuda.Buffer] = {}
        self._graphs: dict[tuple[tuple[int, ...], ...], Any] = {}
        self._stream: Any = None
        self._runtime: Any = None
        self._engine: Any = None
        self._context: Any = None
        try:
            self._open(vendor, plan)
        except Exception:
            self.close()
            raise

    def infer(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Outputs by name. EngineError for wrong names, dtypes or shapes, and after close()."""
        check_inputs(inputs, self._spec.inputs, self._path.name)
        with self._lock:
            if self._context is None:
                raise EngineError('engine', self._path.name, 'an open engine', 'load it again')
            shapes = self._set_shapes(inputs)
            for name, value in inputs.items():
                np.copyto(self._buffers[name].view(value.shape), value)
            graph = self._graphs.get(self._asked(inputs))
            if graph is not None:
                cuda.call('cudaGraphLaunch', graph, self._stream)
            else:
                self._drop_graphs()  # recorded for other shapes than the context will have now
                self._enqueue(shapes)
            cuda.call('cudaStreamSynchronize', self._stream)
            return {
                tensor.name: self._buffers[tensor.name].view(shapes[tensor.name]).copy()
                for tensor in self._spec.outputs
            }

    def warm_up(self) -> None:
        """Run once on zeros, then capture the same as a CUDA graph where that is possible."""
        zeros = {
            tensor.name: np.zeros(
                [axis if isinstance(axis, int) else 1 for axis in tensor.shape], tensor.dtype
            )
            for tensor in self._spec.inputs
        }
        self.infer(zeros)
        with self._lock, contextlib.suppress(EngineError):
            if self._context is not None and self._asked(zeros) not in self._graphs:
                self._capture(zeros)

    def describe(self) -> EngineDescription:
        """Backend, GPU, precision, model file; no threads of the processor."""
        return EngineDescription(
            self._backend, self._gpu.name, self._spec.outputs[0].dtype, self._path.name, 0
        )

    def close(self) -> None:
        """Free all memory of the device; closing twice is harmless."""
        with self._lock:
            self._drop_graphs()
            self._context = self._engine = self._runtime = None
            while self._buffers:
                self._buffers.popitem()[1].free()
            if self._stream is not None:
                cuda.release('cudaStreamDestroy', self._stream)
                self._stream = None

    def _open(self, vendor: Vendor, plan: bytes) -> None:
        trt = vendor.module
        vendor.messages.take()
        self._runtime = trt.Runtime(vendor.messages.logger)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        self._context = self._engine and self._engine.create_execution_context()
        if not self._context:
            raise EngineError(
                f'loading the engine of {self._path.name} into {vendor.title}',
                'no engine',
                f'an engine; it said: {vendor.messages.take() or "nothing"}',
                'free memory on the device; or xsense engines prune --all, and build again',
            )
        self._stream = cuda.call('cudaStreamCreate')
        for tensor in self._spec.inputs:
            most = self._largest(tensor.name)
            self._context.set_input_shape(tensor.name, most)
            self._allocate(tensor.name, most, tensor.dtype)
        for tensor in self._spec.outputs:
            most = tuple(self._context.get_tensor_shape(tensor.name))
            self._allocate(tensor.name, most, tensor.dtype)

    def _allocate(self, name: str, shape: tuple[int, ...], dtype: str) -> None:
        self._buffers[name] = buffer = cuda.Buffer(shape, dtype)
        self._context.set_tensor_address(name, buffer.device)

    def _set_shapes(self, inputs: Mapping[str, NDArray[Any]]) -> Shapes:
        """Shapes of all tensors for these inputs. EngineError beyond the largest batch."""
        shapes: Shapes = {}
        for name, value in inputs.items():
            if not self._context.set_input_shape(name, value.shape):
                most = f'at most {self._largest(name)}'
                cure = 'ask with fewer samples at once'
                raise EngineError(f'shape of input {name!r}', value.shape, most, cure)
            shapes[name] = value.shape
        for tensor in self._spec.outputs:
            shapes[tensor.name] = tuple(self._context.get_tensor_shape(tensor.name))
        return shapes

    def _largest(self, name: str) -> tuple[int, ...]:
        shape = tuple(self._engine.get_tensor_shape(name))
        if -1 in shape:
            shape = tuple(self._engine.get_tensor_profile_shape(name, 0)[2])
        return shape

    def _drop_graphs(self) -> None:
        while self._graphs:
            cuda.release('cudaGraphExecDestroy', self._graphs.popitem()[1])

    def _asked(self, inputs: Mapping[str, NDArray[Any]]) -> tuple[tuple[int, ...], ...]:
        return tuple(inputs[tensor.name].shape for tensor in self._spec.inputs)

    def _enqueue(self, shapes: Shapes) -> None:
        """Copy in, run, copy out: all on the engine's stream."""
        for tensor in self._spec.inputs:
            buffer = self._buffers[tensor.name]
            buffer.upload(buffer.view(shapes[tensor.name]), self._stream)
        if not self._context.execute_async_v3(int(self._stream)):
            raise EngineError(
                f'inference of {self._path.name}',
                'TensorRT refused to run',
                'a successful run',
                'check free memory on the device; if it persists, build the engine again',
            )
        for tensor in self._spec.outputs:
            buffer = self._buffers[tensor.name]
            buffer.download(buffer.view(shapes[tensor.name]), self._stream)

    def _capture(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        """Keep the work of one call as a CUDA graph; what cannot be captured goes on as it is."""
        shapes = self._set_shapes(inputs)
        capturable = getattr(self._context, 'is_stream_capturable', None)
        if capturable is not None and not capturable(int(self._stream)):
            return
        mode = cuda.runtime().cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        cuda.call('cudaStreamBeginCapture', self._stream, mode)
        try:
            self._enqueue(shapes)
        finally:
            # The capture must end, whatever it holds, before the stream can be used again.
            status, graph = cuda.runtime().cudaStreamEndCapture(self._stream)
        if int(status) == 0:
            self._graphs[self._asked(inputs)] = cuda.call('cudaGraphInstantiate', graph, 0)
            cuda.call('cudaGraphDestroy', graph)
