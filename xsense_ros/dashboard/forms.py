# SPDX-License-Identifier: Apache-2.0
"""Bodies of requests, read within limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import asynccontextmanager
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from xsense_ros.dashboard.problems import Refused
from xsense_ros.dashboard.uploads import MODALITIES, Limits, Upload, sense_of, take

_JSON_BYTES = 16_384
_FIELDS = 64
# Decoded pictures are large: so many requests hold some at the same time.
_AT_ONCE = 2


class Forms:
    """Reads the samples that browsers send.

    Args:
        limits: of one upload.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(_AT_ONCE)

    @asynccontextmanager
    async def open(self, request: Request) -> Any:
        """The form of a request, as a context; Refused where it is none."""
        kind = request.headers.get('content-type', '')
        if not kind.startswith(('multipart/form-data', 'application/x-www-form-urlencoded')):
            cure = 'send a form'
            raise Refused(415, 'Content-Type', kind[:100], 'multipart/form-data', cure)
        try:
            form = await request.form(
                max_files=self._limits.max_files, max_fields=_FIELDS, max_part_size=_JSON_BYTES
            )
        except HTTPException as error:
            cure = 'send one that a browser would send'
            expected = f'a whole form of at most {self._limits.max_files} files'
            raise Refused(400, 'form', str(error.detail)[:200], expected, cure) from error
        except OSError as error:
            cure = 'make room on the disk of the temporary files'
            raise Refused(
                503, 'upload', str(error), 'room to keep it for a moment', cure
            ) from error
        try:
            yield form
        finally:
            await form.close()

    async def samples(self, form: FormData) -> list[Upload]:
        """All samples of a form, decoded and encoded again.

        A sample is a field named by its sense; `file` or `text`, beside `modality`; or one of
        repeated `files`, beside as many `modalities`, where '' goes by its type, and `texts`.

        Raises:
            Refused: one of them cannot be taken.
        """
        given: list[tuple[str, Any]] = []
        modalities = iter(form.getlist('modalities'))
        for key, value in form.multi_items():
            if key in MODALITIES:
                given.append((key, value))
            elif key == 'file':
                given.append((text_of(form, 'modality'), value))
            elif key == 'files':
                given.append((str(next(modalities, '')), value))
            elif key == 'texts':
                given.append(('text', value))
        return [await self._sample(modality, value) for modality, value in given]

    async def _sample(self, modality: str, value: Any) -> Upload:
        data = await value.read() if isinstance(value, UploadFile) else str(value).encode()
        async with self._places:
            return await run_in_threadpool(take, modality or sense_of(data), data, self._limits)


def text_of(form: FormData, key: str) -> str:
    """The text of a field; '' where it is missing."""
    value = form.get(key, '')
    if not isinstance(value, str):
        raise Refused(400, key, 'a file', 'text', 'send it as a text field')
    return value


def texts_of(form: FormData, key: str, known: Sequence[str]) -> list[str]:
    """The words of a repeated field; Refused for one that is not known."""
    values = [value for value in form.getlist(key) if value]
    for value in values:
        if value not in known:
            found = value if isinstance(value, str) else 'a file'
            raise Refused(400, key, found, f'one of {list(known)}', 'correct it')
    return [str(value) for value in values]


async def json_of(request: Request) -> dict[str, Any]:
    """The JSON object of a small request."""
    body = b''
    async for part in request.stream():
        body += part
        if len(body) > _JSON_BYTES:
            raise Refused(
                413, 'body', f'{len(body)} bytes', f'at most {_JSON_BYTES}', 'shorten it'
            )
    try:
        value = json.loads(body or b'{}')
    except (ValueError, RecursionError) as error:
        raise Refused(400, 'body', str(error)[:100], 'JSON', 'correct it') from error
    if not isinstance(value, dict):
        raise Refused(400, 'body', type(value).__name__, 'a JSON object', 'correct it')
    return value
