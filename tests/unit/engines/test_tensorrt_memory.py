# SPDX-License-Identifier: Apache-2.0
"""What engines share and keep: scratch memory of the GPU, and kernels compiled on the robot."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tests.unit.engines.fake_fixtures import cudart, trt
from tests.unit.engines.fake_tensorrt import FakeCuda, FakeEngine, FakeTensorRt
from tests.unit.engines.test_tensorrt import IMAGE, ONNX, SPEC, cache, fill
from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.context_memory import SHARED
from xsense_ros.engines.tensorrt import TensorRtEngine
from xsense_ros.engines.tensorrt_vendor import load_vendor
from xsense_ros.errors import EngineError

__all__ = ['cache', 'cudart', 'trt']  # fixtures


@pytest.fixture
def shared(trt: FakeTensorRt, cudart: FakeCuda, cache: EngineCache) -> FakeTensorRt:
    trt.share_memory()
    fill(cache, load_vendor('tensorrt'))
    return trt


def engine(shared: FakeTensorRt, scratch: int) -> TensorRtEngine:
    shared.scratch = scratch
    return TensorRtEngine(ONNX, SPEC)


def right(engine: TensorRtEngine) -> bool:
    return np.array_equal(engine.infer({'image': IMAGE})['features'], 2 * IMAGE)


class TestScratch:
    def test_it_is_as_large_as_the_largest_needs(
        self, shared: FakeTensorRt, cudart: FakeCuda
    ) -> None:
        small, other = engine(shared, 1000), engine(shared, 800)
        assert SHARED.size == 1000 and shared.named('context') == [('given',)] * 2
        ((at, _), second) = shared.named('moved')
        assert second == (at, 1000)
        small.warm_up()
        large = engine(shared, 3000)
        # The new place is told to all, the old one is given back.
        assert SHARED.size == 3000 and at not in cudart.held
        assert {size for _, size in shared.named('moved')[2:]} == {3000}
        assert len(shared.named('moved')) == 5
        assert sum(len(memory) == 3000 for memory in cudart.held.values()) == 1
        assert all(right(one) for one in (other, large))
        small.close()
        large.close()
        assert SHARED.size == 3000 and right(other)
        other.close()
        assert SHARED.size == 0 and not cudart.held

    def test_what_was_recorded_elsewhere_is_recorded_again(
        self, shared: FakeTensorRt, cudart: FakeCuda
    ) -> None:
        first = engine(shared, 10)
        first.warm_up()
        cudart.calls.clear()
        second = engine(shared, 20)
        assert cudart.calls.count('cudaGraphExecDestroy') == 1
        assert cudart.calls.count('cudaGraphInstantiate') == 1
        first.close()
        second.close()

    def test_one_that_finds_no_room_leaves_the_others_theirs(
        self, shared: FakeTensorRt, cudart: FakeCuda
    ) -> None:
        first = engine(shared, 10)
        cudart.fails['cudaMalloc'] = 2
        with pytest.raises(EngineError, match=r'cudaMalloc.*out of memory'):
            engine(shared, 20)
        assert SHARED.size == 10 and right(first)
        first.close()
        assert not cudart.held

    def test_engines_take_turns(
        self, shared: FakeTensorRt, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at_work: list[int] = []
        most = 0
        execute = FakeEngine.execute_async_v3

        def slowly(self: FakeEngine, stream: int) -> bool:
            nonlocal most
            at_work.append(stream)
            most = max(most, len(at_work))
            time.sleep(0.005)
            done = execute(self, stream)
            at_work.pop()
            return done

        monkeypatch.setattr(FakeEngine, 'execute_async_v3', slowly)
        engines = [engine(shared, 10), engine(shared, 10)]
        answers: list[bool] = []
        threads = [
            threading.Thread(target=lambda one=one: answers.append(right(one)))
            for one in engines * 3
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [True] * 6 and most == 1
        for one in engines:
            one.close()


class TestKernels:
    def compiled(self, cache: EngineCache) -> Path:
        (entry,) = cache.entries()
        (path,) = entry.every_kernels()
        assert path.name.endswith('.Orin.kernels') and entry.size > entry.bytes
        return path

    def test_they_are_kept_beside_the_engine_and_go_with_it(
        self, shared: FakeTensorRt, cache: EngineCache
    ) -> None:
        shared.keep_kernels()
        for _ in range(2):
            one = engine(shared, 10)
            one.warm_up()
            one.close()
        assert shared.named('kernels') == [(b'',), (b'compiled',)]
        assert shared.named('strategy') == [('given',)] * 2
        path = self.compiled(cache)
        assert len(cache.prune(0)) == 1 and not path.exists()

    def test_damaged_ones_are_never_given_to_the_runtime(
        self, shared: FakeTensorRt, cache: EngineCache
    ) -> None:
        shared.keep_kernels()
        one = engine(shared, 10)
        one.warm_up()
        one.close()
        path = self.compiled(cache)
        whole = path.read_bytes()
        path.write_bytes(whole[:-1] + b'!')
        one = engine(shared, 10)
        one.warm_up()
        one.close()
        assert shared.named('kernels')[-1] == (b'',) and path.read_bytes() == whole
