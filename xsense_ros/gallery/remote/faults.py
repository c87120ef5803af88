# SPDX-License-Identifier: Apache-2.0
"""What keeps a robot from its fleet, and what to do about it."""

from __future__ import annotations

from typing import Any

from xsense_ros.errors import GalleryError
from xsense_ros.gallery.remote.address import Address

_AUTHORISATION = ('auth', 'permission', 'privilege', 'unauthenticated', 'token')
_FULL = ('quota', 'rate limit', 'disk', 'memory')


class OfflineError(GalleryError):
    """The server cannot be reached now; nothing needs to be done but to wait and try again."""


class RefusedError(GalleryError):
    """The server will not have us until somebody corrects something."""


def missing_client() -> RefusedError:
    """Where pymilvus is not installed, which only a robot of a fleet needs."""
    return RefusedError(
        'gallery of a fleet',
        'no module pymilvus',
        'the client of Milvus',
        '`python -m pip install pymilvus` (and milvus-lite for a milvus-lite:// URL)',
    )


def translated(error: Exception, address: Address) -> GalleryError:
    """An error of pymilvus or gRPC, in words that somebody can act on."""
    text = _text(error)
    low = text.lower()
    what = f'gallery server {address.shown}'
    if any(word in low for word in _AUTHORISATION):
        cure = (
            f'put USER:PASSWORD or the API key into the environment variable '
            f'{address.token_variable}, and grant that user the collection'
        )
        return RefusedError(what, text, 'a user whom the server lets in', cure)
    if any(word in low for word in _FULL):
        cure = 'see the log of the server; what is not sent yet waits on the disk of the robot'
        return OfflineError(what, text, 'a server that has room', cure)
    cure = (
        'check that the server runs and that HOST and PORT are right '
        '(`curl http://HOST:9091/healthz` asks a Milvus); the robot goes on with its replica '
        'and sends its changes when the server is back'
    )
    return OfflineError(what, text, 'a server that answers', cure)


def _text(error: Any) -> str:
    """What an error says; pymilvus wraps that of gRPC, which knows why there is no connection."""
    said = []
    for one in (error.__cause__, error):
        message = getattr(one, 'message', None) or getattr(one, 'details', None)
        code = getattr(one, 'code', None)
        if callable(message) and callable(code):
            message = f'{code().name}: {message()}'
        if message:
            said.append(str(message).splitlines()[0])
    return '; '.join(said) or f'{type(error).__name__}: {error}'


def locked_file(address: Address) -> RefusedError:
    """A milvus-lite file that this process cannot serve."""
    cure = (
        'one process alone can open such a file: for several robots run `milvus-lite server '
        '--data-dir FOLDER --port 19530` and give them milvus://HOST:19530/COLLECTION'
    )
    return RefusedError('milvus-lite file', address.uri, 'a file that can be opened', cure)


def foreign(address: Address, found: object, expected: str) -> RefusedError:
    """A collection of the same name that is not ours."""
    cure = 'give another COLLECTION in the URL of the gallery'
    return RefusedError(f'collection {address.collection} of {address.uri}', found, expected, cure)


def other_version(address: Address, found: object, ours: int) -> RefusedError:
    """A fleet whose robots speak another version."""
    cure = 'bring all robots to one version of xsense_ros, or give another COLLECTION in the URL'
    return RefusedError(f'version of collection {address.collection}', found, str(ours), cure)


def other_model(address: Address, space: str, found: str, ours: str) -> RefusedError:
    """A fleet whose vectors are of another model."""
    cure = (
        'load the bundle that the fleet uses; or, for a fleet with the new one, `xsense gallery '
        f'rebuild {address.cache} URL`, with another COLLECTION in the URL, and give all robots '
        'that URL'
    )
    what = f'collection {address.collection}, fingerprint of space {space}'
    return RefusedError(what, found, f"{ours}, the bundle's", cure)
