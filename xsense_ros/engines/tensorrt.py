# SPDX-License-Identifier: Apache-2.0
"""TensorRT backend: a cached engine on the GPU, with a stream and input and output of its own.

Nothing is allocated per sample: host memory is pinned and made once, the device's too. Once warm,
a call of the shape that it was warmed up with (one sample) is a single CUDA graph. Engines of one
process compute in the same scratch memory and take turns.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines import cuda
from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.context_memory import SHARED, ContextMemory
from xsense_ros.engines.engine import EngineDescription, MissingEngineError
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.onnx import check_inputs, zero_inputs
from xsense_ros.engines.tensorrt_build import BuildSettings
from xsense_ros.engines.tensorrt_context import Loaded, load_plan
from xsense_ros.engines.tensorrt_key import engine_key, model_label
from xsense_ros.engines.tensorrt_vendor import load_vendor
from xsense_ros.errors import EngineError

Shapes = dict[str, tuple[int, ...]]


class TensorRtEngine:
    """A model on TensorRT. It takes only engines that are in the cache.

    A node that is told to start must start within seconds; an engine may take many minutes. So
    nothing is built here: `xsense engines build` or a process in the background does, and until
    then the next backend serves.

    Args:
        model_path: the .onnx file that the engine was built from.
        spec: its tensors.
        backend: 'tensorrt' or 'tensorrt_rtx'.
        settings: of the build whose engine is wanted.
        cache: where engines lie.

    Raises:
        MissingEngineError: there is no engine for this GPU; the reason is in the message.
        EngineError: no such TensorRT, no GPU, or an engine that does not load.
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
        found = cache.load(key)
        if found is None:
            asked = backend if spec.precision == 'fp32' else f'{backend}:{spec.precision}'
            raise MissingEngineError(
                f'engine of {model_path.name} for {vendor.name}',
                cache.reason(key, model_label(model_path)),
                'one that was built for this GPU',
                f'xsense engines build --all --backend {asked}',
            )
        self._backend, self._gpu = backend, gpu
        self._path, self._spec = model_path, spec
        self._memory = ContextMemory()
        self._buffers: dict[str, cuda.Buffer] = {}
        self._stream: cuda.Stream | None = None
        self._recorded: tuple[tuple[int, ...], ...] | None = None
        self._loaded: Loaded | None = None
        try:
            entry, plan = found
            self._open(load_plan(vendor, plan, model_path.name, entry.kernels(gpu.name)))
        except Exception:
            self.close()
            raise

    def infer(self, inputs: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Outputs by name. EngineError for wrong names, dtypes or shapes, and after close()."""
        check_inputs(inputs, self._spec.inputs, self._path.name)
        with self._memory.lock:
            context, stream = self._opened()
            shapes = self._set_shapes(context, inputs)
            for name, value in inputs.items():
                np.copyto(self._buffers[name].view(value.shape), value)
            if stream.recorded and self._recorded == self._asked(inputs):
                stream.launch()
            else:
                stream.forget()  # recorded for other shapes than the context will have now
                self._enqueue(context, stream, shapes)
            stream.wait()
            return {
                tensor.name: self._buffers[tensor.name].view(shapes[tensor.name]).copy()
                for tensor in self._spec.outputs
            }

    def warm_up(self) -> None:
        """Run once on zeros, then record the same as a CUDA graph where that is possible.

        What TensorRT-RTX compiled for it is kept beside the engine.
        """
        zeros = zero_inputs(self._spec)
        self.infer(zeros)
        with self._memory.lock:
            context, stream = self._opened()
            if not stream.recorded:
                self._recorded = self._asked(zeros)
                self._record(context, stream, self._set_shapes(context, zeros))
            if self._loaded is not None and self._loaded.kernels is not None:
                self._loaded.kernels.save()

    def describe(self) -> EngineDescription:
        """Backend, GPU, precision, model file; no threads of the processor."""
        return EngineDescription(
            self._backend, self._gpu.name, self._spec.precision, self._path.name, 0
        )

    def close(self) -> None:
        """Free all memory of the device; closing twice is harmless."""
        with self._memory.lock:
            if self._stream is not None:
                self._stream.close()
                self._stream = None
            self._loaded = None
            self._memory.leave(self)
            while self._buffers:
                self._buffers.popitem()[1].free()

    def use_memory(self, address: int, size: int) -> None:
        """Compute in this scratch memory from now on; what was recorded elsewhere is done again.

        Args:
            address: on the GPU.
            size: bytes, at least what this engine asked for.
        """
        context, stream = self._opened()
        context.set_device_memory(address, size)
        if stream.recorded:
            stream.forget()
            with contextlib.suppress(EngineError):  # it runs without, or says so when it is asked
                zeros = zero_inputs(self._spec)
                shapes = self._set_shapes(context, zeros)
                # Run once first: a context does what it put off before anything is recorded.
                self._enqueue(context, stream, shapes)
                stream.wait()
                self._record(context, stream, shapes)

    def _opened(self) -> tuple[Any, cuda.Stream]:
        if self._loaded is None or self._stream is None:
            raise EngineError('engine', self._path.name, 'an open engine', 'load it again')
        return self._loaded.context, self._stream

    def _open(self, loaded: Loaded) -> None:
        self._loaded, context = loaded, loaded.context
        self._stream = cuda.Stream()
        if loaded.shared_bytes is not None:
            self._memory = SHARED
            self._memory.join(self, loaded.shared_bytes)
        for tensor in self._spec.inputs:
            most = self._largest(tensor.name)
            context.set_input_shape(tensor.name, most)
            self._allocate(context, tensor.name, most, tensor.dtype)
        for tensor in self._spec.outputs:
            most = tuple(context.get_tensor_shape(tensor.name))
            self._allocate(context, tensor.name, most, tensor.dtype)

    def _allocate(self, context: Any, name: str, shape: tuple[int, ...], dtype: str) -> None:
        self._buffers[name] = buffer = cuda.Buffer(shape, dtype)
        context.set_tensor_address(name, buffer.device)

    def _set_shapes(self, context: Any, inputs: Mapping[str, NDArray[Any]]) -> Shapes:
        """Shapes of all tensors for these inputs. EngineError beyond the largest batch."""
        shapes: Shapes = {}
        for name, value in inputs.items():
            if not context.set_input_shape(name, value.shape):
                most = f'at most {self._largest(name)}'
                cure = 'ask with fewer samples at once'
                raise EngineError(f'shape of input {name!r}', value.shape, most, cure)
            shapes[name] = value.shape
        for tensor in self._spec.outputs:
            shapes[tensor.name] = tuple(context.get_tensor_shape(tensor.name))
        return shapes

    def _largest(self, name: str) -> tuple[int, ...]:
        engine: Any = self._loaded and self._loaded.engine
        shape = tuple(engine.get_tensor_shape(name))
        if -1 in shape:
            shape = tuple(engine.get_tensor_profile_shape(name, 0)[2])
        return shape

    def _asked(self, inputs: Mapping[str, NDArray[Any]]) -> tuple[tuple[int, ...], ...]:
        return tuple(inputs[tensor.name].shape for tensor in self._spec.inputs)

    def _enqueue(self, context: Any, stream: cuda.Stream, shapes: Shapes) -> None:
        """Copy in, run, copy out: all on the engine's stream."""
        for tensor in self._spec.inputs:
            buffer = self._buffers[tensor.name]
            buffer.upload(buffer.view(shapes[tensor.name]), stream.handle)
        if not context.execute_async_v3(int(stream.handle)):
            raise EngineError(
                f'inference of {self._path.name}',
                'TensorRT refused to run',
                'a successful run',
                'check free memory on the device; if it persists, build the engine again',
            )
        for tensor in self._spec.outputs:
            buffer = self._buffers[tensor.name]
            buffer.download(buffer.view(shapes[tensor.name]), stream.handle)

    def _record(self, context: Any, stream: cuda.Stream, shapes: Shapes) -> None:
        """Keep the work of one call as a CUDA graph; what cannot be recorded goes on as it is."""
        capturable = getattr(context, 'is_stream_capturable', None)
        if capturable is not None and not capturable(int(stream.handle)):
            return
        with contextlib.suppress(EngineError):
            stream.begin()
            try:
                self._enqueue(context, stream, shapes)
            finally:
                stream.end()
