# SPDX-License-Identifier: Apache-2.0
"""How often things come, and how long answers take, over the last seconds."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import numpy as np

_SECONDS = 5.0
_KEPT = 500


class Rate:
    """Arrivals a second over the last five seconds. Thread-safe.

    Args:
        clock: seconds, rising.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: deque[float] = deque(maxlen=_KEPT)

    def add(self) -> None:
        """One has come."""
        self._times.append(self._clock())

    def hz(self) -> float:
        """Arrivals a second; 0 where fewer than two have come lately."""
        horizon = self._clock() - _SECONDS
        recent = [moment for moment in list(self._times) if moment > horizon]
        if len(recent) < 2:
            return 0.0
        # Up to now where they have stopped: the mean interval alone would go on telling a rate.
        last = max(recent[-1], self._clock() - (recent[-1] - recent[0]) / (len(recent) - 1))
        return (len(recent) - 1) / max(last - recent[0], 1e-6)


class Latencies:
    """Durations of the last answers [ms]. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: deque[float] = deque(maxlen=_KEPT)

    def add(self, milliseconds: float) -> None:
        """One more."""
        with self._lock:
            self._kept.append(milliseconds)

    def percentiles(self) -> tuple[float, float] | None:
        """50th and 95th percentile [ms]; None before the first."""
        with self._lock:
            kept = list(self._kept)
        if not kept:
            return None
        middle, high = np.percentile(kept, (50, 95))
        return float(middle), float(high)
