# SPDX-License-Identifier: Apache-2.0
"""This robot's side of a fleet's gallery: the outbox, and how much of the other logs is here."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xsense_ros.errors import GalleryError
from xsense_ros.gallery.database import Database
from xsense_ros.gallery.remote import merging
from xsense_ros.gallery.remote.change import Change, Key, Label, ViewContent
from xsense_ros.gallery.remote.journal_schema import install

PIECE = 48_000  # bytes of a sample in a row of the server: 64,000 characters of base64
# Of a text field of Milvus: 65,535 characters, three bytes in four.
_MAX_THUMBNAIL = 49_149
_OUTBOX = 'SELECT seq, kind, item_id, view_id, label, stamp, target FROM fleet_outbox'


@dataclass(frozen=True)
class Remote:
    """A sample that is on the server only."""

    key: Key
    view_id: int
    media_type: str
    pieces: int


class Journal:
    """Reads and writes the tables of `journal_schema` in a gallery's file. Thread-safe.

    Args:
        database: of the replica.
        place: server and collection that it is a replica of.
        spaces: of the encoder in use.
        samples: whether samples are sent along.

    Raises:
        GalleryError: the file cannot be written, or is a replica of something else.
    """

    def __init__(
        self, database: Database, place: str, spaces: Iterable[str], samples: bool
    ) -> None:
        self._database = database
        self._samples = samples
        with database.write() as connection:
            install(connection)
            known = _get(connection, 'place', place)
            if known != place:
                raise GalleryError(
                    f'replica {database.path}',
                    known,
                    f'a replica of {place}',
                    'give another file with cache=FILE in the URL of the gallery',
                )
            _set(connection, 'place', place)
            wanted = ' '.join(sorted(spaces))
            if not set(wanted.split()) <= set(str(_get(connection, 'spaces', wanted)).split()):
                # Vectors in the new space went by unread: everything is looked at again.
                connection.execute('UPDATE fleet_logs SET seq = 0')
            _set(connection, 'spaces', wanted)
            self._body = _body(database.path)
            if _get(connection, 'body') is None:
                _set(connection, 'body', self._body)

    @property
    def is_copy(self) -> bool:
        """Whether the file that began the own log is another one, which may write it still."""
        return bool(self._value('body') != self._body)

    @property
    def log(self) -> str:
        """Name of the own log."""
        return str(self._value('log'))

    @property
    def pushed(self) -> int:
        """The newest own change that is known to be on the server; 0 for none."""
        return int(self._value('pushed'))

    @property
    def intended(self) -> int:
        """The newest own change whose sending was begun."""
        return int(self._value('intended'))

    @property
    def has_met(self) -> bool:
        """Whether this replica was ever in touch with its fleet."""
        query = 'SELECT EXISTS (SELECT 1 FROM fleet_logs)'
        with self._database.read() as connection:
            follows = connection.execute(query).fetchone()[0]
            return bool(follows) or bool(_get(connection, 'pushed'))

    def pending(self) -> int:
        """Number of changes that the fleet has yet to learn."""
        with self._database.read() as connection:
            query = 'SELECT count(*) FROM fleet_outbox'
            return int(connection.execute(query).fetchone()[0])

    def next_changes(self, most: int) -> list[Change]:
        """The oldest of them, complete but for the samples."""
        with self._database.read() as connection:
            log = str(_get(connection, 'log'))
            rows = connection.execute(f'{_OUTBOX} ORDER BY seq LIMIT ?', (most,)).fetchall()
            return [self._change(connection, log, row) for row in rows]

    def sample(self, key: Key) -> bytes:
        """The sample of an own view; b'' where it is not kept."""
        query = (
            'SELECT media FROM views JOIN fleet_views USING (view_id) WHERE log = ? AND seq = ?'
        )
        with self._database.read() as connection:
            row = connection.execute(query, (key.log, key.seq)).fetchone()
            return row[0] if row and row[0] else b''

    def intend(self, seq: int) -> None:
        """Note that the own log is about to be sent up to here."""
        with self._database.write() as connection:
            _set(connection, 'intended', seq)

    def sent(self, seq: int) -> None:
        """The fleet has the own log up to here."""
        with self._database.write() as connection:
            connection.execute('DELETE FROM fleet_outbox WHERE seq <= ?', (seq,))
            _set(connection, 'pushed', seq)

    def fork(self, robot: str) -> None:
        """Go on under a new log, for somebody else writes the old one: a copy of this file.

        What is not sent yet moves to the new log; the old one is followed like that of another.
        """
        old, new, pushed = self.log, uuid.uuid4().hex, self.pushed
        with self._database.write() as connection:
            connection.execute(
                'UPDATE fleet_views SET log = ? WHERE log = ? AND seq > ?', (new, old, pushed)
            )
            connection.executemany(
                'UPDATE fleet_outbox SET target = ? WHERE target = ?',
                [
                    (str(Key(new, key.seq)), str(key))
                    for (target,) in connection.execute(
                        'SELECT target FROM fleet_outbox WHERE target IS NOT NULL'
                    ).fetchall()
                    if (key := Key.parse(target)).log == old and key.seq > pushed
                ],
            )
            connection.execute('INSERT INTO fleet_logs VALUES (?, ?, ?)', (old, robot, pushed))
            _set(connection, 'log', new)
            _set(connection, 'body', self._body)
            _set(connection, 'pushed', 0)
            _set(connection, 'intended', 0)

    def republish(self) -> None:
        """Send everything of one's own again, for the server has lost it."""
        log = self.log
        with self._database.write() as connection:
            connection.execute(
                'INSERT OR IGNORE INTO fleet_outbox (seq, kind, item_id, view_id)'
                " SELECT seq, 'view', item_id, view_id FROM fleet_views"
                ' WHERE log = ? AND NOT dead',
                (log,),
            )
            connection.execute(
                'INSERT INTO fleet_outbox (kind, item_id, target)'
                " SELECT 'gone', item_id, log || '/' || seq FROM fleet_views WHERE dead"
            )
            _set(connection, 'pushed', 0)
            _set(connection, 'intended', 0)

    def cursor(self, log: str) -> int:
        """How much of another log is here."""
        query = 'SELECT seq FROM fleet_logs WHERE log = ?'
        with self._database.read() as connection:
            row = connection.execute(query, (log,)).fetchone()
            return int(row[0]) if row else 0

    def merge(self, log: str, robot: str, upto: int, changes: Sequence[Change]) -> merging.Outcome:
        """Take over changes of another log, which is then here up to ``upto``: all, or nothing."""
        with self._database.write() as connection:
            _set(connection, 'muted', 1)
            outcome = merging.merge(connection, changes)
            connection.execute(
                'INSERT OR REPLACE INTO fleet_logs VALUES (?, ?, ?)', (log, robot, upto)
            )
            clock = max(outcome.clock, int(_get(connection, 'clock')))
            _set(connection, 'clock', clock)
            _set(connection, 'muted', 0)
            return outcome

    def views_of_robots(self) -> dict[str, int]:
        """Number of live views by the robot that enrolled them; '' is this one."""
        query = (
            "SELECT coalesce(robot, ''), count(*) FROM fleet_views"
            ' LEFT JOIN fleet_logs USING (log) WHERE NOT dead GROUP BY 1 ORDER BY 1'
        )
        with self._database.read() as connection:
            return dict(connection.execute(query))

    def remote_samples(self, item_id: str = '', view_id: int = 0) -> list[Remote]:
        """Samples that the server alone has: of all, of one item, or of one of its views."""
        query = (
            'SELECT log, seq, view_id, fleet_views.media_type, pieces'
            ' FROM fleet_views JOIN views USING (view_id)'
            ' WHERE NOT dead AND media IS NULL AND pieces'
            " AND ?1 IN ('', item_id) AND ?2 IN (0, view_id) ORDER BY view_id"
        )
        with self._database.read() as connection:
            rows = connection.execute(query, (item_id, view_id)).fetchall()
        return [Remote(Key(row[0], row[1]), *row[2:]) for row in rows]

    def keep_sample(self, view_id: int, media_type: str, media: bytes) -> None:
        """Keep a sample that was read from the server."""
        with self._database.write() as connection:
            connection.execute(
                'UPDATE views SET media = ?, media_type = ? WHERE view_id = ?',
                (media, media_type, view_id),
            )

    def _change(self, connection: sqlite3.Connection, log: str, row: tuple[Any, ...]) -> Change:
        seq, kind, item_id, view_id, label, stamp, target = row
        key = Key(log, seq)
        if kind == 'label':
            return Change(key, 'label', item_id, label=Label(label, stamp, log))
        named = Label(
            *connection.execute(
                'SELECT label, stamp, author FROM fleet_labels WHERE item_id = ?', (item_id,)
            ).fetchone()
        )
        if kind == 'gone':
            # With the view its row is erased, which may have been the only one to tell the label.
            return Change(key, 'gone', item_id, label=named, target=Key.parse(target))
        view = self._content(connection, view_id)
        return Change(key, 'view', item_id, label=named, view=view)

    def _content(self, connection: sqlite3.Connection, view_id: int) -> ViewContent | None:
        """What was added; None where it is gone again already."""
        row = connection.execute(
            'SELECT modality, created_ns, thumbnail, media_type, length(media) FROM views'
            ' WHERE view_id = ?',
            (view_id,),
        ).fetchone()
        if row is None:
            return None
        modality, created_ns, thumbnail, media_type, size = row
        if thumbnail is not None and len(thumbnail) > _MAX_THUMBNAIL:
            thumbnail = None
        pieces = -(-size // PIECE) if size and self._samples else 0
        vectors = connection.execute(
            'SELECT space, vector FROM vectors WHERE view_id = ?', (view_id,)
        )
        return ViewContent(
            modality, created_ns, thumbnail, media_type if pieces else '', pieces, dict(vectors)
        )

    def _value(self, key: str) -> Any:
        with self._database.read() as connection:
            return _get(connection, key)


def _body(path: str) -> str:
    """What a copy of a file does not share with it: the machine, or the place on its disk."""
    if path == ':memory:':
        return path
    machine = uuid.getnode()
    if machine >> 40 & 1:  # of no network card, but drawn by chance
        machine = 0
    return f'{machine:x} {Path(path).stat().st_ino}'


def _get(connection: sqlite3.Connection, key: str, default: Any = None) -> Any:
    row = connection.execute('SELECT value FROM fleet_state WHERE key = ?', (key,)).fetchone()
    return row[0] if row else default


def _set(connection: sqlite3.Connection, key: str, value: object) -> None:
    connection.execute('INSERT OR REPLACE INTO fleet_state VALUES (?, ?)', (key, value))
