# SPDX-License-Identifier: Apache-2.0
"""docs/gpu.md and docs/jetson.md quote what is really said; their names are those of the code."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.unit.engines.fake_fixtures import cudart, trt
from tests.unit.engines.fake_tensorrt import FakeCuda, FakeTensorRt
from tests.unit.engines.test_tensorrt import IMAGE, ONNX, SPEC, cache, fill
from xsense_ros.commands.engines import command
from xsense_ros.engines import build_process, cuda
from xsense_ros.engines.backends import load_engine
from xsense_ros.engines.build_queue import BuildQueue
from xsense_ros.engines.cache import CACHE_VARIABLE, LIMIT_VARIABLE, EngineCache
from xsense_ros.engines.manifest import TensorSpec
from xsense_ros.engines.tensorrt import TensorRtEngine
from xsense_ros.engines.tensorrt_build import BuildSettings, build_plan
from xsense_ros.engines.tensorrt_vendor import load_vendor
from xsense_ros.errors import EngineError

__all__ = ['cache', 'cudart', 'trt']  # fixtures
ROOT = Path(__file__).parents[2]
PAGE = (ROOT / 'docs' / 'gpu.md').read_text('utf-8')
JETSON = (ROOT / 'docs' / 'jetson.md').read_text('utf-8')
QUOTED = re.findall(r'^\| `([^`]*)` \|', PAGE.partition('## Symptoms')[2], re.MULTILINE)
CUDA_RUNTIME = cuda.runtime  # the real one, before a fake takes its place
SUICIDE = 'import os, signal; os.kill(os.getpid(), signal.{})'


def said(call: Callable[..., Any], *arguments: Any, **named: Any) -> str:
    with pytest.raises(EngineError) as caught:
        call(*arguments, **named)
    return str(caught.value)


def not_installed(patch: pytest.MonkeyPatch, *modules: str) -> None:
    patch.setattr(sys, 'meta_path', [])
    for name in modules:
        patch.delitem(sys.modules, name, raising=False)


def of_a_builder(command: tuple[str, ...]) -> str:
    told: list[EngineError | None] = []
    request = build_process.BuildRequest.of('tensorrt', ONNX, SPEC)
    BuildQueue(command).add(request, told.append)
    deadline = time.monotonic() + 60.0
    while not told:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return str(told[0])


def messages(
    trt: FakeTensorRt, cudart: FakeCuda, cache: EngineCache, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    chain = ('tensorrt',)
    with monkeypatch.context() as patch:
        not_installed(patch, 'tensorrt')
        load_vendor.cache_clear()
        yield said(load_vendor, 'tensorrt')
    trt.__version__ = '8.6.1'
    yield said(load_vendor, 'tensorrt')
    trt.__version__ = '10.3.0'
    vendor = load_vendor('tensorrt')

    with monkeypatch.context() as patch:
        not_installed(patch, 'cuda', 'cuda.bindings', 'cuda.bindings.runtime')
        CUDA_RUNTIME.cache_clear()
        yield said(CUDA_RUNTIME)
    cudart.fails['cudaGetDeviceProperties'] = 35
    yield said(cuda.find_gpu)
    cudart.fails.clear()
    yield said(load_engine, ONNX, SPEC, chain)
    yield said(TensorRtEngine, ONNX, SPEC)
    fill(cache, vendor, cuda.Gpu('Thor', '11.0', 1 << 30, True))
    yield said(TensorRtEngine, ONNX, SPEC)
    fill(cache, vendor)
    trt.loads = False
    yield said(TensorRtEngine, ONNX, SPEC)
    trt.loads = True
    cudart.fails['cudaMalloc'] = 2
    yield said(TensorRtEngine, ONNX, SPEC)
    cudart.fails.clear()
    engine = TensorRtEngine(ONNX, SPEC)
    cudart.fails['cudaStreamSynchronize'] = 2
    yield said(engine.infer, {'image': IMAGE})
    cudart.fails.clear()
    trt.runs = False
    yield said(engine.infer, {'image': IMAGE})
    trt.runs = True
    yield said(engine.infer, {'image': np.zeros((2, 3, 4, 4), np.float32)})
    engine.close()
    for entry in cache.entries():
        entry.engine.write_bytes(b'half')
    yield said(TensorRtEngine, ONNX, SPEC)
    trt.has_gpu = False
    yield said(build_plan, vendor, ONNX, BuildSettings())
    trt.has_gpu, trt.parses = True, False
    yield said(build_plan, vendor, ONNX, BuildSettings())
    trt.parses, trt.plan = True, None
    yield said(build_plan, vendor, ONNX, BuildSettings())
    free = replace(SPEC, inputs=(TensorSpec('sound', (1, 'frames', 24), 'float32'),))
    yield said(BuildSettings().profile, free)
    yield said(build_plan, vendor, ONNX, BuildSettings(compute_capabilities=('9.0',)))
    for name in ('SIGKILL', 'SIGSEGV'):
        yield of_a_builder((sys.executable, '-c', SUICIDE.format(name)))
    monkeypatch.setattr(build_process.os, 'access', lambda path, mode: False)
    request = build_process.BuildRequest.of('tensorrt', ONNX, SPEC)
    yield said(build_process.build, request, build_process.Progress())
    yield said(load_engine, ONNX, SPEC, ('tensorrt:fp16',))
    monkeypatch.setenv(LIMIT_VARIABLE, '4 GB')
    yield said(EngineCache)


def test_every_quoted_message_is_said_and_every_message_is_quoted(
    trt: FakeTensorRt, cudart: FakeCuda, cache: EngineCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = list(messages(trt, cudart, cache, monkeypatch))
    assert len(QUOTED) == len(texts)
    for quoted, text in zip(QUOTED, texts, strict=True):
        assert text.startswith(quoted), text
        assert 'Cure: ' in text


def test_names_on_the_pages_are_those_of_the_code() -> None:
    for name in (CACHE_VARIABLE, LIMIT_VARIABLE, 'engines.build', 'build_only', 'strict_backend'):
        assert f'`{name}' in PAGE, name
    commands = set(re.findall(r'xsense engines (\w+)', PAGE + JETSON))
    assert commands <= set(command.commands) and {'build', 'explain', 'prune'} <= commands
    assert 'make test-gpu' in PAGE and 'make test-gpu' in JETSON
    for page in (PAGE, JETSON):
        for path in re.findall(r'`((?:docker|xsense_ros|tests|config)/[\w./]+)`', page):
            assert (ROOT / path).exists(), path
