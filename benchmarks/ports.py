# SPDX-License-Identifier: Apache-2.0
"""Ports for the servers of benchmarks and tests."""

from __future__ import annotations

import contextlib
import random
import socket

_PORTS = range(20_000, 32_768)  # below the range that Linux gives to connections


def free_port() -> int:
    """A TCP port on loopback that nobody listens on.

    None of those that the system gives to connections: one of them may take such a port before
    its server does, and who tries to connect to it until then may end up connected to itself.
    """
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(('127.0.0.1', port))
            return port
    raise RuntimeError(f'no port from {_PORTS.start} to {_PORTS.stop - 1} is free')
