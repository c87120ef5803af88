# SPDX-License-Identifier: Apache-2.0
"""The record of a gallery: items, views, vectors and the version counter, in SQLite.

Every change is one transaction and counts the version up by one. A method that has returned has
its change on the disk, and the undo log tells how to take it back.
"""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from xsense_ros.errors import GalleryError, InputError
from xsense_ros.gallery import undo
from xsense_ros.gallery.checks import check_views
from xsense_ros.gallery.database import Database
from xsense_ros.gallery.item import Enrolment, Item, Undone
from xsense_ros.gallery.reader import Reader
from xsense_ros.gallery.reading import (
    LIVE,
    find,
    read_dimensions,
    read_item,
    require,
)


class Store(Reader):
    """Queries and changes of the record.

    Args:
        path: file, created where missing; or ':memory:'.
        fingerprints: identity of each space of the encoder; None takes the recorded ones.

    Raises:
        GalleryError: the file cannot be used, or its vectors are of another model.
    """

    def __init__(self, path: Path | str, fingerprints: Mapping[str, str] | None) -> None:
        super().__init__(Database(path))
        try:
            self._adopt(fingerprints or {})
        except GalleryError:
            self.database.close()
            raise

    def add(self, enrolments: Sequence[Enrolment]) -> list[Item]:
        """Add views to items, which are made where they do not exist: all of them, or nothing."""
        with self.database.write() as connection:
            items = [_enroll(connection, one) for one in enrolments]
            undo.prune(connection)
            return items

    def replace(self, enrolments: Iterable[Enrolment]) -> None:
        """Erase everything and add this instead, all of it or nothing is changed."""
        with self.database.write() as connection:
            undo.forget_all(connection)
            for one in enrolments:
                _enroll(connection, one)
            undo.erase_all(connection)

    def rename(self, item_id: str, label: str) -> Item:
        """Give an item another label."""
        with self.database.write() as connection:
            number, _, before, *_ = require(connection, item_id)
            connection.execute('UPDATE items SET label = ? WHERE number = ?', (label, number))
            undo.record(connection, 'rename', number, before=before, after=label)
            undo.prune(connection)
            return read_item(connection, require(connection, item_id))

    def remove(self, item_id: str) -> int:
        """Forget an item with all its views; returns the version."""
        with self.database.write() as connection:
            return undo.forget(connection, require(connection, item_id)[0])

    def undo(self, version: int) -> Undone:
        """Take back the change that led to a version; 0: the newest."""
        with self.database.write() as connection:
            return undo.undo(connection, version)

    def erase(self) -> None:
        """Erase what is forgotten for good, and give its space on the disk back."""
        with self.database.write() as connection:
            undo.erase_all(connection)
        self.database.shrink()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    def _adopt(self, fingerprints: Mapping[str, str]) -> None:
        """Refuse vectors of another model; record the spaces that are new."""
        with self.database.read() as connection:
            recorded = dict(connection.execute('SELECT name, fingerprint FROM spaces'))
            query = f'SELECT NOT EXISTS (SELECT 1 FROM views WHERE {LIVE})'
            empty = connection.execute(query).fetchone()[0]
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
                if set(changed) & set(recorded):
                    # What is forgotten is of the other model: it cannot come back beside this one.
                    undo.erase_all(connection)
                connection.executemany(
                    'INSERT OR REPLACE INTO spaces VALUES (?, ?, NULL)', changed.items()
                )


def _enroll(connection: sqlite3.Connection, new: Enrolment) -> Item:
    now = time.time_ns()
    check_views(new.views, read_dimensions(connection))
    row = find(connection, new.item_id) if new.item_id else None
    item_id = new.item_id or uuid.uuid4().hex
    if row is not None:
        number, label = row[0], row[2]
        if new.label not in ('', label):
            cure = 'leave the label out, or rename the item'
            raise InputError('label', new.label, f'{label!r}, as item {item_id} has', cure)
    elif not new.label:
        raise InputError('label', '', 'a label, since the item is new', 'name the new item')
    else:
        made = connection.execute(
            'INSERT INTO items (item_id, label, created_ns, changed) VALUES (?, ?, ?, 0)',
            (item_id, new.label, new.created_ns or now),
        )
        number = made.lastrowid or 0
    ids = _add_views(connection, number, new, now)
    after = new.label if row is None else None
    undo.record(connection, 'enroll', number, views=(ids[0], ids[-1]), after=after)
    return read_item(connection, require(connection, item_id))


def _add_views(connection: sqlite3.Connection, number: int, new: Enrolment, now: int) -> list[int]:
    ids = []
    for view in new.views:
        view_id = connection.execute(
            'INSERT INTO views (item, modality, created_ns, media_type, thumbnail, media)'
            ' VALUES (?, ?, ?, ?, ?, ?)',
            (
                *(number, view.modality, view.created_ns or now),
                *(view.media_type, view.thumbnail, view.media),
            ),
        ).lastrowid
        ids.append(view_id or 0)
        for space, vector in view.vectors.items():
            connection.execute(
                'UPDATE spaces SET dimension = ? WHERE name = ? AND dimension IS NULL',
                (len(vector), space),
            )
            connection.execute(
                'INSERT INTO vectors VALUES (?, ?, ?)',
                (view_id, space, vector.astype('<f4').tobytes()),
            )
        if view.sha256 is not None:
            connection.execute('INSERT INTO contents VALUES (?, ?)', (view_id, view.sha256))
    return ids
