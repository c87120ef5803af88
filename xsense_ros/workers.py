# SPDX-License-Identifier: Apache-2.0
"""Work on many things at once whose results are wanted in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import cv2

Job = TypeVar('Job')
Result = TypeVar('Result')


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def in_order(
    jobs: Iterable[Job], work: Callable[[Job], Result], workers: int, ahead: int
) -> Iterator[tuple[Job, Future[Result]]]:
    """Work on jobs in threads; each job with its finished future, in the order of the jobs.

    Meanwhile OpenCV works in the threads that call it: its own would take cores from these.

    Args:
        jobs: taken one by one in the caller's thread.
        work: called in a thread of its own for each; its exception is that of the future.
        workers: threads.
        ahead: jobs begun beyond the one that is waited for, at most.
    """
    waiting: deque[tuple[Job, Future[Result]]] = deque()
    pool = ThreadPoolExecutor(workers)
    before = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for job in jobs:
            waiting.append((job, pool.submit(work, job)))
            if len(waiting) > ahead:
                yield _finished(waiting)
        while waiting:
            yield _finished(waiting)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        cv2.setNumThreads(before)


def _finished(waiting: deque[tuple[Job, Future[Result]]]) -> tuple[Job, Future[Result]]:
    job, future = waiting.popleft()
    future.exception()
    return job, future
