# SPDX-License-Identifier: Apache-2.0
"""Services of another node, called from the event loop of the page's server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from rclpy.node import Node
from std_srvs.srv import Trigger

from xsense_ros.dashboard.problems import Answered, Refused
from xsense_ros.srv import Enroll, Forget, GetView, ListItems, Query, Rename, Undo

_READY_SECONDS, _LOOK_SECONDS = 2.0, 0.05
# An answer that is sent before the other node has discovered our end is lost: ask again.
_AGAIN_SECONDS = 0.7
_SERVICES = {
    'query': Query,
    'list_items': ListItems,
    'get_view': GetView,
    'enroll': Enroll,
    'forget': Forget,
    'rename': Rename,
    'undo': Undo,
    'map': Trigger,
}
# Requests that change nothing, because they are refused.
_HARMLESS: dict[str, Callable[[], Any]] = {
    'enroll': Enroll.Request,
    'forget': Forget.Request,
    'rename': Rename.Request,
    'undo': lambda: Undo.Request(gallery_version=2**64 - 1),
}


class Services:
    """The services of a retrieval node; it may come, go and come again.

    Args:
        node: that asks; its executor runs in a thread of its own.
        target: name of the other node.
        timeout: seconds that one call may take.
    """

    def __init__(self, node: Node, target: str, timeout: float) -> None:
        self._target = target
        self._timeout = timeout
        self._clients = {
            name: node.create_client(kind, f'{target}/{name}') for name, kind in _SERVICES.items()
        }

    async def ask(self, name: str, request: Any) -> Any:
        """A call that changes nothing: made again where its answer is lost.

        Raises:
            Refused: nobody answers (503), or what the node's words say.
        """
        deadline = time.monotonic() + self._timeout
        await self._ready(name)
        while (left := deadline - time.monotonic()) > 0.0:
            answer = await self._call(name, request, min(left, max(_AGAIN_SECONDS, left / 3)))
            if answer is not None:
                return _checked(answer)
        raise self._silent(name, 'an answer')

    async def change(self, name: str, request: Any) -> Any:
        """A call that is made once, after a refused one has shown that answers arrive.

        Raises:
            Refused: see ``ask``.
        """
        deadline = time.monotonic() + self._timeout
        await self._ready(name)
        while await self._call(name, _HARMLESS[name](), _AGAIN_SECONDS) is None:
            if time.monotonic() > deadline:
                raise self._silent(name, 'an answer')
        answer = await self._call(name, request, self._timeout)
        if answer is None:
            raise self._silent(name, 'an answer; it may have been done all the same')
        return _checked(answer)

    async def _ready(self, name: str) -> None:
        deadline = time.monotonic() + min(_READY_SECONDS, self._timeout)
        while not self._clients[name].service_is_ready():
            if time.monotonic() > deadline:
                raise self._silent(name, 'a running node')
            await asyncio.sleep(_LOOK_SECONDS)

    async def _call(self, name: str, request: Any, seconds: float) -> Any:
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        client = self._clients[name]
        future = client.call_async(request)
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(done.set))
        try:
            await asyncio.wait_for(done.wait(), seconds)
        except (TimeoutError, asyncio.TimeoutError):  # two classes before Python 3.11
            client.remove_pending_request(future)
            return None
        return future.result()

    def _silent(self, name: str, expected: str) -> Refused:
        return Refused(
            503, f'service {self._target}/{name}', 'no answer', expected,
            'start the node (`ros2 launch xsense_ros retrieval.launch.py`) or wait until it is '
            'back; the page goes on by itself',
        )  # fmt: skip


def _checked(answer: Any) -> Any:
    if not answer.success:
        raise Answered(answer.message)
    return answer
