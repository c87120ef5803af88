# SPDX-License-Identifier: Apache-2.0
"""The undo log: every change of a gallery, and how one is taken back.

Each function works within a write transaction of the caller, so a change and its place in the log
are on the disk together or not at all. Nothing is erased at once: what was forgotten, or enrolled
and undone, is marked with the version that took it away, and brought back by removing the mark.
It is erased when its change has left the log.

A row of ``changes`` is a change ('enroll', 'forget', 'rename'), or a taking back ('undo'), which
names the change as its ``target``. To take back a taking back makes the change again. ``toggled``
is the last version that made or took back the change, ``undone`` which of both it was.
"""

from __future__ import annotations

import sqlite3
import time
from dataclasses import dataclass

from xsense_ros.errors import InputError
from xsense_ros.gallery.item import Undone
from xsense_ros.gallery.reading import LIVE, find, read_version

# The log is as long as the newest of these; and it holds no more of what is gone than these bytes,
# except for the newest change.
KEPT_CHANGES = 1000
KEPT_BYTES = 256 * 2**20
_DONE = {'enroll': 'enrolled', 'forget': 'forgotten', 'rename': 'renamed'}
_COLUMNS = 'version, kind, item, first_view, last_view, before, after, toggled, undone'


@dataclass(frozen=True)
class _Change:
    version: int
    kind: str
    item: int
    first_view: int | None
    last_view: int | None
    before: str | None
    after: str | None
    toggled: int
    undone: int


def record(
    connection: sqlite3.Connection,
    kind: str,
    item: int,
    *,
    views: tuple[int, int] | None = None,
    before: str | None = None,
    after: str | None = None,
    target: int | None = None,
) -> int:
    """Count the version up and write a change into the log.

    Args:
        connection: within a write transaction.
        kind: 'enroll', 'forget', 'rename' or 'undo'.
        item: internal number.
        views: first and last view that an enrolment has added.
        before: label before a renaming.
        after: label after a renaming; of an enrolment the label of the item if it is new.
        target: the change that was taken back.

    Returns:
        The version of the gallery that the change has led to.
    """
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'version'")
    version = read_version(connection)
    first, last = views or (None, None)
    connection.execute(
        'INSERT INTO changes (version, kind, item, first_view, last_view, before, after, made_ns,'
        ' target, toggled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
        (version, kind, item, first, last, before, after, time.time_ns(), target, version),
    )
    connection.execute('UPDATE items SET changed = ? WHERE number = ?', (version, item))
    return version


def forget(connection: sqlite3.Connection, item: int) -> int:
    """Take an item and its views away; returns the version."""
    version = record(connection, 'forget', item)
    _take_away(connection, item, version)
    prune(connection, weigh=True)
    return version


def forget_all(connection: sqlite3.Connection) -> None:
    """Take all items away as one change that is not in the log."""
    connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'version'")
    version = read_version(connection)
    connection.execute('INSERT INTO revised (item) SELECT number FROM items WHERE gone = 0')
    connection.execute(f'INSERT INTO gone SELECT view_id, ? FROM views WHERE {LIVE}', (version,))
    connection.execute('UPDATE items SET gone = ? WHERE gone = 0', (version,))


def undo(connection: sqlite3.Connection, version: int) -> Undone:
    """Take back the change that led to a version; 0: the newest that is not taken back.

    Raises:
        InputError: no such change in the log, it is taken back already, or the item has changed
            since.
    """
    change, again = _asked(connection, version)
    _check_unchanged(connection, change)
    what = _words(connection, change)
    number = record(connection, 'undo', change.item, target=change.version)
    if change.kind == 'rename':
        label = change.after if again else change.before
        connection.execute('UPDATE items SET label = ? WHERE number = ?', (label, change.item))
    elif (change.kind == 'forget') == again:
        part = None
        if change.kind == 'enroll' and change.after is None:
            part = (change.first_view or 0, change.last_view or 0)
        _take_away(connection, change.item, number, part)
    else:
        _bring_back(connection, change.item, change.toggled)
    connection.execute(
        'UPDATE changes SET toggled = ?, undone = ? WHERE version = ?',
        (number, not again, change.version),
    )
    prune(connection, weigh=True)
    return Undone(f'undoing of the {what}' if again else what, number)


def prune(connection: sqlite3.Connection, *, weigh: bool = False) -> None:
    """Shorten the log, and erase what cannot be brought back any more.

    Args:
        connection: within a write transaction.
        weigh: also where what is gone is too large.
    """
    last = connection.execute(
        'SELECT version FROM changes ORDER BY version DESC LIMIT 1 OFFSET ?', (KEPT_CHANGES,)
    ).fetchone()
    until = last[0] if last else -1
    if weigh:
        until = max(until, _too_large(connection))
    if until >= 0:
        _erase(connection, until)


def erase_all(connection: sqlite3.Connection) -> None:
    """Empty the log, and erase all that is gone."""
    _erase(connection, read_version(connection))


def _asked(connection: sqlite3.Connection, version: int) -> tuple[_Change, bool]:
    """The change that is meant, and whether it is to be made again rather than taken back."""
    if version == 0:
        newest = _change(connection, 'target IS NULL AND undone = 0 ORDER BY version DESC LIMIT 1')
        if newest is None:
            cure = 'there is nothing to undo'
            raise InputError('gallery_version', 0, 'a change that is in the undo log', cure)
        return newest, False
    change = _change(connection, 'target IS NULL AND version = ?', version)
    again = change is None
    if change is None:
        change = _change(
            connection,
            'version = (SELECT target FROM changes WHERE version = ?)',
            version,
        )
    if change is None:
        first = connection.execute('SELECT min(version) FROM changes').fetchone()[0]
        now = read_version(connection)
        held = f'from {first} to {now}' if first else 'of none'
        raise InputError(
            'gallery_version',
            version,
            f'the version that a change in the undo log led to, which are those {held}',
            'enrol, forget or rename the item instead',
        )
    if (change.toggled != version) if again else change.undone:
        raise InputError(
            'gallery_version',
            version,
            f'a change that stands; this one was taken back or made again at {change.toggled}',
            f'nothing is left to do, or undo version {change.toggled}',
        )
    return change, again


def _check_unchanged(connection: sqlite3.Connection, change: _Change) -> None:
    later = _change(
        connection,
        'item = ? AND version > ? AND target IS NULL AND undone = 0 ORDER BY version LIMIT 1',
        change.item,
        change.version,
    )
    name = _name(connection, change.item)
    if later is not None:
        raise InputError(
            'gallery_version',
            change.version,
            f'an item that has not changed since; {name} was {_DONE[later.kind]} at version '
            f'{later.version}',
            f'undo version {later.version} first',
        )
    other = find(connection, name)
    if other is not None and other[0] != change.item:
        raise InputError(
            'gallery_version',
            change.version,
            f'an item whose id is free; {name} is the id of another one, {other[2]!r}',
            f'forget {name} first',
        )


def _take_away(
    connection: sqlite3.Connection, item: int, version: int, part: tuple[int, int] | None = None
) -> None:
    """Mark an item with all its views, or only the views of a part, as taken away."""
    first, last = part or (0, 2**62)
    connection.execute(
        f'INSERT INTO gone SELECT view_id, ? FROM views WHERE item = ? AND {LIVE}'
        ' AND view_id BETWEEN ? AND ?',
        (version, item, first, last),
    )
    if part is None:
        connection.execute('UPDATE items SET gone = ? WHERE number = ?', (version, item))
    connection.execute('INSERT INTO revised (item) VALUES (?)', (item,))


def _bring_back(connection: sqlite3.Connection, item: int, mark: int) -> None:
    """Remove the mark of the version that took views, or the item with them, away."""
    connection.execute('DELETE FROM gone WHERE version = ?', (mark,))
    connection.execute('UPDATE items SET gone = 0 WHERE number = ? AND gone = ?', (item, mark))
    connection.execute('INSERT INTO revised (item) VALUES (?)', (item,))


def _too_large(connection: sqlite3.Connection) -> int:
    """The last version that must leave the log so that what is gone is small enough; -1: none."""
    sizes = connection.execute(
        'SELECT gone.version, sum(coalesce(length(thumbnail), 0) + coalesce(length(media), 0))'
        ' FROM gone JOIN views USING (view_id) GROUP BY gone.version ORDER BY gone.version DESC'
    ).fetchall()
    total, until = 0, -1
    for place, (mark, size) in enumerate(sizes):
        total += size
        if total > KEPT_BYTES and place:
            query = 'SELECT version FROM changes WHERE target IS NULL AND toggled = ?'
            until = max(until, connection.execute(query, (mark,)).fetchone()[0])
    return until


def _erase(connection: sqlite3.Connection, until: int) -> None:
    connection.execute('DELETE FROM changes WHERE version <= ?', (until,))
    marks = '(SELECT toggled FROM changes WHERE target IS NULL)'
    connection.execute(f'DELETE FROM items WHERE gone != 0 AND gone NOT IN {marks}')
    connection.execute(
        'DELETE FROM views WHERE view_id IN'
        f' (SELECT view_id FROM gone WHERE version NOT IN {marks})'
    )


def _change(connection: sqlite3.Connection, where: str, *values: int) -> _Change | None:
    query = f'SELECT {_COLUMNS} FROM changes WHERE {where}'
    row = connection.execute(query, values).fetchone()
    return row and _Change(*row)


def _name(connection: sqlite3.Connection, item: int) -> str:
    query = 'SELECT item_id FROM items WHERE number = ?'
    return str(connection.execute(query, (item,)).fetchone()[0])


def _words(connection: sqlite3.Connection, change: _Change) -> str:
    query = 'SELECT item_id, label FROM items WHERE number = ?'
    item_id, label = connection.execute(query, (change.item,)).fetchone()
    if change.kind == 'rename':
        return f'renaming of {item_id} from {change.before!r} to {change.after!r}'
    if change.kind == 'forget':
        return f'forgetting of {item_id}, {label!r}'
    count = (change.last_view or 0) - (change.first_view or 0) + 1
    views = f'{count} view{"s" if count != 1 else ""}'
    return f'enrolment of {views} of {item_id}, {label!r}'
