# SPDX-License-Identifier: Apache-2.0
"""Waiting for what other threads and processes do."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

SECONDS = 40.0  # deadline of every wait; a loaded machine needs it, a free one never


def eventually(condition: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """The first true value of ``condition``; fails at the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, 'not true in time'
        time.sleep(0.005)
    return value
