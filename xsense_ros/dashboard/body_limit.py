# SPDX-License-Identifier: Apache-2.0
"""Bodies of requests that are too long are refused before they are read, or while they are."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xsense_ros.dashboard.problems import Refused, problem_response


class BodyLimit:
    """ASGI middleware.

    Args:
        app: what is guarded.
        most_bytes: of the body of a request.
    """

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer 413 as soon as its length is known."""
        if scope['type'] != 'http':
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get('content-length', '0')
        if not told.isdigit() or int(told) > self._most:
            await problem_response(self._refusal(told))(scope, receive, send)
            return
        got = 0

        async def receiving() -> Message:
            nonlocal got
            message = await receive()
            got += len(message.get('body', b''))
            if got > self._most:  # of a request that did not tell its length; the app answers
                raise self._refusal(str(got))
            return message

        await self._app(scope, receiving, send)

    def _refusal(self, length: str) -> Refused:
        return Refused(
            413, 'length of the request', f'{length[:20]} bytes', f'at most {self._most} bytes',
            'send a smaller file, or raise upload.max_bytes of the dashboard',
        )  # fmt: skip
