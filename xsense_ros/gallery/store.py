# SPDX-License-Identifier: Apache-2.0
"""The record of a gallery: items, views, vectors and the version counter, in SQLite.

Every change is one transaction and counts the version up by one. A method that has returned has
its change on the disk.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xsense_ros.errors import GalleryError, InputError
from xsense_ros.gallery.checks import check_views
from xsense_ros.gallery.database import Database
from xsense_ros.gallery.item import Item, KeptView, StoredView, View

_LIST = 'list the items for their ids'


@dataclass(frozen=True)
class VectorRow:
    """A stored vector (bytes of little-endian float32) with what it belongs to."""

    view_id: int
    item: int
    modality: str
    space: str
    vector: bytes


class Store:
    """Queries and changes of the record.

    Args:
        path: file, created where missing; or ':memory:'.
        fingerprints: identity of each space of the encoder; None takes the recorded ones.

    Raises:
        GalleryError: the file cannot be used, or its vectors are of another model.
    """

    def __init__(self, path: Path | str, fingerprints: Mapping[str, str] | None) -> None:
        self.database = Database(path)
        try:
            self._adopt(fingerprints or {})
        except GalleryError:
            self.database.close()
            raise

    def add(self, label: str, views: Sequence[View], item_id: str | None) -> str:
        """Add views to an item, which is made where it does not exist; returns its id."""
        now = time.time_ns()
        with self.database.write() as connection:
            check_views(views, read_dimensions(connection))
            row = _find(connection, item_id) if item_id else None
            item_id = item_id or uuid.uuid4().hex
            if row is None:
                if not label:
                    cure = 'name the new item'
                    raise InputError('label', label, 'a label, since the item is new', cure)
                number = connection.execute(
                    'INSERT INTO items (item_id, label, created_ns) VALUES (?, ?, ?)',
                    (item_id, label, now),
                ).lastrowid
            else:
                number = row[0]
                if label not in ('', row[1]):
                    cure = 'leave the label out, or rename the item'
                    raise InputError('label', label, f'{row[1]!r}, as item {item_id} has', cure)
            for view in views:
                view_id = connection.execute(
                    'INSERT INTO views (item, modality, created_ns, media_type, thumbnail, media)'
                    ' VALUES (?, ?, ?, ?, ?, ?)',
                    (number, view.modality, now, view.media_type, view.thumbnail, view.media),
                ).lastrowid
                for space, vector in view.vectors.items():
                    connection.execute(
                        'UPDATE spaces SET dimension = ? WHERE name = ? AND dimension IS NULL',
                        (len(vector), space),
                    )
                    connection.execute(
                        'INSERT INTO vectors VALUES (?, ?, ?)',
                        (view_id, space, vector.astype('<f4').tobytes()),
                    )
            _count_version(connection)
        return item_id

    def rename(self, item_id: str, label: str) -> None:
        """Give an item another label."""
        with self.database.write() as connection:
            number = _require(connection, item_id)
            connection.execute('UPDATE items SET label = ? WHERE number = ?', (label, number))
            _count_version(connection)

    def remove(self, item_id: str) -> None:
        """Forget an item with all its views."""
        with self.database.write() as connection:
            number = _require(connection, item_id)
            connection.execute('DELETE FROM items WHERE number = ?', (number,))
            connection.execute('INSERT INTO forgotten (item) VALUES (?)', (number,))
            _count_version(connection)

    def version(self) -> int:
        """Number of changes so far."""
        with self.database.read() as connection:
            return read_version(connection)

    def count(self, containing: str) -> int:
        """Number of items whose label contains a text, case ignored."""
        query = 'SELECT count(*) FROM items WHERE instr(casefold(label), ?)'
        with self.database.read() as connection:
            if not containing:
                return int(connection.execute('SELECT count(*) FROM items').fetchone()[0])
            return int(connection.execute(query, (containing.casefold(),)).fetchone()[0])

    def items(self, containing: str, offset: int, limit: int | None) -> list[Item]:
        """Items whose label contains a text, case ignored, in order of enrolment."""
        query = (
            'SELECT number, item_id, label, created_ns FROM items'
            " WHERE ?1 = '' OR instr(casefold(label), ?1) ORDER BY number LIMIT ?2 OFFSET ?3"
        )
        with self.database.read() as connection:
            rows = connection.execute(
                query, (containing.casefold(), -1 if limit is None else limit, offset)
            ).fetchall()
            return [_item(connection, row) for row in rows]

    def item(self, item_id: str) -> Item:
        """One item; InputError where there is none of this id."""
        query = 'SELECT number, item_id, label, created_ns FROM items WHERE number = ?'
        with self.database.read() as connection:
            number = _require(connection, item_id)
            return _item(connection, connection.execute(query, (number,)).fetchone())

    def thumbnail(self, item_id: str) -> bytes | None:
        """JPEG of an item's latest picture; where it has none, of its latest sketch."""
        query = (
            'SELECT thumbnail FROM views WHERE item = ? AND thumbnail IS NOT NULL'
            " ORDER BY modality = 'image' DESC, view_id DESC LIMIT 1"
        )
        with self.database.read() as connection:
            row = connection.execute(query, (_require(connection, item_id),)).fetchone()
            return row and bytes(row[0])

    def kept_views(self) -> Iterator[KeptView]:
        """Views whose sample was kept, in order of enrolment, one in memory at a time."""
        query = (
            'SELECT item_id, label, view_id, modality, media, media_type, thumbnail'
            ' FROM views JOIN items ON item = number'
            ' WHERE view_id > ? AND media IS NOT NULL ORDER BY view_id LIMIT 1'
        )
        last = 0
        while True:
            with self.database.read() as connection:
                row = connection.execute(query, (last,)).fetchone()
            if row is None:
                return
            kept = KeptView(*row)
            last = kept.view_id
            yield kept

    def views_without(self, space: str, modalities: Sequence[str]) -> int:
        """Number of views of these modalities that have no vector in a space."""
        marks = ','.join('?' * len(modalities))
        query = (
            f'SELECT count(*) FROM views WHERE modality IN ({marks}) AND NOT EXISTS'
            ' (SELECT 1 FROM vectors WHERE vectors.view_id = views.view_id AND space = ?)'
        )
        with self.database.read() as connection:
            return int(connection.execute(query, (*modalities, space)).fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def _adopt(self, fingerprints: Mapping[str, str]) -> None:
        """Refuse vectors of another model; record the spaces that are new."""
        with self.database.read() as connection:
            recorded = dict(connection.execute('SELECT name, fingerprint FROM spaces'))
            empty = connection.execute('SELECT NOT EXISTS (SELECT 1 FROM views)').fetchone()[0]
        cure = (
            'use the bundle that the gallery was made with, or embed its kept samples again for '
            f'this one: `xsense gallery rebuild {self.database.path} NEW.db --bundle NAME`, '
            'with a --bundle for each that the node loads; then give it NEW.db as its gallery'
        )
        what = f'gallery {self.database.path}, fingerprint of space'
        for name, fingerprint in fingerprints.items():
            known = recorded.get(name)
            if known not in (None, fingerprint) and not empty:
                raise GalleryError(f'{what} {name}', known, f"{fingerprint}, the bundle's", cure)
        if not empty and fingerprints and not set(recorded) & set(fingerprints):
            raise GalleryError(what, sorted(recorded), f'one of {sorted(fingerprints)}', cure)
        changed = {k: v for k, v in fingerprints.items() if recorded.get(k) != v}
        if changed:
            with self.database.write() as connection:
                connection.executemany(
                    'INSERT OR REPLACE INTO spaces VALUES (?, ?, NULL)', changed.items()
                )


def read_version(connection: sqlite3.Connection) -> int:
    """Number of changes so far."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'version'").fetchone()
    return int(row[0])


def read_vectors(
    connection: sqlite3.Connection, after: int, most: int
) -> Iterator[list[VectorRow]]:
    """Vectors of the views after view ``after``, in order, at most ``most`` at a time."""
    cursor = connection.execute(
        'SELECT view_id, item, modality, space, vector FROM vectors JOIN views USING (view_id)'
        ' WHERE view_id > ? ORDER BY view_id',
        (after,),
    )
    while rows := cursor.fetchmany(most):
        yield [VectorRow(*row) for row in rows]


def read_forgotten(connection: sqlite3.Connection, after: int) -> list[tuple[int, int]]:
    """(sequence number, item) of what was forgotten after sequence number ``after``."""
    query = 'SELECT number, item FROM forgotten WHERE number > ? ORDER BY number'
    return connection.execute(query, (after,)).fetchall()


def read_names(connection: sqlite3.Connection, items: Sequence[int]) -> dict[int, tuple[str, str]]:
    """(id, label) of items by their internal number."""
    marks = ','.join('?' * len(items))
    query = f'SELECT number, item_id, label FROM items WHERE number IN ({marks})'
    return {row[0]: (row[1], row[2]) for row in connection.execute(query, items)}


def read_dimensions(connection: sqlite3.Connection) -> dict[str, int | None]:
    """Dimension of each space; None where nothing is enrolled yet."""
    return dict(connection.execute('SELECT name, dimension FROM spaces ORDER BY name'))


def _find(connection: sqlite3.Connection, item_id: str) -> tuple[int, str] | None:
    query = 'SELECT number, label FROM items WHERE item_id = ?'
    row: tuple[int, str] | None = connection.execute(query, (item_id,)).fetchone()
    return row


def _require(connection: sqlite3.Connection, item_id: str) -> int:
    row = _find(connection, item_id)
    if row is None:
        raise InputError('item_id', item_id, 'the id of a remembered item', _LIST)
    return row[0]


def _item(connection: sqlite3.Connection, row: tuple[int, str, str, int]) -> Item:
    views = connection.execute(
        'SELECT view_id, modality, media_type, thumbnail IS NOT NULL, created_ns FROM views'
        ' WHERE item = ? ORDER BY view_id',
        (row[0],),
    )
    stored = tuple(StoredView(v[0], v[1], v[2], bool(v[3]), v[4]) for v in views)
    return Item(row[1], row[2], row[3], stored)


def _count_version(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'version'")
