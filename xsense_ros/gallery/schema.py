# SPDX-License-Identifier: Apache-2.0
"""The tables of a gallery's file, and how a file of an earlier version becomes one of this."""

from __future__ import annotations

import sqlite3

VERSION = 2
TABLES = frozenset(
    ('meta', 'spaces', 'items', 'views', 'vectors', 'gone', 'contents', 'revised', 'changes')
)
# Those of version 1, by which a file is known to be a gallery before it is brought up to date.
FIRST_TABLES = frozenset(('meta', 'spaces', 'items', 'views', 'vectors', 'forgotten'))

# AUTOINCREMENT: numbers are never used twice, so a reader that has seen number N only has to ask
# for what came after it. `gone` is 0, or the change that took the item away; an id may be given
# again when its item is gone.
_ITEMS = (
    'CREATE TABLE {name} (number INTEGER PRIMARY KEY AUTOINCREMENT, item_id TEXT NOT NULL,'
    ' label TEXT NOT NULL, created_ns INTEGER NOT NULL, changed INTEGER NOT NULL,'
    ' gone INTEGER NOT NULL DEFAULT 0)'
)
_OF_ITEMS = (
    'CREATE UNIQUE INDEX items_by_id ON items (item_id) WHERE gone = 0',
    'CREATE INDEX items_gone ON items (gone) WHERE gone != 0',
)
_SINCE_2 = (
    # Views that do not count any more, with the change that took them away. Not a column of
    # `views`: to read what follows a large sample in its row, SQLite walks through the sample.
    'CREATE TABLE gone (view_id INTEGER PRIMARY KEY REFERENCES views ON DELETE CASCADE,'
    ' version INTEGER NOT NULL)',
    # SHA-256 of what a view was imported from, by which a second import knows it again.
    'CREATE TABLE contents (view_id INTEGER PRIMARY KEY REFERENCES views ON DELETE CASCADE,'
    ' sha256 BLOB NOT NULL)',
    'CREATE INDEX contents_by_sha256 ON contents (sha256)',
    # The undo log: see undo.py.
    'CREATE TABLE changes (version INTEGER PRIMARY KEY, kind TEXT NOT NULL,'
    ' item INTEGER NOT NULL, first_view INTEGER, last_view INTEGER, before TEXT, after TEXT,'
    ' made_ns INTEGER NOT NULL, target INTEGER, toggled INTEGER NOT NULL,'
    ' undone INTEGER NOT NULL DEFAULT 0)',
    'CREATE INDEX changes_by_item ON changes (item)',
)
_NEW = (
    'CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)',
    'CREATE TABLE spaces (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, dimension INTEGER)',
    _ITEMS.format(name='items'),
    *_OF_ITEMS,
    'CREATE TABLE views (view_id INTEGER PRIMARY KEY AUTOINCREMENT,'
    ' item INTEGER NOT NULL REFERENCES items ON DELETE CASCADE, modality TEXT NOT NULL,'
    ' created_ns INTEGER NOT NULL, media_type TEXT NOT NULL, thumbnail BLOB, media BLOB)',
    'CREATE INDEX views_by_item ON views (item)',
    'CREATE TABLE vectors (view_id INTEGER NOT NULL REFERENCES views ON DELETE CASCADE,'
    ' space TEXT NOT NULL REFERENCES spaces, vector BLOB NOT NULL, PRIMARY KEY (view_id, space))',
    # Items that lost or regained views, so that other processes can read them anew, and only them.
    'CREATE TABLE revised (number INTEGER PRIMARY KEY AUTOINCREMENT, item INTEGER NOT NULL)',
    *_SINCE_2,
    f"INSERT INTO meta VALUES ('schema_version', {VERSION}), ('version', 0)",
)
# In version 1 an item that was forgotten was erased at once, and its id was unique for ever.
_FROM_1 = (
    _ITEMS.format(name='items_2'),
    'INSERT INTO items_2 (number, item_id, label, created_ns, changed)'
    " SELECT number, item_id, label, created_ns, (SELECT value FROM meta WHERE key = 'version')"
    ' FROM items',
    "DELETE FROM sqlite_sequence WHERE name = 'items_2'",
    "UPDATE sqlite_sequence SET name = 'items_2' WHERE name = 'items'",
    'DROP TABLE items',
    'ALTER TABLE items_2 RENAME TO items',
    *_OF_ITEMS,
    'ALTER TABLE forgotten RENAME TO revised',
    *_SINCE_2,
    f"UPDATE meta SET value = {VERSION} WHERE key = 'schema_version'",
)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables of an empty file, within the caller's transaction."""
    for statement in _NEW:
        connection.execute(statement)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a file of version 1 up to date, within the caller's transaction.

    Foreign keys must not be enforced meanwhile: a table that others refer to is replaced.
    """
    for statement in _FROM_1:
        connection.execute(statement)


def tables(connection: sqlite3.Connection) -> set[str]:
    """Names of the tables and indices."""
    return {row[0] for row in connection.execute('SELECT name FROM sqlite_schema')}


def version(connection: sqlite3.Connection) -> int | None:
    """The version that a gallery's file says it is of; None where it says nothing."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'").fetchone()
    return int(row[0]) if row else None
