# SPDX-License-Identifier: Apache-2.0
"""What a portable gallery says it holds, as JSON, checked field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from xsense_ros.engines.fields import Fields
from xsense_ros.errors import BundleError, GalleryError

FORMAT, SCHEMA = 'xsense-gallery', 1
_CURE = 'get the file again, or take another one'
_HEX = frozenset('0123456789abcdef')


@dataclass(frozen=True)
class PortableView:
    """A view: entries of the archive that hold its parts, and rows by space of its vectors."""

    modality: str
    created_ns: int
    media: str
    media_type: str
    thumbnail: str
    content: str
    vectors: Mapping[str, int]


@dataclass(frozen=True)
class PortableItem:
    """An item and its views."""

    id: str
    label: str
    created_ns: int
    views: tuple[PortableView, ...]


@dataclass(frozen=True)
class PortableSpace:
    """A space; ``file`` is the entry with its vectors, float32 (rows, dimension)."""

    fingerprint: str
    dimension: int
    file: str
    rows: int


@dataclass(frozen=True)
class Manifest:
    """Everything but the bytes; ``sha256`` is that of each entry."""

    gallery_version: int
    created_ns: int
    spaces: Mapping[str, PortableSpace]
    items: tuple[PortableItem, ...]
    sha256: Mapping[str, str]

    def to_json(self) -> bytes:
        """Bytes that ``read_manifest`` reads."""
        content = {'format': FORMAT, 'schema': SCHEMA} | asdict(self)
        return json.dumps(content, ensure_ascii=False, separators=(',', ':')).encode()


def read_manifest(data: bytes, name: str) -> Manifest:
    """A manifest from its JSON.

    Raises:
        GalleryError: it is damaged, of a later version, or contradicts itself; names the field.
    """
    try:
        content = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise GalleryError(f'{name}: manifest', str(error), 'JSON', _CURE) from None
    try:
        return _manifest(Fields(content, 'manifest', _CURE))
    except BundleError as error:
        what = f'{name}: {error.what}'
        raise GalleryError(what, error.value, error.expected, error.cure) from None


def _manifest(fields: Fields) -> Manifest:
    if fields.raw('format') != FORMAT:
        raise BundleError('manifest.format', fields.raw('format'), FORMAT, _CURE)
    schema = fields.integer('schema', 1)
    if schema != SCHEMA:
        cure = 'use the xsense_ros that wrote it'
        raise BundleError('manifest.schema', schema, f'{SCHEMA}', cure)
    manifest = Manifest(
        gallery_version=fields.integer('gallery_version', 0),
        created_ns=_time(fields),
        spaces={name: _space(one) for name, one in fields.children('spaces')},
        items=tuple(
            _item(Fields(one, f'manifest.items[{place}]', _CURE))
            for place, one in enumerate(fields.sequence('items'))
        ),
        sha256=_digests(fields.mapping('sha256')),
    )
    fields.done()
    _check(manifest)
    return manifest


def _space(fields: Fields) -> PortableSpace:
    space = PortableSpace(
        fields.text('fingerprint'),
        fields.integer('dimension', 1),
        fields.text('file'),
        fields.integer('rows', 0),
    )
    fields.done()
    return space


def _item(fields: Fields) -> PortableItem:
    item = PortableItem(
        fields.text('id'),
        fields.text('label'),
        _time(fields),
        tuple(
            _view(Fields(one, f'{fields.where}.views[{place}]', _CURE))
            for place, one in enumerate(fields.sequence('views'))
        ),
    )
    fields.done()
    return item


def _view(fields: Fields) -> PortableView:
    rows = fields.mapping('vectors')
    if any(type(row) is not int or row < 0 for row in rows.values()):
        raise BundleError(f'{fields.where}.vectors', rows, 'rows by space', _CURE)
    texts = {key: fields.raw(key) for key in ('media', 'media_type', 'thumbnail', 'content')}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise BundleError(f'{fields.where}.{key}', value, "a text, '' for none", _CURE)
    if texts['content'] and not _is_sha256(texts['content']):
        raise BundleError(f'{fields.where}.content', texts['content'], '64 hex digits', _CURE)
    view = PortableView(fields.text('modality'), _time(fields), vectors=rows, **texts)
    fields.done()
    return view


def _time(fields: Fields) -> int:
    found = fields.integer('created_ns', 0)
    if found >= 2**63:
        expected = 'nanoseconds since 1970'
        raise BundleError(f'{fields.where}.created_ns', found, expected, _CURE)
    return found


def _digests(content: dict[str, Any]) -> dict[str, str]:
    for name, value in content.items():
        if not isinstance(value, str) or not _is_sha256(value):
            raise BundleError(f'manifest.sha256.{name}', value, '64 hex digits', _CURE)
    return content


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= _HEX


def _check(manifest: Manifest) -> None:
    """Every entry is used, once, and every row exists."""
    used = [space.file for space in manifest.spaces.values()]
    seen: set[str] = set()
    for item in manifest.items:
        if item.id in seen:
            raise BundleError('manifest.items', item.id, 'each id once', _CURE)
        seen.add(item.id)
        for view in item.views:
            used += [name for name in (view.media, view.thumbnail) if name]
            for space, row in view.vectors.items():
                known = manifest.spaces.get(space)
                if known is None or row >= known.rows:
                    expected = 'rows of known spaces'
                    raise BundleError(f'vectors of {item.id}', {space: row}, expected, _CURE)
    if sorted(used) != sorted(manifest.sha256):
        odd = sorted(set(used) ^ set(manifest.sha256)) or ['an entry that is used twice']
        raise BundleError('manifest.sha256', odd[0], 'exactly the entries in use', _CURE)
