# SPDX-License-Identifier: Apache-2.0
"""Pages on a real server: tiles, acknowledgements, and a browser that never reads."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
import pytest
import websockets

from tests.unit.dashboard.pages import KeepingRobot
from xsense_ros.dashboard.app import make_app
from xsense_ros.dashboard.hub import Hub
from xsense_ros.dashboard.server import PageServer
from xsense_ros.errors import InputError

T = TypeVar('T')
BIG = 400_000  # more than the buffers of a socket take at once, several times


@pytest.fixture
def hub() -> Hub:
    return Hub(['camera', 'touch'], most_browsers=12)


@pytest.fixture
def server(hub: Hub) -> Iterator[PageServer]:
    server = PageServer(make_app(KeepingRobot(), hub, patience=2.0), '127.0.0.1', 0)
    server.start()
    yield server
    server.close()


def soon(condition: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + 40
    while not (value := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return value


def live(server: PageServer) -> str:
    return f'ws://127.0.0.1:{server.port}/live'


def finished(work: Coroutine[Any, Any, T]) -> T:
    """Its result, from a thread of its own: a browser of other tests keeps a loop in ours."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def next_tile(page: Any) -> bytes:
    while True:
        mail = await asyncio.wait_for(page.recv(), 40)
        if isinstance(mail, bytes):
            return mail


class Deaf:
    """A browser that asks for tiles and then reads nothing more."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(('127.0.0.1', port))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        key = base64.b64encode(os.urandom(16)).decode()
        lines = (
            'GET /live HTTP/1.1', 'Host: 127.0.0.1', 'Upgrade: websocket', 'Connection: Upgrade',
            f'Sec-WebSocket-Key: {key}', 'Sec-WebSocket-Version: 13', '', '',
        )  # fmt: skip
        self.socket.sendall('\r\n'.join(lines).encode())
        while b'\r\n\r\n' not in self.socket.recv(4096):
            pass  # the rest of the server's consent
        self.say({'type': 'watch', 'tiles': ['camera']})

    def say(self, message: dict[str, Any]) -> None:
        text, mask = json.dumps(message).encode(), b'\1\2\3\4'
        masked = bytes(byte ^ mask[number % 4] for number, byte in enumerate(text))
        self.socket.sendall(bytes([0x81, 0x80 | len(text)]) + mask + masked)


def test_a_page_gets_news_and_the_tiles_that_it_acknowledges(hub: Hub, server: PageServer) -> None:
    async def look() -> list[bytes]:
        async with websockets.connect(live(server)) as page:
            assert json.loads(await page.recv()) == {'type': 'hello'}
            await page.send(json.dumps({'type': 'watch', 'tiles': ['camera']}))
            await asyncio.to_thread(soon, lambda: hub.wants('camera'))
            seen = []
            for number in range(3):
                hub.show('camera', b'tile %d' % number)
                hub.show('camera', b'tile %d again' % number)
                seen.append(await next_tile(page))
                if number == 0:
                    await page.send(json.dumps({'type': 'unknown'}))
                await page.send(json.dumps({'type': 'ack', 'tile': 'camera'}))
                seen.append(await next_tile(page))
                await page.send(json.dumps({'type': 'ack', 'tile': 'camera'}))
                await asyncio.to_thread(soon, lambda: hub.wants('camera'))
            hub.tell({'type': 'answer', 'id': 1})
            assert json.loads(await page.recv()) == {'type': 'answer', 'id': 1}
            return seen

    seen = finished(look())
    assert seen == [b'tile %d%s' % (n, more) for n in range(3) for more in (b'', b' again')]
    soon(lambda: hub.browsers == 0)
    assert hub.watched() == frozenset()


def test_a_browser_that_never_reads_disturbs_nobody_and_is_left(
    hub: Hub, server: PageServer
) -> None:
    deaf = [Deaf(server.port) for _ in range(3)]
    soon(lambda: hub.browsers == 3 and hub.wants('camera'))

    async def look() -> None:
        async with websockets.connect(live(server), max_size=None) as page:
            await page.send(json.dumps({'type': 'watch', 'tiles': ['camera']}))
            await asyncio.to_thread(soon, lambda: hub.browsers == 4)
            (server_loop,) = {one._loop for one in list(hub._browsers)}
            for number in range(40):
                for one in deaf:  # they ask for more, too
                    one.say({'type': 'ack', 'tile': 'camera'})
                await asyncio.to_thread(soon, lambda: hub.wants('camera'))
                # Who shows a tile waits for nobody: the server does nothing until this is done.
                shown = threading.Event()
                server_loop.call_soon_threadsafe(shown.wait)
                for _ in range(50):
                    hub.tell({'type': 'answer', 'id': number, 'text': 'x' * 1000})
                hub.show('camera', bytes([number]) * BIG)
                shown.set()
                assert await next_tile(page) == bytes([number]) * BIG
                await page.send(json.dumps({'type': 'ack', 'tile': 'camera'}))

    finished(look())
    soon(lambda: hub.browsers == 0)  # the deaf ones were left after their two seconds
    for one in deaf:
        one.socket.close()


@pytest.mark.parametrize(
    'nonsense',
    ['no JSON', '[]', '7', '"ack"', '{"type": "watch", "tiles": 7}', b'{}', '[' * 50_000],
)
def test_a_page_that_talks_nonsense_is_left(
    hub: Hub, server: PageServer, nonsense: str | bytes
) -> None:
    async def talk() -> None:
        async with websockets.connect(live(server)) as page:
            await page.recv()
            await page.send(nonsense)
            with pytest.raises(websockets.ConnectionClosed):
                while True:
                    await asyncio.wait_for(page.recv(), 40)

    finished(talk())
    soon(lambda: hub.browsers == 0)


def test_a_message_that_is_too_long_ends_the_connection(hub: Hub, server: PageServer) -> None:
    async def talk() -> None:
        async with websockets.connect(live(server)) as page:
            await page.recv()
            with pytest.raises(websockets.ConnectionClosed):
                await page.send('x' * 1_000_000)
                while True:
                    await asyncio.wait_for(page.recv(), 40)

    finished(talk())
    soon(lambda: hub.browsers == 0)


def test_more_pages_than_may_be_are_asked_to_come_later(hub: Hub, server: PageServer) -> None:
    async def crowd() -> int | None:
        pages = [await websockets.connect(live(server)) for _ in range(12)]
        late = await websockets.connect(live(server))
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await asyncio.wait_for(late.recv(), 40)
        for page in pages:
            await page.close()
        return closed.value.rcvd.code if closed.value.rcvd else None

    assert finished(crowd()) == 1013


def test_a_port_that_is_taken_is_named(server: PageServer) -> None:
    with pytest.raises(InputError, match=f'127.0.0.1:{server.port}.*another port'):
        PageServer(make_app(KeepingRobot(), Hub()), '127.0.0.1', server.port)
    with pytest.raises(InputError, match='address of this computer'):
        PageServer(make_app(KeepingRobot(), Hub()), 'no.such.name.invalid', 0)


def test_a_server_that_ends_says_goodbye(hub: Hub) -> None:
    server = PageServer(make_app(KeepingRobot(), hub), '127.0.0.1', 0)
    server.start()

    async def stay() -> int | None:
        async with websockets.connect(live(server)) as page:
            await page.recv()
            closing = asyncio.create_task(asyncio.to_thread(server.close))
            with pytest.raises(websockets.ConnectionClosed) as closed:
                await asyncio.wait_for(page.recv(), 40)
            await closing
            return closed.value.rcvd.code if closed.value.rcvd else None

    assert finished(stay()) in (1001, 1012)
    assert hub.browsers == 0


def test_behind_a_proxy_that_speaks_tls(hub: Hub) -> None:
    app = make_app(KeepingRobot(), hub, names=('robot.example',))
    server = PageServer(app, '127.0.0.1', 0)
    server.start()
    try:
        headers = {'Host': 'robot.example', 'Origin': 'https://robot.example'}
        told = headers | {'X-Forwarded-Proto': 'https'}
        for sent, status in ((told, 200), (headers, 403)):
            answer = httpx.post(f'{server.url}api/undo', json={}, headers=sent, timeout=20)
            assert answer.status_code == status
    finally:
        server.close()
