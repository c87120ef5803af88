# SPDX-License-Identifier: Apache-2.0
"""A TensorRT and a CUDA that compute nothing and write down how they are called.

For control flow alone: what is asked of them, in which order, and what happens when they refuse.
The calls are those that the real TensorRT-RTX takes (test_tensorrt_rtx.py asks the real one).
"""

from __future__ import annotations

import ctypes
from enum import IntEnum
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from xsense_ros.engines import cuda

GPU = cuda.Gpu('Orin', '8.7', 8 << 30, True)
TEXTS = {2: 'out of memory', 35: 'CUDA driver version is insufficient for CUDA runtime version'}
PHASES = (('start', 'all', None, 2), ('start', 'part', 'all', 2), ('step', 'part', 0))


class Kind(IntEnum):
    """Layer types, data types, severities and flags, as far as they are named."""

    ERROR = 1
    INTERNAL_ERROR = 0
    STRONGLY_TYPED = 3
    TF32 = 5
    WORKSPACE = 6
    CONSTANT = 7
    GATHER = 8
    RELU = 9


class Layer(SimpleNamespace):
    """A layer of a network."""


class FakeTensorRt(ModuleType):
    """Module `tensorrt`; ``calls`` holds what was asked, refusals are set on it by name."""

    def __init__(self, version: str = '10.3.0') -> None:
        super().__init__('tensorrt')
        self.__version__ = version
        self.calls: list[tuple[Any, ...]] = []
        self.plan: bytes | None = b'plan'
        self.parses = self.loads = self.has_gpu = self.runs = True
        self.inputs: dict[str, tuple[int, ...]] = {'image': (-1, 3, 4, 4)}
        self.layers: list[Any] = []
        self.scratch = 0
        self.logger: Any = None
        self.ILogger = type(
            'ILogger', (), {'ERROR': Kind.ERROR, 'INTERNAL_ERROR': Kind.INTERNAL_ERROR}
        )
        self.IProgressMonitor = type('IProgressMonitor', (), {})
        self.IConstantLayer = Layer
        self.NetworkDefinitionCreationFlag = self.BuilderFlag = self.MemoryPoolType = Kind
        self.LayerType = Kind
        self.int8 = 'int8'

    def share_memory(self) -> None:
        """From now on as TensorRT 10.1: contexts compute in memory that is given to them."""
        self.ExecutionContextAllocationStrategy = SimpleNamespace(USER_MANAGED='given')
        self.IExecutionContext = self.ICudaEngine = FakeEngine

    def keep_kernels(self) -> None:
        """From now on as TensorRT-RTX, which compiles when it runs."""
        self.IRuntimeCache = FakeKernels

    def note(self, *call: Any) -> None:
        self.calls.append(call)

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of every call of that name."""
        return [call[1:] for call in self.calls if call[0] == name]

    def Weights(self, values: Any) -> Any:  # noqa: N802
        return values

    def Builder(self, logger: Any) -> Any:  # noqa: N802
        self.logger = logger
        if not self.has_gpu:
            logger.log(Kind.ERROR, 'no CUDA-capable device is detected')
            raise TypeError('factory function returned nullptr')
        return SimpleNamespace(
            create_network=self._network,
            create_builder_config=self._config,
            create_optimization_profile=self._profile,
            build_serialized_network=self._build,
        )

    def OnnxParser(self, network: Any, logger: Any) -> Any:  # noqa: N802
        def parse(path: str) -> bool:
            self.note('parse', path)
            return self.parses

        error = SimpleNamespace(node_operator=lambda: 'Fold', desc=lambda: 'no such operator')
        return SimpleNamespace(parse_from_file=parse, num_errors=1, get_error=lambda number: error)

    def Runtime(self, logger: Any) -> Any:  # noqa: N802
        def load(plan: bytes) -> Any:
            self.note('load', plan)
            if not self.loads:
                logger.log(Kind.ERROR, 'expecting library version 10.3 got 10.4')
                return None
            return FakeEngine(self)

        return SimpleNamespace(deserialize_cuda_engine=load)

    def _network(self, flags: int) -> Any:
        self.note('network', flags)
        inputs = [SimpleNamespace(name=n, shape=s) for n, s in self.inputs.items()]

        def constant(shape: tuple[int, ...], values: Any) -> Any:
            self.note('constant', shape, values)
            return SimpleNamespace(get_output=lambda number: SimpleNamespace(name='wide'))

        return SimpleNamespace(
            num_layers=len(self.layers), get_layer=lambda number: self.layers[number],
            num_inputs=len(inputs), get_input=lambda number: inputs[number],
            add_constant=constant,
        )  # fmt: skip

    def _profile(self) -> Any:
        return SimpleNamespace(set_shape=lambda *shapes: self.note('shape', *shapes))

    def _config(self) -> Any:
        def timings(content: bytes) -> Any:
            return SimpleNamespace(serialize=lambda: content + b'+')

        self.config = SimpleNamespace(
            add_optimization_profile=lambda profile: self.note('profile'),
            set_memory_pool_limit=lambda pool, size: self.note('memory', pool, size),
            clear_flag=lambda flag: self.note('clear', flag),
            create_timing_cache=timings,
            set_timing_cache=lambda found, ignore: self.note('timings', found.serialize()) or True,
            progress_monitor=None,
        )
        return self.config

    def _build(self, network: Any, config: Any) -> bytes | None:
        self.note('build')
        monitor = config.progress_monitor
        for what, *told in PHASES if monitor is not None else ():
            if what == 'start':
                monitor.phase_start(*told)
            elif not monitor.step_complete(*told):
                return None
        if self.plan is None:
            self.logger.log(Kind.ERROR, 'out of memory')
        return self.plan


class FakeEngine:
    """Doubles 'image' into 'features'; a batch of at most one."""

    device_memory_size_v2 = 0

    def __init__(self, trt: FakeTensorRt) -> None:
        self.trt = trt
        self.shape: tuple[int, ...] = (-1, 3, 4, 4)
        self.device_memory_size_v2 = trt.scratch

    def create_execution_context(self, *how: Any) -> FakeEngine:
        self.trt.note('context', *how)
        return self

    def create_runtime_config(self) -> Any:
        return SimpleNamespace(
            set_execution_context_allocation_strategy=lambda how: self.trt.note('strategy', how),
            create_runtime_cache=FakeKernels,
            set_runtime_cache=lambda kernels: self.trt.note('kernels', kernels.content),
        )

    def set_device_memory(self, address: int, size: int) -> None:
        self.trt.note('moved', address, size)

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        return [(1, 3, 4, 4)] * 3

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self.shape = tuple(shape)
        return shape[0] <= 1

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return self.shape

    def set_tensor_address(self, name: str, address: int) -> None:
        self.trt.note('address', name)
        setattr(self, name, address)

    def execute_async_v3(self, stream: int) -> bool:
        self.trt.note('execute')
        count = 48
        source, target = (
            (ctypes.c_float * count).from_address(a) for a in (self.image, self.features)
        )
        np.multiply(np.ctypeslib.as_array(source), 2, out=np.ctypeslib.as_array(target))
        return self.trt.runs


class FakeKernels:
    """What TensorRT-RTX compiles."""

    def __init__(self) -> None:
        self.content = b''

    def deserialize(self, content: bytes) -> bool:
        self.content = content
        return content == b'compiled'

    def serialize(self) -> bytes:
        return b'compiled'


class FakeCuda:
    """Module `cuda.bindings.runtime` on the memory of the processor; counts what is not freed."""

    def __init__(self) -> None:
        self.cudaMemcpyKind = SimpleNamespace(cudaMemcpyHostToDevice=1, cudaMemcpyDeviceToHost=2)
        self.cudaStreamCaptureMode = SimpleNamespace(cudaStreamCaptureModeThreadLocal=1)
        self.held: dict[int, Any] = {}
        self.calls: list[str] = []
        self.fails: dict[str, int] = {}
        self.left: dict[str, int] = {}

    def cudaGetErrorString(self, status: int) -> tuple[int, bytes]:  # noqa: N802
        return 0, TEXTS.get(int(status), 'unspecified launch failure').encode()

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any) -> tuple[Any, ...]:
            self.calls.append(name)
            if name in self.fails:
                return (self.fails[name],)
            return (0, *self._results(name, arguments))

        return call

    def _results(self, name: str, arguments: tuple[Any, ...]) -> tuple[Any, ...]:
        if name in ('cudaMalloc', 'cudaHostAlloc'):
            memory = (ctypes.c_uint8 * arguments[0])()
            self.held[ctypes.addressof(memory)] = memory
            return (ctypes.addressof(memory),)
        if name in ('cudaFree', 'cudaFreeHost'):
            del self.held[arguments[0]]
        elif name == 'cudaMemcpyAsync':
            ctypes.memmove(*arguments[:3])
        elif name == 'cudaStreamCreate':
            self.left['stream'] = self.left.get('stream', 0) + 1
            return (11,)
        elif name == 'cudaStreamDestroy':
            self.left['stream'] -= 1
        elif name in ('cudaStreamEndCapture', 'cudaGraphInstantiate'):
            return (name,)
        elif name == 'cudaGetDeviceProperties':
            told = SimpleNamespace(
                name=b'Orin\0\0', major=8, minor=7, totalGlobalMem=8 << 30, integrated=1
            )
            return (told,)
        return ()
