# SPDX-License-Identifier: Apache-2.0
"""Questions to the record, each within a transaction of the caller: one state of the file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.gallery.item import Item, StoredView

# Of table views: those that nobody has taken away.
LIVE = 'NOT EXISTS (SELECT 1 FROM gone WHERE gone.view_id = views.view_id)'
ITEM = 'number, item_id, label, created_ns, changed'
ItemRow = tuple[int, str, str, int, int]
# SQLite takes 32,766 parameters in a statement.
_AT_A_TIME = 10_000


@dataclass(frozen=True)
class VectorRow:
    """A stored vector (bytes of little-endian float32) with what it belongs to."""

    view_id: int
    item: int
    modality: str
    space: str
    vector: bytes


def read_version(connection: sqlite3.Connection) -> int:
    """Number of changes so far."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return int(row[0])


def read_vectors(
    connection: sqlite3.Connection, after: int, most: int
) -> Iterator[list[VectorRow]]:
    """Vectors of the views after view ``after``, in order, at most ``most`` at a time."""
    return _vectors(connection, 'view_id > ?', (after,), most)


def read_vectors_of(
    connection: sqlite3.Connection, space: str, modality: str, most: int
) -> Iterator[list[VectorRow]]:
    """Vectors of the views of a modality in a space, in order, at most ``most`` at a time."""
    return _vectors(connection, 'space = ? AND modality = ?', (space, modality), most)


def read_keys(connection: sqlite3.Connection, items: Iterable[int]) -> set[tuple[str, str]]:
    """Pairs of space and modality in which items, by their internal numbers, have vectors."""
    query = (
        'SELECT DISTINCT space, modality FROM views JOIN vectors USING (view_id)'
        f' WHERE item = ? AND {LIVE}'
    )
    return {row for item in items for row in connection.execute(query, (item,))}


def read_view_vectors(
    connection: sqlite3.Connection, view_id: int
) -> dict[str, NDArray[np.float32]]:
    """Vectors (D,) of one view by space."""
    query = 'SELECT space, vector FROM vectors WHERE view_id = ? ORDER BY space'
    return {
        space: np.frombuffer(vector, '<f4').astype(np.float32)
        for space, vector in connection.execute(query, (view_id,))
    }


def _vectors(
    connection: sqlite3.Connection, where: str, values: tuple[int | str, ...], most: int
) -> Iterator[list[VectorRow]]:
    cursor = connection.execute(
        'SELECT view_id, item, modality, space, vector FROM vectors JOIN views USING (view_id)'
        f' WHERE {where} AND {LIVE} ORDER BY view_id',
        values,
    )
    while rows := cursor.fetchmany(most):
        yield [VectorRow(*row) for row in rows]


def read_revised(connection: sqlite3.Connection, after: int) -> list[tuple[int, int]]:
    """(sequence number, item) of what lost or regained views after that sequence number."""
    query = 'SELECT number, item FROM revised WHERE number > ? ORDER BY number'
    return connection.execute(query, (after,)).fetchall()


def read_names(connection: sqlite3.Connection, items: Sequence[int]) -> dict[int, tuple[str, str]]:
    """(id, label) of items by their internal number; those that are gone are left out."""
    found: dict[int, tuple[str, str]] = {}
    for start in range(0, len(items), _AT_A_TIME):
        part = items[start : start + _AT_A_TIME]
        marks = ','.join('?' * len(part))
        query = f'SELECT number, item_id, label FROM items WHERE gone = 0 AND number IN ({marks})'
        found |= {row[0]: (row[1], row[2]) for row in connection.execute(query, part)}
    return found


def read_dimensions(connection: sqlite3.Connection) -> dict[str, int | None]:
    """Dimension of each space; None where nothing is enrolled yet."""
    return dict(connection.execute('SELECT name, dimension FROM spaces ORDER BY name'))


def read_item(connection: sqlite3.Connection, row: ItemRow) -> Item:
    """An item with its views, from the columns ``ITEM``; ValueError for values of other kinds."""
    if tuple(map(type, row)) != (int, str, str, int, int):
        raise ValueError(f'{row} in table items')
    views = connection.execute(
        'SELECT view_id, modality, media_type, thumbnail IS NOT NULL, created_ns FROM views'
        f' WHERE item = ? AND {LIVE} ORDER BY view_id',
        (row[0],),
    )
    stored = tuple(StoredView(v[0], v[1], v[2], bool(v[3]), v[4]) for v in views)
    if any((type(v.modality), type(v.created_ns)) != (str, int) for v in stored):
        raise ValueError(f'views of {row[1]}')
    return Item(row[1], row[2], row[3], stored, row[4])


def find(connection: sqlite3.Connection, item_id: str) -> ItemRow | None:
    """The columns ``ITEM`` of a remembered item; None where there is none of this id."""
    query = f'SELECT {ITEM} FROM items WHERE item_id = ? AND gone = 0'
    row: ItemRow | None = connection.execute(query, (item_id,)).fetchone()
    return row


def require(connection: sqlite3.Connection, item_id: str) -> ItemRow:
    """The same; where there is none, an InputError that tells when it was forgotten."""
    row = find(connection, item_id)
    if row is not None:
        return row
    lost = connection.execute(
        'SELECT label, gone, made_ns FROM items JOIN changes ON changes.version = gone'
        ' WHERE item_id = ? ORDER BY gone DESC LIMIT 1',
        (item_id,),
    ).fetchone()
    if lost is None:
        cure = 'list the items for their ids'
        raise InputError('item_id', item_id, 'the id of a remembered item', cure)
    label, version, made_ns = lost
    at = time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(made_ns * 1e-9))
    raise InputError(
        'item_id',
        item_id,
        f'a remembered item; this one, {label!r}, was taken away at {at} (version {version})',
        f'nothing is left to do, or undo version {version} to have it again',
    )
