# SPDX-License-Identifier: Apache-2.0
"""A thread that works on the newest samples, and drops and counts what it has no time for."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar('T')


class LatestWorker(Generic[T]):
    """Hands samples from a subscription callback to a thread, newest first to stay.

    ``offer`` only stores, so that a callback costs microseconds. Where the thread cannot follow,
    the oldest waiting sample makes room: a slow engine costs freshness of answers, never memory.

    Args:
        name: of the thread, for debuggers and `top -H`.
        handle: works on one sample, in the thread.
        on_error: told of every exception that leaves ``handle``; the thread goes on.
        capacity: samples that may wait.
    """

    def __init__(
        self,
        name: str,
        handle: Callable[[T], None],
        on_error: Callable[[Exception], None],
        capacity: int = 1,
    ) -> None:
        self._handle = handle
        self._on_error = on_error
        self._waiting: deque[T] = deque(maxlen=capacity)
        self._wake = threading.Condition()
        self._stopping = False
        self._min_interval = 0.0
        self._received = 0
        self._dropped = 0
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @property
    def received(self) -> int:
        """Samples offered so far."""
        return self._received

    @property
    def dropped(self) -> int:
        """Samples that made room for newer ones before they were worked on."""
        return self._dropped

    def set_max_rate(self, rate: float) -> None:
        """Work on at most ``rate`` samples a second; 0 sets no limit."""
        with self._wake:
            self._min_interval = 1.0 / rate if rate > 0.0 else 0.0
            self._wake.notify()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def offer(self, sample: T) -> None:
        """Leave a sample for the thread; returns at once."""
        with self._wake:
            self._received += 1
            self._dropped += len(self._waiting) == self._waiting.maxlen
            self._waiting.append(sample)
            self._wake.notify()

    def stop(self, timeout: float = 10.0) -> bool:
        """Finish the sample in work, drop those that wait, and end the thread.

        Returns:
            Whether the thread has ended within ``timeout`` seconds.
        """
        with self._wake:
            self._stopping = True
            self._waiting.clear()
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self) -> None:
        due = 0.0
        while True:
            with self._wake:
                while not self._stopping and not self._waiting:
                    self._wake.wait()
                # The sample is taken after the pause of a rate limit, so that it is the newest.
                while not self._stopping:
                    now = time.monotonic()
                    due = min(due, now + self._min_interval)  # the limit may have been lifted
                    if due <= now:
                        break
                    self._wake.wait(due - now)
                if self._stopping:
                    return
                sample = self._waiting.popleft()
                due = time.monotonic() + self._min_interval
            try:
                self._handle(sample)
            except Exception as error:
                self._on_error(error)
