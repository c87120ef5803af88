# SPDX-License-Identifier: Apache-2.0
"""Waiting for messages."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from tests.waiting import SECONDS


class Recorder:
    """Keeps what a topic brings."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.subscription: Any = None
        self._news = threading.Condition()

    def __call__(self, message: Any) -> None:
        with self._news:
            self.messages.append(message)
            self._news.notify_all()

    def wait(
        self, fits: Callable[[Any], bool] = lambda message: True, seconds: float = SECONDS
    ) -> Any:
        """The first message that fits, from the past or yet to come; it is taken out."""
        with self._news:
            deadline = time.monotonic() + seconds
            while True:
                for message in self.messages:
                    if fits(message):
                        self.messages.remove(message)
                        return message
                assert self._news.wait(deadline - time.monotonic()), 'no such message in time'
