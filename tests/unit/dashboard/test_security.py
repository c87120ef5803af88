# SPDX-License-Identifier: Apache-2.0
"""Who is let in: addresses, tokens, names in Host, pages in Origin."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse
from starlette.websockets import WebSocketDisconnect

from tests.unit.dashboard.pages import KeepingRobot
from xsense_ros.dashboard.app import STATIC, make_app
from xsense_ros.dashboard.hub import Hub
from xsense_ros.dashboard.security import HEADERS, check_binding
from xsense_ros.errors import InputError

TOKEN = 'correct horse battery'
HERE = 'http://127.0.0.1:8420'
LIVE = 'ws://127.0.0.1:8420/live'


def client(base: str = HERE, **options: Any) -> TestClient:
    app = make_app(KeepingRobot(), Hub(), **options)
    return TestClient(app, base_url=base, follow_redirects=False)


@pytest.mark.parametrize('host', ['127.0.0.1', '127.9.9.9', 'localhost', '::1', '[::1]'])
def test_loopback_needs_no_token(host: str) -> None:
    check_binding(host, '')


@pytest.mark.parametrize('host', ['0.0.0.0', '::', '192.168.1.7', 'robot', '', '127.0.0.1.evil'])
def test_other_addresses_need_a_token(host: str) -> None:
    with pytest.raises(InputError, match='Cure: set XSENSE_DASHBOARD_TOKEN'):
        check_binding(host, '')
    check_binding(host, TOKEN)


@pytest.mark.parametrize('token', ['short', 'x' * 15, 'tokén with an accent', 'with\nnewline 16!'])
def test_a_token_that_can_be_guessed_or_sent_wrongly_is_refused(token: str) -> None:
    with pytest.raises(InputError, match='token_urlsafe') as caught:
        check_binding('127.0.0.1', token)
    assert token not in str(caught.value)  # errors go into logs


@pytest.mark.parametrize(
    'host', ['127.0.0.1:8420', 'localhost:8420', 'LOCALHOST', '[::1]:8420', '10.0.0.7:8420']
)
def test_addresses_and_own_names_are_hosts(host: str) -> None:
    assert client().get('/api/items', headers={'Host': host}).status_code == 200


@pytest.mark.parametrize(
    'host', ['evil.example:8420', 'localhost.evil.example', '127.0.0.1.nip.example', '', 'robot7']
)
def test_a_name_that_was_made_to_point_here_is_refused(host: str) -> None:
    answer = client().get('/api/items', headers={'Host': host})
    assert answer.status_code == 403 and answer.json()['what'] == 'Host'
    assert 'allowed_hosts' in answer.json()['cure']


def test_names_may_be_added() -> None:
    assert client(names=('Robot7',)).get('/', headers={'Host': 'robot7:80'}).status_code != 403


@pytest.mark.parametrize(
    'origin',
    ['http://evil.example', 'http://127.0.0.1:3000', 'https://127.0.0.1:8420', 'null', 'http://x'],
)
def test_a_page_of_another_site_cannot_ask(origin: str) -> None:
    with client() as other:
        headers = {'Origin': origin}
        answer = other.post('/api/undo', json={}, headers=headers)
        assert answer.status_code == 403 and answer.json()['what'] == 'Origin'
        with pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)):
            other.websocket_connect(LIVE, headers=headers).__enter__()


def test_the_own_page_can_ask() -> None:
    with client() as own:
        headers = {'Origin': HERE}
        assert own.post('/api/undo', json={}, headers=headers).status_code == 200
        with own.websocket_connect(LIVE, headers=headers) as live:
            assert live.receive_json()['type'] == 'hello'


@pytest.mark.parametrize('site', ['cross-site', 'same-site'])
def test_pictures_cannot_be_shown_by_another_site(site: str) -> None:
    # A page at localhost:3000 is of the same site for browsers, and sends no Origin for pictures.
    headers = {'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'no-cors'}
    assert client().get('/api/items/mug/thumbnail', headers=headers).status_code == 403
    link = {'Sec-Fetch-Site': site, 'Sec-Fetch-Mode': 'navigate'}
    assert client().get('/', headers=link).status_code != 403


def test_every_answer_carries_the_headers() -> None:
    own = client()
    for answer in (own.get('/api/items'), own.get('/nowhere'), own.get('/api/items?limit=x')):
        for name in HEADERS.keys() - {'Cache-Control'}:
            assert answer.headers[name] == HEADERS[name]
        assert 'Cache-Control' in answer.headers
    policy = HEADERS['Content-Security-Policy']
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert 'unsafe' not in policy and '*' not in policy and 'http' not in policy


class TestToken:
    def test_only_the_page_itself_is_shown_without(self) -> None:
        stranger = client(token=TOKEN)
        for path in ('/api/items', '/api/items/x/thumbnail', '/?token=wrong', '/nowhere'):
            answer = stranger.get(path)
            assert answer.status_code == 401 and TOKEN not in answer.text
        for path in ('/', '/static/index.html'):
            assert stranger.get(path).status_code == (200 if any(STATIC.iterdir()) else 404)
        with pytest.raises((WebSocketDisconnect, WebSocketDenialResponse)):
            stranger.websocket_connect(LIVE).__enter__()

    def test_who_brings_it_in_the_address_keeps_a_cookie(self) -> None:
        friend = client(token=TOKEN)
        answer = friend.get('/', params={'token': TOKEN, 'view': 'map'})
        assert answer.status_code == 303 and answer.headers['Location'] == '/?view=map'
        cookie = answer.headers['Set-Cookie']
        assert 'HttpOnly' in cookie and 'SameSite=strict' in cookie and TOKEN not in cookie
        assert friend.get('/api/items').status_code == 200
        with friend.websocket_connect(LIVE) as live:
            assert live.receive_json()['type'] == 'hello'

    def test_programs_send_it_in_a_header(self) -> None:
        program = client(token=TOKEN)
        for token, status in ((TOKEN, 200), (TOKEN + 'x', 401), ('', 401), ('\xfc', 401)):
            headers = {'Authorization': f'Bearer {token}'.encode('latin-1')}
            assert program.get('/api/items', headers=headers).status_code == status

    def test_the_cookie_of_another_token_is_worth_nothing(self) -> None:
        first = client(token=TOKEN)
        first.get('/', params={'token': TOKEN})
        second = client(token=TOKEN[::-1])
        second.cookies.update(dict(first.cookies))
        assert second.get('/api/items').status_code == 401
