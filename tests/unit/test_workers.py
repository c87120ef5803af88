# SPDX-License-Identifier: Apache-2.0
"""Work at once, results in order, and no more of it than was allowed."""

from __future__ import annotations

import threading
import time

import cv2
import pytest

from xsense_ros.workers import in_order


def test_results_come_in_order() -> None:
    def work(job: int) -> int:
        time.sleep(0.01 if job % 2 else 0.0)
        return job * job

    found = [(job, future.result()) for job, future in in_order(range(20), work, 4, 8)]
    assert found == [(job, job * job) for job in range(20)]


def test_opencv_leaves_the_cores_to_the_workers() -> None:
    before = cv2.getNumThreads()
    jobs = in_order(range(4), lambda job: cv2.getNumThreads(), 2, 2)
    assert [future.result() for _, future in jobs] == [1] * 4
    assert cv2.getNumThreads() == before


def test_an_exception_is_that_of_its_job() -> None:
    def work(job: int) -> float:
        return 1 / job

    outcomes = [future.exception() for _, future in in_order([1, 0, 2], work, 2, 4)]
    assert [type(one) for one in outcomes] == [type(None), ZeroDivisionError, type(None)]


def test_no_more_is_begun_than_is_allowed() -> None:
    taken = 0

    def jobs():
        nonlocal taken
        for job in range(100):
            taken += 1
            yield job

    for number, _ in enumerate(in_order(jobs(), lambda job: job, 2, 5)):
        assert taken <= number + 6


def test_what_is_not_wanted_any_more_is_not_begun() -> None:
    begun: list[int] = []
    go = threading.Event()

    def work(job: int) -> None:
        begun.append(job)
        go.wait(5)

    results = in_order(range(50), work, 1, 20)
    threading.Timer(0.05, go.set).start()
    next(results)
    results.close()
    assert len(begun) < 50
    with pytest.raises(StopIteration):
        next(results)
