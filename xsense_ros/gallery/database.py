# SPDX-License-Identifier: Apache-2.0
"""The SQLite file of a gallery: opening, transactions and errors a user can act on."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from xsense_ros.errors import GalleryError, XsenseError
from xsense_ros.gallery import schema

_MEMORY = ':memory:'
_BUSY_SECONDS = 5.0
_PAGE_BYTES = 8192
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


@dataclass
class _Line:
    """A connection, and the lock of whoever uses it."""

    connection: sqlite3.Connection
    lock: threading.RLock = field(default_factory=threading.RLock)


class Database:
    """Usable from several threads: one at a time writes, and one at a time reads meanwhile.

    Whoever searches does not wait for the disk while somebody else enrols.

    Args:
        path: file, created where missing; or ':memory:'.

    Raises:
        GalleryError: cannot be opened or created, is damaged, or is of a later version. One of an
            earlier version is brought up to date.

    Attributes:
        read_only: the file or its folder may not be written; reading works.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = str(path)
        self.read_only = self.path != _MEMORY and not _writable(Path(path))
        self._writing_thread = 0
        self._writer = self._reader = self._line()
        try:
            self._prepare()
            if not self.read_only and self.path != _MEMORY:
                self._reader = self._line()
                self._make_ready(self._reader)
        except GalleryError:
            self._close_all()
            raise

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """A transaction that is on the disk when the block ends, or has left nothing behind."""
        if self.read_only:
            expected, cure = _KNOWN['readonly']
            raise GalleryError(f'gallery {self.path}', 'read-only', expected, cure)
        with self._transaction(self._writer, 'BEGIN IMMEDIATE') as connection:
            self._writing_thread = threading.get_ident()
            try:
                yield connection
            finally:
                self._writing_thread = 0

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A block in which all reads see one state of the file; within ``write``, what that has
        written so far.
        """
        own = self._writing_thread == threading.get_ident()
        with self._transaction(self._writer if own else self._reader, 'BEGIN') as connection:
            yield connection

    def shrink(self) -> None:
        """Write the file anew without what was deleted; needs as much free space as it takes."""
        with self._writer.lock, self._reader.lock, self._translated():
            self._writer.connection.execute('VACUUM')
            self._writer.connection.execute('PRAGMA wal_checkpoint(TRUNCATE)')

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        with self._writer.lock, self._reader.lock, self._translated():
            self._close_all()

    def _line(self) -> _Line:
        with self._translated():
            return _Line(
                sqlite3.connect(
                    self._uri(),
                    uri=self.path != _MEMORY,
                    timeout=_BUSY_SECONDS,
                    isolation_level=None,
                    check_same_thread=False,
                )
            )

    def _close_all(self) -> None:
        # What writes is closed last: then it can merge its log into the file.
        self._reader.connection.close()
        self._writer.connection.close()

    @contextmanager
    def _transaction(self, line: _Line, begin: str) -> Iterator[sqlite3.Connection]:
        connection = line.connection
        with line.lock, self._translated():
            if begin == 'BEGIN' and connection.in_transaction:
                # This thread is reading already: the same state of the file.
                yield connection
                return
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
        except XsenseError:
            raise
        # SQLite gives back whatever somebody wrote: a text where we count, bytes that are no text.
        except (TypeError, ValueError, OverflowError) as error:
            expected, cure = _KNOWN['malformed']
            raise GalleryError(f'gallery {self.path}', str(error), expected, cure) from error

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
            if not self.read_only:
                # Of a new file: pictures fill many pages, and each is written twice.
                self._writer.connection.execute(f'PRAGMA page_size = {_PAGE_BYTES}')
                # Its readers do not wait for its writer, nor that for them.
                self._writer.connection.execute('PRAGMA journal_mode = WAL')
                # FULL: a commit returns after fsync, so what was acknowledged survives power loss.
                self._writer.connection.execute('PRAGMA synchronous = FULL')
        if self.read_only:
            self._upgrade_a_copy()
        else:
            with self.write() as connection:
                if not schema.tables(connection):
                    schema.create(connection)
                elif _is_first(connection):
                    schema.upgrade(connection)
        # Not earlier: an upgrade replaces a table that others refer to.
        self._make_ready(self._writer)
        with self.read() as connection:
            tables = schema.tables(connection)
            known = 'meta' in tables and 'items' in tables
            version = schema.version(connection) if known else None
            if version is None or (version == schema.VERSION and not tables >= schema.TABLES):
                expected, cure = _KNOWN['not a database']
                raise GalleryError(f'gallery {self.path}', 'another database', expected, cure)
            if version != schema.VERSION:
                raise GalleryError(
                    f'schema_version of gallery {self.path}',
                    version,
                    f'1 to {schema.VERSION}, the versions that this xsense_ros reads',
                    'use the xsense_ros that wrote it, or move it away and enrol again',
                )

    def _make_ready(self, line: _Line) -> None:
        with self._translated():
            line.connection.create_function('casefold', 1, str.casefold, deterministic=True)
            line.connection.execute('PRAGMA foreign_keys = ON')

    def _upgrade_a_copy(self) -> None:
        """Read a file of version 1 that may not be written from a copy in memory."""
        with self.read() as connection:
            if not _is_first(connection):
                return
        with self._translated():
            copy = sqlite3.connect(_MEMORY, isolation_level=None, check_same_thread=False)
            self._writer.connection.backup(copy)
            self._writer.connection.close()
        self._writer.connection = copy
        with self._transaction(self._writer, 'BEGIN') as connection:
            schema.upgrade(connection)


def _is_first(connection: sqlite3.Connection) -> bool:
    found = schema.tables(connection)
    return found >= schema.FIRST_TABLES and schema.version(connection) == 1


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
