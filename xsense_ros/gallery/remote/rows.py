# SPDX-License-Identifier: Apache-2.0
"""A change as a row of the log in Milvus, and back."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from xsense_ros.gallery.remote.change import Change, Key, Label, ViewContent
from xsense_ros.gallery.remote.tables import LOG, NOTHING


def blank(pk: str, kind: str, **values: Any) -> dict[str, Any]:
    """A row in which all that is not given is empty."""
    empty: dict[str, Any] = {name: '' if size else 0 for name, _, size in LOG.columns}
    return empty | {'pk': pk, 'kind': kind, 'vector': NOTHING} | values


def to_row(change: Change, robot: str) -> dict[str, Any] | None:
    """The row of a change; None where its view is erased already."""
    row = blank(
        str(change.key),
        change.kind,
        log=change.key.log,
        seq=change.key.seq,
        robot=robot,
        item_id=change.item_id,
        label=change.label.text,
        stamp=change.label.stamp,
        author=change.label.author,
    )
    if change.kind == 'gone':
        return row | {'detail': str(change.target)}
    if change.kind == 'label':
        return row
    view = change.view
    if view is None:
        return None
    return row | {
        'modality': view.modality,
        'created_ns': view.created_ns,
        'media_type': view.media_type,
        'pieces': view.pieces,
        'detail': json.dumps(sorted(view.vectors)),
        'thumbnail': base64.b64encode(view.thumbnail or b'').decode(),
    }


def spaces_of(row: Mapping[str, Any]) -> set[str]:
    """Spaces in which the view of a row has vectors; none for an unusable row."""
    try:
        spaces = json.loads(row['detail']) if row['kind'] == 'view' else []
    except ValueError:
        return set()
    return {space for space in spaces if isinstance(space, str)}


def from_row(row: Mapping[str, Any], vectors: Mapping[str, bytes]) -> Change:
    """The change of a row, with the vectors of its view; ValueError for an unusable row."""
    key = Key(row['log'], row['seq'])
    label = Label(row['label'], row['stamp'], row['author'])
    if row['kind'] == 'gone':
        return Change(key, 'gone', row['item_id'], label, target=Key.parse(row['detail']))
    if row['kind'] == 'label':
        return Change(key, 'label', row['item_id'], label=label)
    view = ViewContent(
        modality=row['modality'],
        created_ns=row['created_ns'],
        thumbnail=base64.b64decode(row['thumbnail'], validate=True) or None,
        media_type=row['media_type'],
        pieces=row['pieces'],
        vectors=vectors,
    )
    return Change(key, 'view', row['item_id'], label=label, view=view)
