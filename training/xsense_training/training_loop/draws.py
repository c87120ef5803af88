# SPDX-License-Identifier: Apache-2.0
"""Batches in their fixed order, drawn when asked for or ahead of time in a thread.

A thread that runs ahead has taken more random numbers than the run has used. Each batch therefore
comes with the state its generator had right after it was drawn, and a checkpoint holds the state
of the last batch used: a resumed run draws the same next batch, prefetched or not.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np


class Drawn(NamedTuple):
    """A batch, the generator's state after it, and the seconds it took to draw."""

    batch: Any
    state: Mapping[str, Any]
    seconds: float


class Draws:
    """An endless row of batches.

    Args:
        draw: makes a batch from the generator; in the thread if `ahead`, one call at a time.
        generator: must not be used elsewhere.
        ahead: batches to have ready; 0 draws in the caller's thread.
    """

    def __init__(
        self,
        draw: Callable[[np.random.Generator], Any],
        generator: np.random.Generator,
        ahead: int = 0,
    ) -> None:
        self.draw, self.generator, self.ahead = draw, generator, ahead
        # One worker: the order of the batches is the order in which they were asked for.
        self.pool = ThreadPoolExecutor(1, 'draws') if ahead else None
        self.waiting: deque[Future[Drawn]] = deque()

    def next(self) -> Drawn:
        """The next batch; what its drawing raised is raised here."""
        if self.pool is None:
            return self._draw()
        while len(self.waiting) <= self.ahead:
            self.waiting.append(self.pool.submit(self._draw))
        return self.waiting.popleft().result()

    def close(self) -> None:
        """Let the thread finish its batch and go."""
        if self.pool is not None:
            self.pool.shutdown(cancel_futures=True)

    def _draw(self) -> Drawn:
        begun = time.perf_counter()
        batch = self.draw(self.generator)
        return Drawn(batch, self.generator.bit_generator.state, time.perf_counter() - begun)
