# SPDX-License-Identifier: Apache-2.0
"""The little of CUDA that an engine needs, through NVIDIA's cuda-python; never through torch."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from xsense_ros.errors import EngineError

_OUT_OF_MEMORY = 2  # cudaErrorMemoryAllocation
_ROOM = 'free memory on the GPU: stop other programs, or load fewer bundles'
_DRIVER = 'check the GPU and its driver (nvidia-smi; tegrastats and dmesg on a Jetson)'


@dataclass(frozen=True)
class Gpu:
    """The GPU at hand; integrated: it shares its memory with the processor, as on a Jetson."""

    name: str
    compute_capability: str
    total_bytes: int
    integrated: bool

    @property
    def workspace_bytes(self) -> int:
        """Most memory for one layer while an engine is built.

        A gibibyte is plenty for the models here; on a shared board a build that takes more than an
        eighth of it pushes out the rest of the robot.
        """
        return min(1 << 30, self.total_bytes // (8 if self.integrated else 4))


@lru_cache(maxsize=1)
def runtime() -> Any:
    """CUDA's runtime bindings. EngineError where they are not installed."""
    try:
        return importlib.import_module('cuda.bindings.runtime')
    except ImportError as error:
        expected = "NVIDIA's bindings of the CUDA runtime"
        cure = 'pip install cuda-bindings, of the CUDA version that the driver has (nvidia-smi)'
        raise EngineError('CUDA', str(error), expected, cure) from error


def call(name: str, *arguments: Any) -> Any:
    """Call a function of the runtime: its result, or a tuple of them, or None.

    Raises:
        EngineError: it reports an error; the message names the function and what CUDA says.
    """
    cudart = runtime()
    status, *results = getattr(cudart, name)(*arguments)
    if int(status) != 0:
        _, text = cudart.cudaGetErrorString(status)
        told = text.decode() if isinstance(text, bytes) else str(text)
        cure = _ROOM if int(status) == _OUT_OF_MEMORY else _DRIVER
        raise EngineError(f'CUDA {name}', told, 'success', cure)
    return results[0] if len(results) == 1 else tuple(results) or None


def release(name: str, *arguments: Any) -> None:
    """Call a function that frees something; what went with a lost GPU needs no freeing."""
    with contextlib.suppress(EngineError):
        call(name, *arguments)


def find_gpu() -> Gpu:
    """The first GPU. EngineError where there is none, with what CUDA says of it."""
    found = call('cudaGetDeviceProperties', 0)
    name = found.name.decode() if isinstance(found.name, bytes) else str(found.name)
    capability = f'{found.major}.{found.minor}'
    return Gpu(name.strip('\0'), capability, int(found.totalGlobalMem), bool(found.integrated))


def gpu_at_hand() -> Gpu | None:
    """The first GPU, None where there is none; who needs it says so."""
    try:
        return find_gpu()
    except EngineError:
        return None


class Buffer:
    """Memory for one tensor: pinned on the host, and its twin on the device.

    Args:
        shape: largest shape of the tensor.
        dtype: numpy's.

    Attributes:
        host: flat array over the pinned memory; valid until ``free``.
        device: address on the GPU.
    """

    def __init__(self, shape: tuple[int, ...], dtype: DTypeLike) -> None:
        kind = np.dtype(dtype)
        count = max(1, int(np.prod(shape)))
        self._bytes = count * kind.itemsize
        self._pinned: Any = call('cudaHostAlloc', self._bytes, 0)
        try:
            self.device = int(call('cudaMalloc', self._bytes))
        except EngineError:
            release('cudaFreeHost', self._pinned)
            raise
        raw = (ctypes.c_uint8 * self._bytes).from_address(int(self._pinned))
        self.host: NDArray[Any] = np.ctypeslib.as_array(raw).view(kind)

    def view(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """The first elements of the host's memory in that shape."""
        return self.host[: int(np.prod(shape))].reshape(shape)

    def upload(self, values: NDArray[Any], stream: Any) -> None:
        """Copy the first bytes of the host's memory to the device, behind what runs there."""
        self._copy(self.device, int(self._pinned), values.nbytes, 'HostToDevice', stream)

    def download(self, values: NDArray[Any], stream: Any) -> None:
        """Copy the first bytes from the device to the host's memory."""
        self._copy(int(self._pinned), self.device, values.nbytes, 'DeviceToHost', stream)

    def free(self) -> None:
        """Give both back; the array is gone."""
        self.host = np.empty(0, self.host.dtype)
        release('cudaFree', self.device)
        release('cudaFreeHost', self._pinned)

    def _copy(self, target: int, source: int, size: int, kind: str, stream: Any) -> None:
        direction = getattr(runtime().cudaMemcpyKind, f'cudaMemcpy{kind}')
        call('cudaMemcpyAsync', target, source, size, direction, stream)


class Stream:
    """A stream of its own, and one piece of work on it that is kept as a CUDA graph."""

    def __init__(self) -> None:
        self.handle: Any = call('cudaStreamCreate')
        self._graph: Any = None

    @property
    def recorded(self) -> bool:
        """Whether there is a graph to be launched."""
        return self._graph is not None

    def launch(self) -> None:
        """Start the recorded work."""
        call('cudaGraphLaunch', self._graph, self.handle)

    def wait(self) -> None:
        """Until everything on the stream is done."""
        call('cudaStreamSynchronize', self.handle)

    def begin(self) -> None:
        """Record from here on, this thread's work alone: others may allocate meanwhile."""
        mode = runtime().cudaStreamCaptureMode.cudaStreamCaptureModeThreadLocal
        call('cudaStreamBeginCapture', self.handle, mode)

    def end(self) -> None:
        """Keep what was recorded; a recording that failed must end too, and nothing is kept."""
        status, *graph = runtime().cudaStreamEndCapture(self.handle)
        if int(status) == 0:
            try:
                self._graph = call('cudaGraphInstantiate', *graph, 0)
            finally:
                release('cudaGraphDestroy', *graph)

    def forget(self) -> None:
        """Drop the recorded work."""
        if self._graph is not None:
            release('cudaGraphExecDestroy', self._graph)
            self._graph = None

    def close(self) -> None:
        """Give everything back; closing twice is harmless."""
        self.forget()
        if self.handle is not None:
            release('cudaStreamDestroy', self.handle)
            self.handle = None
