# SPDX-License-Identifier: Apache-2.0
"""A lock between processes, on a file of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Callable, Iterator
from pathlib import Path


class FileLock:
    """An advisory lock; it ends with the process that holds it, however that ends.

    Its file goes with it: who waited for the lock takes the new file of that name.

    Raises:
        OSError: the file cannot be made or opened.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open()

    @contextlib.contextmanager
    def held(self, on_wait: Callable[[], None]) -> Iterator[None]:
        """Wait for it; ``on_wait`` is called once if there is somebody to wait for."""
        taken = False
        try:
            taken = self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not taken:
                on_wait()
                taken = self._take(fcntl.LOCK_EX)
            yield
        finally:
            self._release(taken)

    @contextlib.contextmanager
    def held_or_not(self) -> Iterator[bool]:
        """Take it if it is free."""
        taken = False
        try:
            taken = self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield taken
        finally:
            self._release(taken)

    def _take(self, flags: int) -> bool:
        while True:
            try:
                fcntl.flock(self._file, flags)
            except BlockingIOError:
                return False
            if self._is_current():
                return True
            # It was removed by who held it before: the lock is now the new file of its name.
            os.close(self._file)
            self._file = self._open()

    def _release(self, taken: bool) -> None:
        if taken:
            with contextlib.suppress(OSError):
                self._path.unlink()
        os.close(self._file)

    def _is_current(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self._file), self._path.stat())
        except FileNotFoundError:
            return False

    def _open(self) -> int:
        return os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
