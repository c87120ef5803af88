# SPDX-License-Identifier: Apache-2.0
"""Who may talk to the page's server: addresses, tokens, and which pages may send requests to it.

Three kinds of strangers are kept out. Other computers: only loopback is served without a token.
Pages of other sites in the operator's browser: a request that such a page sends names it in
`Origin` or `Sec-Fetch-Site` and is refused. Sites whose name was made to point to this computer
(DNS rebinding): they are named in `Host`, where only addresses and the names given here may stand.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from collections.abc import Collection
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from xsense_ros.dashboard.problems import Refused, problem_response
from xsense_ros.errors import InputError

MIN_TOKEN = 16
_CSP = '; '.join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    'Content-Security-Policy': _CSP,
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(self)',
    'Cache-Control': 'no-cache',
}
_WORTH = {'http': 'http', 'ws': 'http', 'https': 'https', 'wss': 'https'}


def check_binding(host: str, token: str) -> None:
    """Refuse to serve other computers without a token.

    Args:
        host: address or name to listen on.
        token: that requests must show; '' for none.

    Raises:
        InputError: another address than loopback without a token, or a token that can be guessed.
    """
    if token and (len(token) < MIN_TOKEN or not token.isascii() or not token.isprintable()):
        raise InputError(
            'token of the dashboard',
            f'{len(token)} characters',
            f'at least {MIN_TOKEN} printable ASCII characters',
            'make one: python3 -c "import secrets; print(secrets.token_urlsafe(24))"',
        )
    if not token and not _is_loopback(host):
        raise InputError(
            'address of the dashboard',
            host,
            '127.0.0.1, or a token that those who may use it know',
            'set XSENSE_DASHBOARD_TOKEN to a secret, or leave it on 127.0.0.1 and reach it by '
            '`ssh -L 8420:127.0.0.1:8420 ROBOT`',
        )


class Guard:
    """ASGI middleware: refuses strangers, and adds the headers that bind the page's own scripts.

    Args:
        app: what is guarded.
        host: address or name that is listened on.
        names: further names by which browsers may call this computer.
        token: that requests must show; '' for none.
    """

    def __init__(
        self, app: ASGIApp, host: str = '127.0.0.1', names: Collection[str] = (), token: str = ''
    ) -> None:
        self._app = app
        self._names = {'localhost', *(name.lower() for name in (host, *names))}
        self._token = token.encode()
        self._session = hmac.new(self._token, b'xsense dashboard', hashlib.sha256).hexdigest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope['type'] not in ('http', 'websocket'):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check_sender(scope, headers)
            entry = self._check_token(scope, headers)
        except Refused as refusal:
            await self._refuse(refusal, scope, receive, send)
            return
        if entry is not None:
            await entry(scope, receive, _with_headers(send))
        else:
            await self._app(scope, receive, _with_headers(send))

    def _check_sender(self, scope: Scope, headers: Headers) -> None:
        """Refused for a request that a page of another site has sent, or to another name."""
        host = headers.get('host', '')
        if len(headers.getlist('host')) != 1 or not self._is_ours(host):
            raise Refused(
                403, 'Host', host, f'an address of this computer or one of {sorted(self._names)}',
                'name it in allowed_hosts of the dashboard if it is one of this computer',
            )  # fmt: skip
        for origin in headers.getlist('origin'):
            parts = urlsplit(origin)
            if (parts.scheme, parts.netloc.lower()) != (_WORTH[scope['scheme']], host.lower()):
                raise Refused(403, 'Origin', origin, 'the page of this server', 'open that page')
        # A browser says so where it sends no Origin: pictures and scripts of another site's page.
        opening = headers.get('sec-fetch-mode') == 'navigate' and scope['path'] == '/'
        if headers.get('sec-fetch-site', 'none') not in ('none', 'same-origin') and not opening:
            found = headers['sec-fetch-site']
            raise Refused(403, 'Sec-Fetch-Site', found, 'same-origin', 'open the page itself')

    def _check_token(self, scope: Scope, headers: Headers) -> Response | None:
        """Refused without the token; the way in for one who brings it in the address."""
        if not self._token or (scope['type'] == 'http' and _is_public(scope)):
            return None
        port = headers['host'].rpartition(':')[2]
        cookie = f'xsense_{port}' if port.isdigit() else 'xsense'
        kept = cookie_parser(headers.get('cookie', '')).get(cookie, '')
        bearer = headers.get('authorization', '').removeprefix('Bearer ')
        if _same(kept, self._session.encode()) or _same(bearer, self._token):
            return None
        query = dict(parse_qsl(scope['query_string'].decode('latin-1')))
        entering = scope['type'] == 'http' and scope['path'] == '/'
        if entering and _same(query.pop('token', ''), self._token):
            # The secret leaves the address bar, the history and the page's own scripts.
            rest = urlencode(query)
            entry = RedirectResponse(f'/?{rest}' if rest else '/', 303)
            entry.set_cookie(
                cookie, self._session, httponly=True, samesite='strict',
                secure=scope['scheme'] == 'https',
            )  # fmt: skip
            return entry
        raise Refused(
            401, 'token', 'none, or another one', 'the token of this dashboard',
            'open http://HOST:PORT/?token=TOKEN once, or send `Authorization: Bearer TOKEN`',
        )  # fmt: skip

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host.lower())
        if name in self._names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True  # no name was resolved, so none was made to point here

    async def _refuse(self, refusal: Refused, scope: Scope, receive: Receive, send: Send) -> None:
        if scope['type'] == 'websocket':
            await receive()
            await send({'type': 'websocket.close', 'code': 1008})
            return
        await problem_response(refusal)(scope, receive, _with_headers(send))


def _same(one: str, secret: bytes) -> bool:
    return hmac.compare_digest(one.encode('utf-8', 'surrogateescape'), secret)


def _is_public(scope: Scope) -> bool:
    """The page itself, which anybody may have; it asks for the token, and holds nothing secret."""
    path = scope['path']
    return path.startswith('/static/') or (path == '/' and not scope['query_string'])


def _is_loopback(host: str) -> bool:
    if host.lower() == 'localhost':
        return True
    try:
        return ipaddress.ip_address(host.strip('[]')).is_loopback
    except ValueError:
        return False


def _without_port(host: str) -> str:
    if host.startswith('['):
        return host[1:].partition(']')[0]
    return host.partition(':')[0]


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message['type'] == 'http.response.start':
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending
