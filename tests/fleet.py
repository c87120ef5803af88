# SPDX-License-Identifier: Apache-2.0
"""A Milvus to test with: a real server process that can be killed, and a wire that can be cut."""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from benchmarks.milvus_server import NEEDS, MilvusServer, missing
from benchmarks.ports import free_port

_numbers = itertools.count()


@contextlib.contextmanager
def milvus(folder: Path) -> Iterator[MilvusServer]:
    """A server; the test is skipped where the packages are missing."""
    if missing():
        pytest.skip(f'needs {NEEDS}')
    server = MilvusServer(folder)
    try:
        yield server
    finally:
        server.kill()


class Wire:
    """A TCP proxy before a server, which can be cut and mended, or let everything get stuck."""

    def __init__(self, port: int) -> None:
        self.port = free_port()
        self._target = port
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._ends: list[socket.socket] = []
        self._open = threading.Event()
        self._open.set()
        self.mend()

    def cut(self) -> None:
        """Nothing answers on the port any more, and all connections break."""
        with self._lock:
            listener, self._listener = self._listener, None
            ends, self._ends = self._ends, []
        for end in (*ends, *([listener] if listener else [])):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def mend(self) -> None:
        """Everything is as before."""
        self._open.set()
        with self._lock:
            if self._listener is None:
                self._listener = socket.create_server(('127.0.0.1', self.port))
                threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stick(self) -> None:
        """Connections stand, but nothing goes through."""
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
                far = socket.create_connection(('127.0.0.1', self._target))
            except OSError:
                return
            with self._lock:
                self._ends += [near, far]
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._open.wait()
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def fresh_collection() -> str:
    return f'fleet_{os.getpid()}_{next(_numbers)}'


def fleet_url(port: int, collection: str, robot: str, folder: Path, **options: object) -> str:
    """Synchronised only when a test asks for it, unless ``period`` says otherwise."""
    cache = folder / f'{collection}-{robot}.db'
    values = {'robot': robot, 'cache': str(cache), 'period': 3600, **options}
    return f'milvus://127.0.0.1:{port}/{collection}?{urlencode(values)}'
