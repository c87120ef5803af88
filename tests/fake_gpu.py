# SPDX-License-Identifier: Apache-2.0
"""A fake TensorRT whose engines are ONNX files that ONNX Runtime computes, here and in builders.

For the flow of a whole system (building beside a node, switching, losing the GPU). What it
computes is right; how fast says nothing. Builders are real processes: they import this fake
through modules `tensorrt` and `cuda.bindings.runtime` that the fixture puts on their path.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from tests.fake_builder import FAST, MODE, OnnxTensorRt
from tests.unit.engines.fake_tensorrt import FakeCuda
from xsense_ros.engines import cuda, tensorrt_vendor
from xsense_ros.engines.cache import CACHE_VARIABLE

TYPES = {'tensor(float)': ctypes.c_float, 'tensor(int64)': ctypes.c_int64}


class OnnxBehind:
    """Engine and context at once."""

    def __init__(self, plan: bytes) -> None:
        self._session = _session(plan)
        self._tensors = {t.name: t for t in self._session.get_inputs()}
        self._outputs = {t.name: t for t in self._session.get_outputs()}
        self._addresses: dict[str, int] = {}

    def create_execution_context(self) -> OnnxBehind:
        return self

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(abs(axis) for axis in _shape((self._tensors | self._outputs)[name]))

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        return tuple(shape) == self.get_tensor_shape(name)

    def set_tensor_address(self, name: str, address: int) -> None:
        self._addresses[name] = address

    def is_stream_capturable(self, stream: int) -> bool:
        return False  # the fake CUDA replays nothing

    def execute_async_v3(self, stream: int) -> bool:
        feed = {name: self._view(tensor).copy() for name, tensor in self._tensors.items()}
        for name, value in zip(
            self._outputs, self._session.run(list(self._outputs), feed), strict=True
        ):
            np.copyto(self._view(self._outputs[name]), value)
        return True

    def _view(self, tensor: Any) -> Any:
        shape = self.get_tensor_shape(tensor.name)
        memory = TYPES[tensor.type] * int(np.prod(shape))
        raw = memory.from_address(self._addresses[tensor.name])
        return np.ctypeslib.as_array(raw).reshape(shape)


class FakeGpu:
    """What a test does to the GPU and to the builders of its engines."""

    def __init__(self, folder: Path) -> None:
        self.cuda = FakeCuda()
        self.cache = folder / 'engines'
        self.control = folder / 'builder'
        self.build(FAST)

    def build(self, mode: str) -> None:
        """What builders do from now on, those at work included."""
        part = self.control.with_suffix('.part')
        part.write_text(mode)
        part.replace(self.control)

    def builders(self) -> list[dict[str, int]]:
        """All that began to build: pid, nice value, oom_score_adj."""
        log = self.control.with_suffix('.builds')
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def lose(self) -> None:
        """Every call fails from now on, as with a GPU that fell off the bus."""
        for name in ('cudaMemcpyAsync', 'cudaStreamSynchronize', 'cudaMalloc', 'cudaGraphLaunch'):
            self.cuda.fails[name] = 719

    def find(self) -> None:
        """It is there again."""
        self.cuda.fails.clear()


@pytest.fixture
def fake_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGpu]:
    """The fake as the TensorRT and CUDA of this process and of those that it starts."""
    modules = tmp_path / 'modules'
    (modules / 'cuda' / 'bindings').mkdir(parents=True)
    for package in ('cuda', 'cuda/bindings'):
        (modules / package / '__init__.py').touch()
    replace = 'import sys\nfrom tests.{} import {} as kind\nsys.modules[__name__] = kind()\n'
    (modules / 'tensorrt.py').write_text(replace.format('fake_builder', 'OnnxTensorRt'))
    (modules / 'cuda' / 'bindings' / 'runtime.py').write_text(
        replace.format('unit.engines.fake_tensorrt', 'FakeCuda')
    )
    root = Path(__file__).parents[1]
    paths = [str(modules), str(root), os.environ.get('PYTHONPATH', '')]
    monkeypatch.setenv('PYTHONPATH', os.pathsep.join(path for path in paths if path))
    gpu = FakeGpu(tmp_path)
    monkeypatch.setenv(MODE, str(gpu.control))
    monkeypatch.setenv(CACHE_VARIABLE, str(gpu.cache))
    monkeypatch.setitem(sys.modules, 'tensorrt', OnnxTensorRt())
    monkeypatch.setattr(cuda, 'runtime', lambda: gpu.cuda)
    tensorrt_vendor.load_vendor.cache_clear()
    yield gpu
    gpu.build(FAST)
    tensorrt_vendor.load_vendor.cache_clear()


def ended(pid: int) -> bool:
    """Whether a process is no more."""
    with contextlib.suppress(OSError):
        return Path(f'/proc/{pid}/stat').read_text().rsplit(')')[-1].split()[0] == 'Z'
    return True


def _session(plan: bytes) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(plan, options, providers=['CPUExecutionProvider'])


def _shape(tensor: Any) -> tuple[int, ...]:
    return tuple(axis if isinstance(axis, int) else -1 for axis in tensor.shape)
