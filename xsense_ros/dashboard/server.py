# SPDX-License-Identifier: Apache-2.0
"""The application behind a port, in a thread of its own."""

from __future__ import annotations

import socket
import threading

import uvicorn
from starlette.applications import Starlette

from xsense_ros.errors import InputError

_MOST_MESSAGE = 65_536  # bytes that a page may send at once by its WebSocket
_MOST_REQUESTS = 256
_GRACE_SECONDS = 2
_START_SECONDS = 20.0


class PageServer:
    """Serves until closed.

    Args:
        app: what is served.
        host: address or name to listen on.
        port: 0 for any that is free.

    Raises:
        InputError: the port is taken, or the address is none of this computer.
    """

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        self._socket = _listen(host, port)
        address = self._socket.getsockname()
        self.port: int = address[1]
        name = f'[{host}]' if ':' in host else host
        self.url = f'http://{name}:{self.port}/'
        config = uvicorn.Config(
            app,
            log_level='warning',
            access_log=False,  # its lines would hold the token of who comes in
            lifespan='off',
            server_header=False,
            ws='websockets-sansio',
            ws_max_size=_MOST_MESSAGE,
            ws_per_message_deflate=False,  # JPEGs do not get smaller
            limit_concurrency=_MOST_REQUESTS,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, args=([self._socket],), name='xsense-page', daemon=True
        )

    def start(self) -> None:
        """Begin to serve; connections wait in the queue of the socket until it does."""
        self._thread.start()

    def close(self) -> None:
        """Say goodbye to every page and end the thread."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(_START_SECONDS)
        self._socket.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
    except (OSError, UnicodeError) as error:
        cure = 'give an address of this computer, such as 127.0.0.1'
        raise InputError('host of the dashboard', host, f'an address ({error})', cure) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        cure = 'end the other program, or choose another port (0: any that is free)'
        expected = f'an address of this computer and a free port ({error})'
        raise InputError('dashboard', f'{host}:{port}', expected, cure) from error
    return listening
