# SPDX-License-Identifier: Apache-2.0
"""`milvus-lite server` as a process on loopback: the engine behind a Milvus client."""

from __future__ import annotations

import contextlib
import importlib.util
import socket
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.ports import free_port

NEEDS = '`python -m pip install pymilvus milvus-lite`'


def missing() -> bool:
    """Whether the packages for it are not installed."""
    return any(importlib.util.find_spec(name) is None for name in ('pymilvus', 'milvus_lite'))


class MilvusServer:
    """Runs from when it is made.

    Args:
        folder: for its data and its log.
        seconds: within which it has to listen.
    """

    def __init__(self, folder: Path, seconds: float = 60.0) -> None:
        self.port = free_port()
        self._folder = folder
        self._seconds = seconds
        self._process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Start it; after ``kill`` with what it had stored."""
        log = self._folder / 'milvus.log'
        command = [sys.executable, '-m', 'milvus_lite', 'server']
        command += ['--data-dir', str(self._folder / 'milvus'), '--port', str(self.port)]
        with log.open('ab') as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        deadline = time.monotonic() + self._seconds
        while True:
            with contextlib.suppress(OSError), socket.create_connection(('127.0.0.1', self.port)):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text(encoding='utf-8'))
            time.sleep(0.02)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()
        self._process.wait()
