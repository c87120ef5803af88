# SPDX-License-Identifier: Apache-2.0
"""Frames out, answers in: what a camera and a listener see of a node."""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rclpy.publisher import Publisher

from benchmarks.rig import NodeRig, until

_LAST_ANSWER = 2.0  # seconds in which it comes, however busy the machine is


@dataclass
class Block:
    """Frames that were sent at a steady rate.

    latency: frame to answer [ms]; engine: of it, what the node says its models took; intervals:
    between answers [ms]; sent: frames that were to be answered; in_time: answers that came while
    frames were still sent; seconds: it lasted; cpu: seconds of the node; memory_mb: its own.
    """

    sent: int = 0
    in_time: int = 0
    memory_mb: float = 0.0
    seconds: float = 0.0
    cpu: float = 0.0
    latency: list[float] = field(default_factory=list)
    engine: list[float] = field(default_factory=list)
    intervals: list[float] = field(default_factory=list)

    @property
    def added(self) -> list[float]:
        """Latency without the engine [ms]."""
        return [whole - part for whole, part in zip(self.latency, self.engine, strict=True)]

    @property
    def missed(self) -> float:
        """Share of the frames that was not answered."""
        return 1 - len(self.latency) / self.sent

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.in_time / self.seconds


class Stream:
    """One publisher of frames; `heard` is to be called with the answers.

    Args:
        rig: the node's.
        publisher: of its frames.
        before: called before each frame, to publish what goes with it.
    """

    def __init__(
        self,
        rig: NodeRig,
        publisher: Publisher,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._rig, self._publisher, self._before = rig, publisher, before
        self._sent: dict[int, float] = {}
        self._arrived: dict[int, tuple[float, float]] = {}

    def heard(self, stamp_ns: int, engine_ms: float) -> None:
        """An answer to the frame with this stamp has just come."""
        self._arrived[stamp_ns] = time.perf_counter(), engine_ms

    def meet(self, frames: Sequence[Any]) -> None:
        """Publish frames in turns, slowly, until one of them is answered."""
        self._arrived = {}
        turns = itertools.cycle(frames)

        def ask() -> None:
            self._before()
            self._rig.stamp(frame := next(turns))
            self._publisher.publish(frame)

        self._rig.insist(ask, lambda: bool(self._arrived), self._publisher.topic_name)

    def steady(self, frames: Sequence[Any], rate: float, count: int, every: int = 1) -> Block:
        """Publish frames on a grid of times.

        Args:
            frames: messages, in turns.
            rate: frames a second.
            count: frames.
            every: only each such frame is to be answered, beginning with the first.
        """
        self._sent, self._arrived = {}, {}
        gc.freeze()  # to look at all objects of this process would take as long as many a frame
        block, begin, cpu = Block(), time.perf_counter(), self._rig.cpu_seconds()
        for number in range(count):
            time.sleep(max(0.0, begin + number / rate - time.perf_counter()))
            self._before()
            frame = frames[number % len(frames)]
            stamp = self._rig.stamp(frame)
            if number % every == 0:
                self._sent[stamp] = time.perf_counter()
            self._publisher.publish(frame)
        block.seconds = max(time.perf_counter() - begin, count / rate)
        block.cpu = self._rig.cpu_seconds() - cpu
        # The newest frame is never dropped for another one: its answer is the last of all.
        until(lambda: next(reversed(self._sent)) in self._arrived, _LAST_ANSWER)
        gc.unfreeze()
        heard = self._arrived
        answers = sorted((heard[s], at) for s, at in self._sent.items() if s in heard)
        times = [arrived for (arrived, _), _ in answers]
        block.in_time = sum(arrived <= begin + block.seconds for arrived in times)
        block.memory_mb = self._rig.memory_mb()
        block.sent = len(self._sent)
        block.latency = [(arrived - at) * 1e3 for (arrived, _), at in answers]
        block.engine = [engine for (_, engine), _ in answers]
        block.intervals = [(b - a) * 1e3 for a, b in itertools.pairwise(times)]
        return block
