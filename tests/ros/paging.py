# SPDX-License-Identifier: Apache-2.0
"""A dashboard beside a node of the tests, and browsers that look at it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import httpx
from rclpy.parameter import Parameter
from websockets.sync.client import connect

from tests.ros.harness import LiveNode, dotted
from tests.waiting import SECONDS, eventually
from xsense_ros.dashboard.tiles import split_tile
from xsense_ros.nodes.dashboard_node import DashboardNode
from xsense_ros.nodes.executor import make_executor, spin

if TYPE_CHECKING:
    from typing_extensions import Self


class Dashboard:
    """A dashboard in the namespace of a robot, on a free port, spinning in a thread.

    Args:
        robot: beside which it runs.
        parameters: of the dashboard, '__' for '.'.
    """

    def __init__(self, robot: LiveNode, **parameters: Any) -> None:
        values = {'port': 0, 'timeout': SECONDS} | dotted(parameters)
        self.node = DashboardNode(
            context=robot.context,
            namespace=robot.namespace,
            parameter_overrides=[Parameter(name, value=value) for name, value in values.items()],
        )
        self._executor = make_executor(robot.context)
        self._executor.add_node(self.node)
        self._stop = threading.Event()
        arguments = (self._executor, self._stop, robot.context)
        self._thread = threading.Thread(target=spin, args=arguments, daemon=True)
        self._thread.start()
        self._beside: list[Any] = getattr(robot, 'others', [])
        self._beside.append(self.node)
        self.http = httpx.Client(base_url=self.node.server.url, timeout=SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()
        self._beside.remove(self.node)
        self._stop.set()
        self._thread.join()
        self._executor.shutdown()
        self.node.close()

    def await_robot(self) -> None:
        """Until it has found the services of the robot, which must be active."""
        eventually(lambda: self.http.get('/api/map').status_code == 200)

    def browse(self, *tiles: str) -> Browsing:
        """A browser that looks at some tiles."""
        return Browsing(self.node.server.port, tiles)

    def ask(self, **fields: Any) -> Any:
        """The answer to one sample: bytes are a file, str is text."""
        files = {name: value for name, value in fields.items() if isinstance(value, bytes)}
        data = {name: value for name, value in fields.items() if isinstance(value, str)}
        answer = self.http.post('/api/query', files=files, data=data)
        assert answer.status_code == 200, answer.text
        return answer.json()


class Browsing:
    """One connected browser; a context manager."""

    def __init__(self, port: int, tiles: tuple[str, ...] = ()) -> None:
        self._stack = ExitStack()
        address = f'ws://127.0.0.1:{port}/live'
        self._socket = self._stack.enter_context(connect(address, max_size=None))
        self.hello = json.loads(self._socket.recv(SECONDS))
        self.watch(*tiles)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def watch(self, *tiles: str) -> None:
        self._socket.send(json.dumps({'type': 'watch', 'tiles': tiles}))

    def told(self, kind: str, fits: Callable[[Any], bool] = lambda message: True) -> Any:
        """The next message of a type that fits; tiles that come meanwhile are acknowledged."""
        return self._next(lambda mail: mail.get('type') == kind and fits(mail))

    def tile(
        self, name: str, fits: Callable[[Any], bool] = lambda header: True
    ) -> tuple[Any, bytes]:
        """Header and JPEG of the next tile of this name that fits."""
        header = self._next(lambda mail: mail.get('tile') == name and fits(mail))
        return header, header['jpeg']

    def _next(self, fits: Callable[[Any], bool]) -> Any:
        deadline = time.monotonic() + SECONDS
        while True:
            received = self._socket.recv(max(0.0, deadline - time.monotonic()))
            if isinstance(received, str):
                mail = json.loads(received)
            else:
                mail, jpeg = split_tile(received)
                self._socket.send(json.dumps({'type': 'ack', 'tile': mail['tile']}))
                mail['jpeg'] = jpeg
            if fits(mail):
                return mail
