# SPDX-License-Identifier: Apache-2.0
"""The page's server as an ASGI application: its routes, and what stands before them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from xsense_ros.dashboard.api import Api
from xsense_ros.dashboard.body_limit import BodyLimit
from xsense_ros.dashboard.hub import Hub
from xsense_ros.dashboard.live import PATIENCE_SECONDS, Live
from xsense_ros.dashboard.problems import Refused, problem_response
from xsense_ros.dashboard.robot import Robot
from xsense_ros.dashboard.security import Guard
from xsense_ros.dashboard.uploads import Limits
from xsense_ros.errors import XsenseError

STATIC = Path(__file__).parent / 'static'


def make_app(
    robot: Robot,
    hub: Hub,
    *,
    limits: Limits | None = None,
    host: str = '127.0.0.1',
    names: Collection[str] = (),
    token: str = '',
    static: Path = STATIC,
    patience: float = PATIENCE_SECONDS,
) -> Starlette:
    """The application.

    Args:
        robot: does what pages ask.
        hub: shows them what is sensed.
        limits: of uploads; None for the usual ones.
        host: address or name that is listened on.
        names: further names by which browsers may call this computer.
        token: that requests must show; '' for none.
        static: folder of the page's own files.
        patience: seconds that a page may take for one message.
    """
    limits = limits or Limits()
    live = Live(robot, hub, patience)
    return Starlette(
        routes=[
            *Api(robot, limits).routes(),
            live.route(),
            Route('/', lambda request: FileResponse(static / 'index.html')),
            Mount('/static', StaticFiles(directory=static, check_dir=False)),
        ],
        middleware=[
            Middleware(Guard, host=host, names=names, token=token),
            Middleware(BodyLimit, most_bytes=limits.max_bytes),
        ],
        exception_handlers={
            XsenseError: _problem,
            HTTPException: _http_problem,
            Exception: _bug,
        },
    )


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, XsenseError)
    return problem_response(error)


def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    found, cure = f'{request.method} {request.url.path}'[:200], 'see docs/dashboard.md'
    return problem_response(
        Refused(error.status_code, 'request', found, f'another one ({error.detail})', cure)
    )


def _bug(request: Request, error: Exception) -> Response:
    found, cure = f'{type(error).__name__}: {error}', 'report this as a bug of xsense_ros'
    return problem_response(Refused(500, 'request', found, 'one that is served', cure))
