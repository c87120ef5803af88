# SPDX-License-Identifier: Apache-2.0
"""The page's requests: ask, list, enrol, rename, forget and take back."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from xsense_ros.dashboard.forms import Forms, json_of, text_of, texts_of
from xsense_ros.dashboard.problems import Refused
from xsense_ros.dashboard.robot import Robot
from xsense_ros.dashboard.uploads import (
    MODALITIES,
    Limits,
    clean_text,
    picture_jpeg,
    picture_png,
    read_bounded,
    wav,
)
from xsense_ros.names import HEARD_NOW
from xsense_ros.names import MODALITIES as SENSES

_MOST_ITEMS = 200
_MAX_LABEL = 256
_THUMBNAIL_SIDE = 160
_VIEW_SECONDS = 600.0


class Api:
    """The routes below /api.

    Args:
        robot: does what is asked.
        limits: of uploads.
    """

    def __init__(self, robot: Robot, limits: Limits) -> None:
        self._robot = robot
        self._limits = limits
        self._forms = Forms(limits)

    def routes(self) -> list[Route]:
        """For the application; identifiers of items may hold anything, slashes too."""
        item = '/api/items/{item_id:path}'
        return [
            Route('/api/query', self._query, methods=['POST']),
            Route('/api/map', self._map, methods=['GET']),
            Route('/api/undo', self._undo, methods=['POST']),
            Route('/api/items', self._items, methods=['GET']),
            Route('/api/items', self._enroll, methods=['POST']),
            Route(f'{item}/thumbnail', self._thumbnail, methods=['GET']),
            Route(f'{item}/views/{{number:int}}', self._view, methods=['GET']),
            Route(item, self._rename, methods=['PATCH']),
            Route(item, self._forget, methods=['DELETE']),
        ]

    async def _query(self, request: Request) -> Response:
        async with self._forms.open(request) as form:
            samples = await self._forms.samples(form)
            live = texts_of(form, 'live', HEARD_NOW)
            targets = texts_of(form, 'targets', SENSES)
            top_k = _number('top_k', text_of(form, 'top_k') or '0', 1000)
        asked = [*(sample.modality for sample in samples), *live]
        if not asked:
            expected = f'a field named by one of {list(MODALITIES)}, or `live`'
            raise Refused(400, 'sample', 'none', expected, 'send a file, a text or a live sense')
        twice = sorted({sense for sense in asked if asked.count(sense) > 1})
        if twice:
            cure = 'ask one after the other'
            found = f'several of {", ".join(twice)}'
            raise Refused(400, 'samples', found, 'each of another sense', cure)
        return JSONResponse(await self._robot.query(samples, live, targets, top_k))

    async def _enroll(self, request: Request) -> Response:
        async with self._forms.open(request) as form:
            label, item_id = text_of(form, 'label'), text_of(form, 'item_id')
            if label or not item_id:
                label = clean_text(label, _MAX_LABEL, 'label')
            samples = await self._forms.samples(form)
            live = texts_of(form, 'live', SENSES)
        if not samples and not live:
            raise Refused(400, 'views', 'none', 'a sample', 'send a file, a text or a live sense')
        return JSONResponse(await self._robot.enroll(label, item_id, samples, live), 201)

    async def _rename(self, request: Request) -> Response:
        given = (await json_of(request)).get('label')
        if not isinstance(given, str):
            raise Refused(400, 'label', given, 'text', 'send {"label": "..."}')
        label = clean_text(given, _MAX_LABEL, 'label')
        return JSONResponse(await self._robot.rename(_item_id(request), label))

    async def _forget(self, request: Request) -> Response:
        return JSONResponse(await self._robot.forget(_item_id(request)))

    async def _undo(self, request: Request) -> Response:
        given = (await json_of(request)).get('gallery_version', 0)
        return JSONResponse(await self._robot.undo(_number('gallery_version', given, 2**64 - 1)))

    async def _items(self, request: Request) -> Response:
        asked = request.query_params
        offset = _number('offset', asked.get('offset', '0'), 2**32 - 1)
        limit = _number('limit', asked.get('limit', '50'), _MOST_ITEMS)
        contains = asked.get('contains', '')[:_MAX_LABEL]
        return JSONResponse(await self._robot.items(offset, limit, contains))

    async def _map(self, request: Request) -> Response:
        return JSONResponse(await self._robot.map())

    async def _thumbnail(self, request: Request) -> Response:
        item_id = _item_id(request)
        stored = await self._robot.thumbnail(item_id)
        if not stored:
            cure = 'show its name instead'
            raise Refused(404, 'thumbnail', item_id, 'an item with a picture', cure)
        # What was kept may come from a file that somebody sent: only its pixels go on.
        jpeg = await run_in_threadpool(picture_jpeg, stored, _THUMBNAIL_SIDE)
        return Response(jpeg, media_type='image/jpeg', headers=_kept(request))

    async def _view(self, request: Request) -> Response:
        number = int(request.path_params['number'])
        if number >= 2**32:
            raise Refused(404, 'view', number, 'a view of the item', 'count from 0')
        view = await self._robot.view(_item_id(request), number)
        if not view.media:
            cure = 'let the node keep samples (keep_media), and enrol again'
            raise Refused(404, 'view', number, 'one whose sample was kept', cure)
        if view.media_type.startswith('image/'):
            shown = await run_in_threadpool(picture_png, view.media, self._limits)
            return Response(shown, media_type='image/png', headers=_kept(request))
        if view.media_type.startswith('audio/'):
            sound = await run_in_threadpool(read_bounded, view.media, _VIEW_SECONDS)
            return Response(wav(sound), media_type='audio/wav', headers=_kept(request))
        text = clean_text(view.media, self._limits.max_text)
        return Response(text, media_type='text/plain')


def _item_id(request: Request) -> str:
    item_id: str = request.path_params['item_id']
    if not item_id:
        raise Refused(404, 'item_id', '', 'the id of a remembered item', 'name one')
    return item_id


def _number(what: str, given: Any, most: int) -> int:
    text = str(given)
    good = text.isascii() and text.isdigit() and len(text) < 21 and int(text) <= most
    if not good or isinstance(given, bool):
        raise Refused(400, what, text[:40], f'a whole number, 0 to {most}', 'correct it')
    return int(text)


def _kept(request: Request) -> dict[str, str]:
    """A browser may keep what was asked with the version of the gallery that it belongs to."""
    return {
        'Cache-Control': 'private, max-age=3600' if 'v' in request.query_params else 'no-store'
    }
