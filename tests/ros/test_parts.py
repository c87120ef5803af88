# SPDX-License-Identifier: Apache-2.0
"""The parts of the nodes that need no DDS: worker, stamps, faults, conversions."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest

from tests.waiting import eventually
from xsense_ros.errors import InputError
from xsense_ros.nodes.conversions import ns_to_stamp, stamp_to_ns
from xsense_ros.nodes.faults import FaultRegistry, Level
from xsense_ros.nodes.stamps import StampCheck, seconds
from xsense_ros.nodes.worker import LatestWorker

S = 1_000_000_000


class TestWorker:
    def test_newest_wins_and_the_rest_is_counted(self) -> None:
        gate, begun, done = threading.Event(), threading.Event(), []

        def handle(sample: int) -> None:
            begun.set()
            gate.wait(10)
            done.append(sample)

        worker: LatestWorker[int] = LatestWorker('test', handle, lambda error: None, capacity=2)
        worker.start()
        worker.offer(0)
        assert begun.wait(10)
        for sample in range(1, 10):
            worker.offer(sample)
        gate.set()
        eventually(lambda: len(done) == 3)
        assert done == [0, 8, 9]
        assert (worker.received, worker.dropped) == (10, 7)
        assert worker.stop()

    def test_errors_are_told_and_survived(self) -> None:
        errors: list[Exception] = []
        done = threading.Event()

        def handle(sample: int) -> None:
            if sample == 0:
                raise ValueError('no')
            done.set()

        worker: LatestWorker[int] = LatestWorker('test', handle, errors.append, capacity=2)
        worker.start()
        worker.offer(0)
        worker.offer(1)
        assert done.wait(10)
        assert [str(error) for error in errors] == ['no']
        assert worker.stop()

    def test_rate_limit_takes_the_newest_after_the_pause(self) -> None:
        done: list[tuple[int, float]] = []
        worker: LatestWorker[int] = LatestWorker(
            'test', lambda sample: done.append((sample, time.monotonic())), lambda error: None
        )
        worker.set_max_rate(0.01)
        worker.start()
        worker.offer(0)
        eventually(lambda: done)
        worker.offer(1)
        worker.offer(2)
        assert len(done) == 1
        worker.set_max_rate(0.0)
        eventually(lambda: len(done) == 2)
        assert done[1][0] == 2
        worker.set_max_rate(10.0)
        begun = time.monotonic()
        for sample in (3, 4):
            worker.offer(sample)
            eventually(lambda sample=sample: done[-1][0] == sample)
        assert done[-1][1] - begun >= 0.099
        worker.set_max_rate(0.01)
        worker.offer(5)
        assert worker.stop()  # does not wait for the pause

    def test_stop_before_start(self) -> None:
        assert LatestWorker('test', lambda sample: None, lambda error: None).stop()


class TestStamps:
    def test_kinds(self) -> None:
        check = StampCheck(tolerance_seconds=0.1)
        now = 100 * S
        assert check.check(0, now).kind == 'zero stamp'
        assert check.check(99 * S, now) is None
        assert check.check(99 * S, now) is None
        assert check.check(98 * S, now).kind == 'backward stamp'
        assert check.check(now + S // 10, now) is None
        fault = check.check(now + S // 10 + 1, now)
        assert fault.kind == 'future stamp' and '100.100 s' in fault.message

    def test_simulated_clock_that_has_not_started(self) -> None:
        assert StampCheck().check(5 * S, 0) is None

    def test_seconds_are_exact(self) -> None:
        assert seconds(1_700_000_000_999_999_999) == '1700000000.999'


class TestFaults:
    def test_counts_throttles_and_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        now = [100.0]
        clock = SimpleNamespace(monotonic=lambda: now[0])
        monkeypatch.setattr('xsense_ros.nodes.faults.time', clock)
        lines: list[str] = []
        faults = FaultRegistry(lambda level, line: lines.append(line), 0.2, 0.1)
        for _ in range(5):
            faults.report('/topic', 'kind', Level.WARN, 'text')
        assert lines == ['/topic: text']
        assert faults.present('/topic').count == 5
        now[0] += 0.11
        faults.report('/topic', 'kind', Level.WARN, 'text')
        assert lines[1:] == ['/topic: text (5 times)']
        assert faults.present('/topic') is not None
        now[0] += 0.21
        assert faults.present('/topic') is None
        assert faults.history('/topic')[0].count == 6

    def test_worst_is_present_and_sticky_stays(self) -> None:
        faults = FaultRegistry(lambda level, line: None, hold_seconds=0.0)
        faults.report('x', 'a', Level.ERROR, 'bad', sticky=True)
        faults.report('x', 'b', Level.WARN, 'odd', sticky=True)
        assert faults.present('x').message == 'bad'
        faults.clear('x')
        assert faults.present('x') is None

    def test_kinds_are_bounded(self) -> None:
        faults = FaultRegistry(lambda level, line: None)
        for number in range(1000):
            faults.report_error('x', InputError(f'what {number}', 1, 'e', 'c'))
        assert len(faults.history('x')) == 25
        assert faults.history('x')[-1].count == 976


def test_stamps_survive_the_way_there_and_back() -> None:
    for nanoseconds in (0, 1, S - 1, 1_700_000_000_123_456_789, (2**31 - 1) * S):
        assert stamp_to_ns(ns_to_stamp(nanoseconds)) == nanoseconds
    assert ns_to_stamp(-1) == ns_to_stamp(2**31 * S) == ns_to_stamp(0)
