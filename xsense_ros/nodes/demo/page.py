# SPDX-License-Identifier: Apache-2.0
"""The live page beside the demo: its node, and the address at which it is found."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

from xsense_ros.errors import XsenseError
from xsense_ros.nodes.dashboard.parameters import DEFAULT_PORT
from xsense_ros.nodes.demo.processes import Processes

NAME = 'dashboard'
_START_SECONDS = 15.0
_ADDRESS = re.compile(r'the live page is at (http://\S+)')


def start_page(processes: Processes, cameras: Path | None) -> None:
    """Start the node of the page, on its own port or, where that is taken, on any other.

    Args:
        processes: of the demo.
        cameras: file of parameters that says how the infrared camera looks; None for none.
    """
    processes.start_node(NAME, {'port': str(_port())}, cameras)


def page_address(processes: Processes) -> str:
    """Where the page is; '' where it could not be served, which the demo can do without."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = _ADDRESS.search(processes.log(NAME).read_text('utf-8', 'replace'))
        if found:
            return found[1]
        try:
            if processes.ended(NAME):
                return ''
        except XsenseError:
            return ''
        time.sleep(0.05)
    return ''


def _port() -> int:
    with socket.socket() as probe:
        # As a server does: a port that was used a moment ago is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(('127.0.0.1', DEFAULT_PORT))
        except OSError:
            return 0
    return DEFAULT_PORT
