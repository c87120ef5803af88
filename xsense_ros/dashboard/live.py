# SPDX-License-Identifier: Apache-2.0
"""The WebSocket of a page: news and tiles out, acknowledgements in."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Coroutine
from typing import Any

import anyio
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from xsense_ros.dashboard.hub import Browser, Hub
from xsense_ros.dashboard.problems import Refused
from xsense_ros.dashboard.robot import Robot

# A page that has taken nothing for so long is not looked at by anybody.
PATIENCE_SECONDS = 30.0
_TRY_AGAIN_LATER, _UNSUPPORTED = 1013, 1003


class Live:
    """The route /live.

    Args:
        robot: says hello.
        hub: of all pages.
        patience: seconds that a page may take for one message.
    """

    def __init__(self, robot: Robot, hub: Hub, patience: float = PATIENCE_SECONDS) -> None:
        self._robot = robot
        self._hub = hub
        self._patience = patience

    def route(self) -> WebSocketRoute:
        """For the application."""
        return WebSocketRoute('/live', self._serve)

    async def _serve(self, socket: WebSocket) -> None:
        await socket.accept()
        try:
            browser = self._hub.join(asyncio.get_running_loop())
        except Refused as refusal:
            await socket.close(_TRY_AGAIN_LATER, refusal.what)
            return
        try:
            async with anyio.create_task_group() as both:
                for work in (self._send, self._hear):
                    both.start_soon(_until_one_ends, both.cancel_scope, work(socket, browser))
        finally:
            self._hub.leave(browser)
        with anyio.move_on_after(1.0), contextlib.suppress(Exception):  # it may have gone
            await socket.close(_UNSUPPORTED)

    async def _send(self, socket: WebSocket, browser: Browser) -> None:
        hello = json.dumps(self._robot.hello(), ensure_ascii=False)
        with anyio.fail_after(self._patience):
            await socket.send_text(hello)
        while True:
            await browser.news_come()
            for mail in self._hub.collect(browser):
                with anyio.fail_after(self._patience):
                    if isinstance(mail, str):
                        await socket.send_text(mail)
                    else:
                        await socket.send_bytes(mail)

    async def _hear(self, socket: WebSocket, browser: Browser) -> None:
        """Until the page goes, or says what is no JSON object."""
        while True:
            said: Any = json.loads(await socket.receive_text())
            if said.get('type') == 'ack':
                self._hub.acknowledge(browser, str(said.get('tile')))
            elif said.get('type') == 'watch':
                self._hub.watch(browser, map(str, said.get('tiles', ())))


# What a page causes: it has gone, reads nothing, or sent no text, no JSON, no object.
_GONE = (WebSocketDisconnect, TimeoutError)
_NONSENSE = (KeyError, ValueError, RecursionError, AttributeError, TypeError)


async def _until_one_ends(both: anyio.CancelScope, work: Coroutine[Any, Any, None]) -> None:
    """A page that has gone, reads nothing or talks nonsense ends both directions."""
    try:
        with contextlib.suppress(*_GONE, *_NONSENSE):
            await work
    finally:
        both.cancel()
