# SPDX-License-Identifier: Apache-2.0
"""The URL of a fleet's gallery: where it is, who writes, and whose memories are read."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from xsense_ros.errors import InputError

SCHEMES = ('milvus', 'milvus-lite')
TOKEN_VARIABLE = 'XSENSE_MILVUS_TOKEN'
DEFAULT_COLLECTION = 'xsense'
_PORT = 19530
_FORM = 'milvus://HOST:PORT/COLLECTION?robot=NAME or milvus-lite:///FILE?robot=NAME'
_COLLECTION = re.compile(r'[A-Za-z_][A-Za-z0-9_]{0,63}')
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,63}')
OPTIONS = (
    *('robot', 'see', 'cache', 'collection', 'samples', 'tls', 'database', 'token_env'),
    *('period', 'timeout'),
)
_YES = {'1': True, 'true': True, 'yes': True, '0': False, 'false': False, 'no': False}


@dataclass(frozen=True)
class Address:
    """What the URL says.

    Attributes:
        uri: as pymilvus takes it: `http(s)://HOST:PORT`, or the path of a milvus-lite file.
        lite: a file, served within this process.
        collection: name of the fleet's gallery on the server.
        robot: whose memories are written.
        see: robots whose memories are read beside one's own; None: those of all.
        cache: file of the replica.
        samples: whether the samples of enrolled views are sent along.
        database: of the server; '' for its default.
        token_variable: environment variable that holds the token.
        period: seconds between two looks at the server.
        timeout: seconds that one request may take.
    """

    uri: str
    lite: bool
    collection: str
    robot: str
    see: tuple[str, ...] | None
    cache: Path
    samples: bool
    database: str
    token_variable: str
    period: float
    timeout: float

    @property
    def token(self) -> str:
        """From the environment; never a part of the URL, which is logged."""
        return os.environ.get(self.token_variable, '')

    @property
    def shown(self) -> str:
        """For people and logs."""
        return f'{self.uri}, collection {self.collection}, robot {self.robot}'

    def sees(self, robot: str) -> bool:
        """Whether the memories of a robot are read."""
        return robot == self.robot or self.see is None or robot in self.see


def parse_address(url: str) -> Address:
    """Read a URL such as `milvus://fleet.local:19530/kitchen?robot=tiago-1&see=all`.

    Raises:
        InputError: names the part that cannot be used. A password in it is never repeated.
    """
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise InputError('scheme of the gallery', parts.scheme, f'one of {SCHEMES}', _cure(_FORM))
    if '@' in parts.netloc:
        cure = f'put USER:PASSWORD or the API key into the environment variable {TOKEN_VARIABLE}'
        raise InputError(
            'gallery URL', '(not shown)', 'a URL without a password, for it is logged', cure
        )
    options = _options(parts.query)
    lite = parts.scheme == 'milvus-lite'
    path = unquote(parts.path)
    if lite:
        if parts.netloc or not path.strip('/'):
            raise InputError('gallery URL', parts.netloc, 'an absolute path', _cure(_FORM))
        uri, collection = path, options.get('collection', DEFAULT_COLLECTION)
    else:
        uri = _server(parts.netloc, _flag(options, 'tls', False))
        collection = options.get('collection', path.strip('/') or DEFAULT_COLLECTION)
    if not _COLLECTION.fullmatch(collection):
        expected = 'a letter and then letters, digits or _, 64 at most, as Milvus wants it'
        raise InputError('collection of the gallery', collection, expected, _cure(_FORM))
    robot = _name('robot', options.get('robot', _host()))
    see = options.get('see', 'all')
    names = (
        None
        if see == 'all'
        else tuple(_name('see', one) for one in see.split(',') if one != 'own')
    )
    return Address(
        uri=uri,
        lite=lite,
        collection=collection,
        robot=robot,
        see=names,
        cache=_cache(options.get('cache'), uri, collection, robot),
        samples=_flag(options, 'samples', True),
        database=options.get('database', ''),
        token_variable=options.get('token_env', TOKEN_VARIABLE),
        period=_seconds(options, 'period', 1.0, (0.01, 3600.0)),
        timeout=_seconds(options, 'timeout', 5.0, (0.1, 600.0)),
    )


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        # Values are not repeated: one might be a token that somebody has put here.
        if name not in OPTIONS or name in options or not value:
            cure = f'a token belongs into the environment variable {TOKEN_VARIABLE}; {_FORM}'
            expected = f'each of {OPTIONS} at most once, and not empty'
            raise InputError('option of the gallery URL', name, expected, cure)
        options[name] = value
    return options


def _server(netloc: str, tls: bool) -> str:
    try:
        parts = urlsplit(f'//{netloc}')
        host, port = parts.hostname, parts.port or _PORT
    except ValueError as error:
        raise InputError('gallery server', netloc, f'HOST:PORT ({error})', _cure(_FORM)) from None
    if not host:
        raise InputError('gallery server', netloc, 'HOST:PORT', _cure(_FORM))
    return f'{"https" if tls else "http"}://{f"[{host}]" if ":" in host else host}:{port}'


def _name(option: str, value: str) -> str:
    if not _NAME.fullmatch(value):
        expected = 'letters, digits, and ._- within, 64 at most'
        raise InputError(f'{option} in the gallery URL', value, expected, _cure(_FORM))
    return value


def _flag(options: dict[str, str], name: str, default: bool) -> bool:
    value = options.get(name)
    if value is None:
        return default
    if value not in _YES:
        cure = f'write {name}=1 or {name}=0'
        raise InputError(f'{name} in the gallery URL', value, f'one of {list(_YES)}', cure)
    return _YES[value]


def _seconds(
    options: dict[str, str], name: str, default: float, limits: tuple[float, float]
) -> float:
    text = options.get(name, str(default))
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not limits[0] <= value <= limits[1]:
        expected = f'seconds from {limits[0]} to {limits[1]}'
        raise InputError(f'{name} in the gallery URL', text, expected, f'write {name}={default}')
    return value


def _cache(given: str | None, uri: str, collection: str, robot: str) -> Path:
    if given is not None:
        return Path(given).expanduser()
    base = os.environ.get('XDG_DATA_HOME') or Path.home() / '.local' / 'share'
    server = quote(uri.removeprefix('http://').removeprefix('https://'), safe='')
    return Path(base) / 'xsense' / 'fleet' / f'{server}-{collection}-{robot}.db'


def _host() -> str:
    return re.sub(r'[^A-Za-z0-9._-]', '-', socket.gethostname()).lstrip('._-')[:64] or 'robot'


def _cure(form: str) -> str:
    return f'write it as {form}'
