# SPDX-License-Identifier: Apache-2.0
"""Something done again and again beside a test, as a driver does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeating(act: Callable[[], object], seconds: float = 0.05) -> Iterator[None]:
    """Best-effort topics may drop a message: it is sent again until the test has seen enough.

    Args:
        act: what is done, in a thread of its own.
        seconds: from one time to the next, the first after as long.
    """
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(seconds):
            act()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
