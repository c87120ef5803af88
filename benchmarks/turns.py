# SPDX-License-Identifier: Apache-2.0
"""Several things timed in turns, so that whatever the machine does beside hits them alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping


def in_turns(
    calls: Mapping[str, Callable[[], object]],
    *,
    runs: int = 5,
    budget: float = 0.06,
    least: int = 3,
    most: int = 200,
) -> dict[str, list[list[float]]]:
    """Time each call several times in each of several runs.

    Args:
        calls: by name; each was called once before, so that it is warm.
        runs: how often each gets its turn; each run begins with another one.
        budget: seconds of a turn.
        least: calls in a turn at least.
        most: calls in a turn at most.

    Returns:
        Milliseconds by name and run.
    """
    names = list(calls)
    counts = {}
    for name, call in calls.items():
        taken = min(_timed(call) for _ in range(2)) / 1e3
        counts[name] = min(max(least, round(budget / max(taken, 1e-7))), most)
    taken_by: dict[str, list[list[float]]] = {name: [] for name in names}
    for run in range(runs):
        first = run % len(names)
        for name in names[first:] + names[:first]:
            calls[name]()  # brings its memory back into the caches
            taken_by[name].append([_timed(calls[name]) for _ in range(counts[name])])
    return taken_by


def _timed(call: Callable[[], object]) -> float:
    begin = time.perf_counter()
    call()
    return (time.perf_counter() - begin) * 1e3
