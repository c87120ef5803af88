# SPDX-License-Identifier: Apache-2.0
"""Engines built beside a node that answers: by real processes, with a fake TensorRT in them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests import waiting
from tests.fake_builder import CRASHED, FAST, KILLED, REFUSED, SLOW
from tests.fake_gpu import FakeGpu, ended, fake_gpu
from tests.toy import toy_bundle
from xsense_ros.engines.backends import AUTO, load_engine
from xsense_ros.engines.build_process import NICENESS, BuildRequest
from xsense_ros.engines.build_queue import BuildJob, BuildQueue
from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.engine import Engine
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.onnx import OnnxEngine
from xsense_ros.errors import EngineError

__all__ = ['fake_gpu']  # a fixture
pytestmark = pytest.mark.timeout(300)
CHAIN = ('tensorrt', 'onnxruntime')
Model = tuple[Path, ModelSpec]
# Builders yield to everything else on this machine: they get more time.
eventually = partial(waiting.eventually, seconds=60.0)


@pytest.fixture
def model(tmp_path: Path) -> Model:
    bundle = toy_bundle(tmp_path / 'toy')
    return bundle.model_path('text_0'), bundle.manifest.models['text_0']


@pytest.fixture
def engine(model: Model, fake_gpu: FakeGpu) -> Iterator[Engine]:
    """One whose TensorRT engine is being built slowly."""
    fake_gpu.build(SLOW)
    engine, fallbacks = load_engine(*model, CHAIN, threads=1, build=AUTO)
    assert fallbacks == ()
    yield engine
    engine.close()


def inputs(token: int) -> dict[str, Any]:
    return {'ids': np.full((1, 8), token, np.int64), 'mask': np.ones((1, 8), np.float32)}


class TestBeside:
    def test_it_answers_at_once_tells_how_far_it_is_and_switches(
        self, engine: Engine, model: Model, fake_gpu: FakeGpu
    ) -> None:
        reference = OnnxEngine(*model, threads=1)
        expected = {token: reference.infer(inputs(token)) for token in range(4)}
        assert engine.describe().backend == 'onnxruntime'
        eventually(lambda: '%, fusing' in engine.describe().building)
        assert engine.describe().building.startswith('BUILDING for tensorrt: ')
        first = engine.describe().building
        eventually(lambda: engine.describe().building != first)
        (builder,) = fake_gpu.builders()
        assert builder['nice'] >= min(19, os.nice(0) + NICENESS) and builder['oom'] == 1000
        wrong: list[Any] = []
        stop = threading.Event()

        def ask(token: int) -> None:
            while not stop.is_set():
                found = engine.infer(inputs(token))
                if any(not np.array_equal(found[n], expected[token][n]) for n in found):
                    wrong.append(found)

        threads = [threading.Thread(target=ask, args=(token,)) for token in range(4)]
        for thread in threads:
            thread.start()
        fake_gpu.build(FAST)
        eventually(lambda: engine.describe().backend == 'tensorrt')
        stop.set()
        for thread in threads:
            thread.join()
        told = engine.describe()
        assert wrong == [] and told.building == told.fault == '' and told.device == 'Orin'
        (entry,) = EngineCache().entries()
        assert entry.model == 'toy/text_0.onnx' and 'no engine' in entry.reason
        engine.close()
        # The next start finds it.
        again, _ = load_engine(*model, CHAIN, build=AUTO)
        assert again.describe().backend == 'tensorrt' and len(fake_gpu.builders()) == 1
        again.close()

    @pytest.mark.parametrize(
        ('mode', 'words'),
        [
            (REFUSED, 'no kernel for this layer'),
            (CRASHED, "'signal 11'.*a line that the library prints.*by hand"),
            (KILLED, "'killed'.*memory ran out"),
        ],
    )
    def test_a_builder_that_fails_takes_nothing_with_it(
        self, engine: Engine, fake_gpu: FakeGpu, mode: str, words: str
    ) -> None:
        fake_gpu.build(mode)
        eventually(lambda: engine.describe().fault)
        with pytest.raises(EngineError, match=words):
            raise EngineError(engine.describe().fault, None, '', '')
        assert engine.infer(inputs(1)) and engine.describe().backend == 'onnxruntime'
        assert engine.describe().building == '' and EngineCache().entries() == []
        # What failed would fail again: it is not tried before the next start.
        time.sleep(0.2)
        assert len(fake_gpu.builders()) == 1

    def test_closing_kills_the_builder_and_leaves_nothing(
        self, engine: Engine, fake_gpu: FakeGpu
    ) -> None:
        (builder,) = eventually(fake_gpu.builders)
        engine.close()
        eventually(lambda: ended(builder['pid']))
        assert engine.describe().building == ''
        assert EngineCache().entries() == [] and not list(fake_gpu.cache.glob('.*'))

    def test_a_folder_that_cannot_be_written_is_named(
        self, model: Model, fake_gpu: FakeGpu
    ) -> None:
        fake_gpu.cache.write_text('a file in its place')
        engine, _ = load_engine(*model, CHAIN, build=AUTO)
        assert 'XSENSE_ENGINE_CACHE' in eventually(lambda: engine.describe().fault)
        engine.close()

    def test_never_strict_and_alone_build_nothing(
        self, model: Model, fake_gpu: FakeGpu, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, 'tensorrt_rtx', None)
        engine, (fallback,) = load_engine(*model, CHAIN)
        assert 'no engine of toy/text_0.onnx yet' in fallback.reason
        engine.close()
        for names, strict in ((CHAIN, True), (('tensorrt',), False)):
            with pytest.raises(EngineError, match='xsense engines build --all'):
                load_engine(*model, names, strict=strict, build=AUTO)
        # Nobody could answer meanwhile: all reasons are told, and nothing is begun.
        with pytest.raises(EngineError, match=r'xsense engines build.*tensorrt-rtx'):
            load_engine(*model, ('tensorrt', 'tensorrt_rtx'), build=AUTO)
        assert fake_gpu.builders() == []


STARTS_AND_WAITS = """
import sys, time
from pathlib import Path
from xsense_ros.engines.build_process import BuildRequest
from xsense_ros.engines.build_queue import QUEUE
from xsense_ros.engines.bundle import Bundle
bundle = Bundle.open(sys.argv[1])
spec = bundle.manifest.models['text_0']
QUEUE.add(BuildRequest.of('tensorrt', bundle.model_path('text_0'), spec), print)
time.sleep(60)
"""


def test_the_builder_ends_with_the_process_that_wants_it(model: Model, fake_gpu: FakeGpu) -> None:
    fake_gpu.build(SLOW)
    node = subprocess.Popen([sys.executable, '-c', STARTS_AND_WAITS, str(model[0].parent)])
    (builder,) = eventually(fake_gpu.builders)
    node.send_signal(signal.SIGKILL)
    node.wait()
    eventually(lambda: ended(builder['pid']))


class TestQueue:
    def test_one_at_a_time_and_what_waits_can_be_taken_back(
        self, tmp_path: Path, fake_gpu: FakeGpu
    ) -> None:
        fake_gpu.build(SLOW)
        bundle = toy_bundle(tmp_path / 'toy')
        done: list[tuple[str, EngineError | None]] = []
        queue = BuildQueue()
        jobs: dict[str, BuildJob] = {}
        for key in ('text_0', 'sound_0', 'image_trunk'):
            request = BuildRequest.of(
                'tensorrt', bundle.model_path(key), bundle.manifest.models[key]
            )
            jobs[key] = queue.add(request, lambda error, key=key: done.append((key, error)))
        eventually(fake_gpu.builders)
        assert jobs['sound_0'].describe() == 'BUILDING for tensorrt: waiting for its turn'
        jobs['sound_0'].cancel()
        time.sleep(0.2)
        assert len(fake_gpu.builders()) == 1 and done == []
        fake_gpu.build(FAST)
        eventually(lambda: len(done) == 2)
        assert done == [('text_0', None), ('image_trunk', None)]
        assert len(fake_gpu.builders()) == 2

    def test_a_builder_that_cannot_be_started_is_told(
        self, model: Model, fake_gpu: FakeGpu
    ) -> None:
        told: list[EngineError | None] = []
        request = BuildRequest.of('tensorrt', *model)
        for command in (('/no/such/program',), ('/bin/true',)):
            BuildQueue(command).add(request, told.append)
            eventually(lambda: told)
            error = told.pop()
            assert error is not None and 'process that builds toy/text_0.onnx' in str(error)
