# SPDX-License-Identifier: Apache-2.0
"""A backend that fails at run time, beside ONNX Runtime on the toy bundle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.toy import toy_bundle
from xsense_ros.engines.backends import BACKENDS, load_engine
from xsense_ros.engines.engine import EngineDescription
from xsense_ros.engines.manifest import ModelSpec
from xsense_ros.engines.onnx import OnnxEngine
from xsense_ros.engines.standby import LONGEST_RETRY, StandbyEngine
from xsense_ros.errors import EngineError


class Gpu:
    """ONNX Runtime under another name, which can be lost."""

    made: list[Gpu]
    lost = False

    def __init__(self, path: Path, spec: ModelSpec, threads: int | None = 1) -> None:
        if Gpu.lost:
            raise EngineError('GPU', 'lost', 'a GPU', 'check nvidia-smi')
        self.engine, self.closed = OnnxEngine(path, spec, threads=1), False
        Gpu.made.append(self)

    def infer(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        if Gpu.lost or self.closed:
            raise EngineError('GPU', 'lost', 'a GPU', 'check nvidia-smi')
        return self.engine.infer(inputs)

    def warm_up(self) -> None:
        self.engine.warm_up()

    def describe(self) -> EngineDescription:
        return EngineDescription('gpu', 'fake', 'float32', 'text_0.onnx', 0)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, ModelSpec]:
    monkeypatch.setattr(Gpu, 'lost', False)
    monkeypatch.setattr(Gpu, 'made', [], raising=False)
    bundle = toy_bundle(tmp_path / 'toy')
    return bundle.model_path('text_0'), bundle.manifest.models['text_0']


class Timed:
    """A standby engine whose time and background jobs the test moves on."""

    def __init__(self, model: tuple[Path, ModelSpec]) -> None:
        self.now = 1000.0
        self.jobs: list[Callable[[], None]] = []
        self.engine = StandbyEngine(
            model[1], Gpu(*model), lambda: Gpu(*model), lambda: OnnxEngine(*model, threads=1),
            clock=lambda: self.now, start=self.jobs.append,
        )  # fmt: skip

    def ask(self, token: int = 3) -> Any:
        ids = np.full((1, 8), token, np.int64)
        return self.engine.infer({'ids': ids, 'mask': np.ones((1, 8), np.float32)})

    def waits(self) -> float:
        """Seconds until the next job is started."""
        start = self.now
        while not self.jobs:
            self.now += 1
            self.ask()
        return self.now - start


@pytest.fixture
def timed(model: tuple[Path, ModelSpec]) -> Timed:
    return Timed(model)


def test_the_sample_that_meets_the_fault_is_answered(timed: Timed) -> None:
    before = timed.ask()
    assert timed.engine.describe().backend == 'gpu' and timed.engine.describe().fault == ''
    Gpu.lost = True
    after = timed.ask()
    assert all(np.allclose(before[name], after[name], atol=1e-6) for name in before)
    told = timed.engine.describe()
    assert told.backend == 'onnxruntime' and 'check nvidia-smi' in told.fault
    assert Gpu.made[0].closed


def test_it_is_tried_again_with_growing_pauses_and_comes_back(timed: Timed) -> None:
    Gpu.lost = True
    timed.ask()
    pauses = []
    for _ in range(9):
        pauses.append(timed.waits())
        timed.jobs.pop()()
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    Gpu.lost = False
    timed.waits()
    assert timed.engine.describe().backend == 'onnxruntime'  # until it is loaded
    timed.jobs.pop()()
    assert timed.engine.describe().backend == 'gpu' and timed.engine.describe().fault == ''
    # Lost again at once: it goes on waiting long. After a good while it begins with a second.
    Gpu.lost = True
    timed.ask()
    assert timed.waits() == 60
    Gpu.lost = False
    timed.jobs.pop()()
    timed.now += LONGEST_RETRY + 1
    Gpu.lost = True
    timed.ask()
    assert timed.waits() == 1


def test_only_one_job_tries_at_a_time(timed: Timed) -> None:
    Gpu.lost = True
    timed.ask()
    timed.waits()
    timed.now += 1000
    timed.ask()
    assert len(timed.jobs) == 1


def test_a_sample_that_fails_everywhere_is_to_blame_itself(timed: Timed) -> None:
    with pytest.raises(EngineError, match='text_0'):
        timed.ask(10**6)  # a token that the table does not have
    with pytest.raises(EngineError, match='the names'):
        timed.engine.infer({})
    assert timed.engine.describe().backend == 'gpu' and not Gpu.made[0].closed


def test_closing_ends_both_and_a_job_on_its_way(timed: Timed) -> None:
    Gpu.lost = True
    timed.ask()
    timed.waits()
    timed.engine.close()
    timed.engine.close()
    Gpu.lost = False
    timed.jobs.pop()()
    assert len(Gpu.made) == 2 and Gpu.made[1].closed
    for use in (timed.ask, timed.engine.warm_up):
        with pytest.raises(EngineError, match='open engine'):
            use()


def test_many_threads_meet_the_fault_at_once(timed: Timed) -> None:
    answers: list[Any] = []
    barrier = threading.Barrier(6)

    def ask(token: int) -> None:
        barrier.wait()
        answers.append((token, timed.ask(token)))

    threads = [threading.Thread(target=ask, args=(token,)) for token in range(6)]
    Gpu.lost = True
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 6
    for token, answer in answers:
        again = timed.ask(token)
        assert all(np.array_equal(answer[name], again[name]) for name in again)


class TestChain:
    def test_what_is_named_after_it_stands_by(
        self, model: tuple[Path, ModelSpec], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(BACKENDS, 'gpu', Gpu)
        engine, fallbacks = load_engine(*model, ('gpu', 'onnxruntime'), threads=1)
        inputs = {'ids': np.ones((1, 8), np.int64), 'mask': np.ones((1, 8), np.float32)}
        engine.infer(inputs)
        Gpu.lost = True
        engine.infer(inputs)
        assert fallbacks == () and engine.describe().backend == 'onnxruntime'
        engine.close()

    @pytest.mark.parametrize('strict', [True, False])
    def test_strict_or_alone_it_fails(
        self, model: tuple[Path, ModelSpec], monkeypatch: pytest.MonkeyPatch, strict: bool
    ) -> None:
        monkeypatch.setitem(BACKENDS, 'gpu', Gpu)
        names = ('gpu', 'onnxruntime') if strict else ('gpu',)
        engine, _ = load_engine(*model, names, strict=strict)
        Gpu.lost = True
        with pytest.raises(EngineError, match='nvidia-smi'):
            engine.infer({'ids': np.ones((1, 8), np.int64), 'mask': np.ones((1, 8), np.float32)})
