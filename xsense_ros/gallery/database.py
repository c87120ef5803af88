# SPDX-License-Identifier: Apache-2.0
"""The SQLite file of a gallery: opening, schema, transactions and errors a user can act on."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from xsense_ros.errors import GalleryError

SCHEMA_VERSION = 1
_MEMORY = ':memory:'
_BUSY_SECONDS = 5.0
_SCHEMA = (
    'CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)',
    'CREATE TABLE spaces (name TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, dimension INTEGER)',
    # AUTOINCREMENT: numbers are never used twice, so a reader that has seen number N only has to
    # ask for what came after it.
    'CREATE TABLE items (number INTEGER PRIMARY KEY AUTOINCREMENT, item_id TEXT NOT NULL UNIQUE,'
    ' label TEXT NOT NULL, created_ns INTEGER NOT NULL)',
    'CREATE TABLE views (view_id INTEGER PRIMARY KEY AUTOINCREMENT,'
    ' item INTEGER NOT NULL REFERENCES items ON DELETE CASCADE, modality TEXT NOT NULL,'
    ' created_ns INTEGER NOT NULL, media_type TEXT NOT NULL, thumbnail BLOB, media BLOB)',
    'CREATE INDEX views_by_item ON views (item)',
    'CREATE TABLE vectors (view_id INTEGER NOT NULL REFERENCES views ON DELETE CASCADE,'
    ' space TEXT NOT NULL REFERENCES spaces, vector BLOB NOT NULL, PRIMARY KEY (view_id, space))',
    # What was forgotten, so that other processes can drop it without reading everything again.
    'CREATE TABLE forgotten (number INTEGER PRIMARY KEY AUTOINCREMENT, item INTEGER NOT NULL)',
    f"INSERT INTO meta VALUES ('schema_version', {SCHEMA_VERSION}), ('version', 0)",
)
# Part of SQLite's message: (what was expected, cure).
_KNOWN = {
    'disk is full': (
        'free space on the disk',
        'free some space and try again; what was acknowledged before is safe',
    ),
    'readonly': (
        'a writable file',
        'make the file and its folder writable for this user, or open a copy',
    ),
    'locked': (
        'a file that no other process is writing for long',
        'end the process that holds it (`fuser FILE` names it) and try again',
    ),
    'unable to open': (
        'a file that can be opened or created',
        'check that the path is a file in an existing folder with read and write permission',
    ),
    'not a database': ('a gallery file', 'give the right path, or restore the file from a copy'),
    'malformed': (
        'an undamaged file',
        'restore the file from a copy, or move it away and enrol again',
    ),
    'closed database': ('an open gallery', 'open the gallery again'),
}
_OTHER = ('success', 'check the disk (`dmesg`, `df`) and try again')


class Database:
    """One connection, usable from several threads, one at a time.

    Args:
        path: file, created where missing; or ':memory:'.

    Raises:
        GalleryError: cannot be opened or created, is damaged, or is no gallery of this version.

    Attributes:
        read_only: the file or its folder may not be written; reading works.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self._lock = threading.RLock()
        self.read_only = self.path != _MEMORY and not _writable(Path(path))
        with self._translated():
            self._connection = sqlite3.connect(
                self._uri(),
                uri=self.path != _MEMORY,
                timeout=_BUSY_SECONDS,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            self._prepare()
        except GalleryError:
            self._connection.close()
            raise

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when the block ends, or has left nothing behind."""
        if self.read_only:
            expected, cure = _KNOWN['readonly']
            raise GalleryError(f'gallery {self.path}', 'read-only', expected, cure)
        with self._transaction('BEGIN IMMEDIATE') as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A block in which all reads see one state of the file."""
        with self._transaction('BEGIN') as connection:
            yield connection

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        with self._lock, self._translated():
            self._connection.close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        with self._lock, self._translated():
            connection.execute(begin)
            try:
                yield connection
                connection.execute('COMMIT')
            except BaseException:
                # SQLite has rolled back by itself after some errors (a full disk, for one).
                if connection.in_transaction:
                    connection.execute('ROLLBACK')
                raise

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            message = str(error)
            expected, cure = next(
                (known for part, known in _KNOWN.items() if part in message), _OTHER
            )
            raise GalleryError(f'gallery {self.path}', message, expected, cure) from error

    def _uri(self) -> str:
        if self.path == _MEMORY:
            return _MEMORY
        address = Path(self.path).absolute().as_uri()
        if not self.read_only:
            return f'{address}?mode=rwc'
        # Without permission to write beside the file SQLite cannot make its shared-memory file;
        # 'immutable' does without, and is right as long as there is no log of unmerged changes.
        log = Path(f'{self.path}-wal')
        if log.exists() and log.stat().st_size:
            return f'{address}?mode=ro'
        return f'{address}?mode=ro&immutable=1'

    def _prepare(self) -> None:
        with self._translated():
            self._connection.create_function('casefold', 1, str.casefold, deterministic=True)
            self._connection.execute('PRAGMA foreign_keys = ON')
            if not self.read_only:
                self._connection.execute('PRAGMA journal_mode = WAL')
                # FULL: a commit returns after fsync, so what was acknowledged survives power loss.
                self._connection.execute('PRAGMA synchronous = FULL')
        if not self.read_only:
            with self.write() as connection:
                if not connection.execute('SELECT count(*) FROM sqlite_schema').fetchone()[0]:
                    for statement in _SCHEMA:
                        connection.execute(statement)
        with self.read() as connection:
            tables = {row[0] for row in connection.execute('SELECT name FROM sqlite_schema')}
            if not {'meta', 'spaces', 'items', 'views', 'vectors', 'forgotten'} <= tables:
                expected, cure = _KNOWN['not a database']
                raise GalleryError(f'gallery {self.path}', 'another database', expected, cure)
            row = connection.execute("SELECT value FROM meta WHERE key = 'schema_version'")
            version = row.fetchone()
            if version != (SCHEMA_VERSION,):
                raise GalleryError(
                    f'schema_version of gallery {self.path}',
                    version and version[0],
                    f'{SCHEMA_VERSION}, the version this xsense_ros reads',
                    'use the xsense_ros that wrote it, or move it away and enrol again',
                )


def _writable(path: Path) -> bool:
    """May the file and its folder be written? True for what is yet to be created."""
    if not path.exists():
        return True
    # The rights of the effective user are those that opening the file will meet.
    effective = os.access in os.supports_effective_ids
    return all(
        os.access(place, os.W_OK, effective_ids=effective)
        for place in (path, path.absolute().parent)
    )
