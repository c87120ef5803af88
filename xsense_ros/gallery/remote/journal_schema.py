# SPDX-License-Identifier: Apache-2.0
"""Tables and triggers by which a gallery's file notes what the fleet has yet to learn.

The triggers write the outbox within the transaction of the change itself, whoever makes it: the
node, an undo, an import, or `xsense gallery --file` in another process. What is acknowledged is
therefore in the outbox, even after a power cut.
"""

from __future__ import annotations

import sqlite3
import uuid

from xsense_ros.gallery.reading import LIVE

# Milliseconds since 1970, but always more than what was seen: see change.Label.
_NOW_MS = "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"
_TICK = f"UPDATE fleet_state SET value = max(value + 1, {_NOW_MS}) WHERE key = 'clock'"
_CLOCK = "(SELECT value FROM fleet_state WHERE key = 'clock')"
_LOG = "(SELECT value FROM fleet_state WHERE key = 'log')"
# What comes from the fleet is not sent back to it.
_OURS = "(SELECT value FROM fleet_state WHERE key = 'muted') = 0"

_TABLES = (
    'CREATE TABLE fleet_state (key TEXT PRIMARY KEY, value NOT NULL)',
    'CREATE TABLE fleet_labels (item_id TEXT PRIMARY KEY, label TEXT NOT NULL,'
    ' stamp INTEGER NOT NULL, author TEXT NOT NULL)',
    # By key of the change that added it; dead: gone for ever (what an undo brings back gets a new
    # key). Dead keys stay, so that a change that arrives late does not bring them back.
    'CREATE TABLE fleet_views (log TEXT NOT NULL, seq INTEGER NOT NULL, view_id INTEGER,'
    ' item_id TEXT NOT NULL, dead INTEGER NOT NULL DEFAULT 0,'
    " media_type TEXT NOT NULL DEFAULT '', pieces INTEGER NOT NULL DEFAULT 0,"
    ' PRIMARY KEY (log, seq)) WITHOUT ROWID',
    'CREATE INDEX fleet_views_by_id ON fleet_views (view_id)',
    # AUTOINCREMENT: places of the own log are never used twice.
    'CREATE TABLE fleet_outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL,'
    ' item_id TEXT NOT NULL, view_id INTEGER, label TEXT, stamp INTEGER, target TEXT)',
    # How much of each other log is here.
    'CREATE TABLE fleet_logs (log TEXT PRIMARY KEY, robot TEXT NOT NULL, seq INTEGER NOT NULL)',
)
_SET_LABEL = (
    f'{_TICK}; INSERT OR REPLACE INTO fleet_labels'
    f' VALUES (NEW.item_id, NEW.label, {_CLOCK}, {_LOG});'
)


def _added(view: str) -> str:
    return (
        'INSERT INTO fleet_outbox (kind, item_id, view_id) SELECT'
        f" 'view', item_id, view_id FROM views JOIN items ON item = number WHERE view_id = {view};"
        'INSERT INTO fleet_views (log, seq, view_id, item_id)'
        f' SELECT {_LOG}, seq, view_id, item_id FROM fleet_outbox'
        ' WHERE seq = last_insert_rowid();'
    )


def _gone(view: str) -> str:
    return (
        "INSERT INTO fleet_outbox (kind, item_id, target) SELECT 'gone', item_id,"
        f" log || '/' || seq FROM fleet_views WHERE view_id = {view} AND NOT dead;"
        f'UPDATE fleet_views SET dead = 1 WHERE view_id = {view} AND NOT dead;'
    )


# An undo takes only its own views away; here others may have taken the rest of the item before.
_LAST = (
    'UPDATE items SET gone = NEW.version WHERE gone = 0'
    ' AND number = (SELECT item FROM views WHERE view_id = NEW.view_id)'
    f' AND NOT EXISTS (SELECT 1 FROM views WHERE item = number AND {LIVE});'
)
_TRIGGERS = {
    'fleet_named': ('INSERT ON items', 'TRUE', _SET_LABEL),
    'fleet_renamed': (
        'UPDATE OF label ON items',
        'NEW.label != OLD.label',
        f'{_SET_LABEL} INSERT INTO fleet_outbox (kind, item_id, label, stamp)'
        f" VALUES ('label', NEW.item_id, NEW.label, {_CLOCK});",
    ),
    # Its id may have been another item's meanwhile, with another label.
    'fleet_returned': (
        'UPDATE OF gone ON items',
        'NEW.gone = 0 AND NEW.label !='
        ' (SELECT label FROM fleet_labels WHERE item_id = NEW.item_id)',
        _SET_LABEL,
    ),
    'fleet_added': ('INSERT ON views', 'TRUE', _added('NEW.view_id')),
    'fleet_gone': ('INSERT ON gone', 'TRUE', _gone('NEW.view_id') + _LAST),
    # Its mark of being gone was removed; not so where the view itself was erased.
    'fleet_back': (
        'DELETE ON gone',
        'EXISTS (SELECT 1 FROM views WHERE view_id = OLD.view_id)',
        _added('OLD.view_id'),
    ),
    'fleet_erased': ('DELETE ON views', 'TRUE', _gone('OLD.view_id')),
}


def install(connection: sqlite3.Connection) -> None:
    """Make a gallery's file a replica: what it holds already goes into the outbox.

    Args:
        connection: within a write transaction.
    """
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'fleet_state'").fetchone():
        return
    for statement in _TABLES:
        connection.execute(statement)
    state = {'log': uuid.uuid4().hex, 'clock': 0, 'muted': 0, 'pushed': 0, 'intended': 0}
    connection.executemany('INSERT INTO fleet_state VALUES (?, ?)', state.items())
    for name, (event, condition, body) in _TRIGGERS.items():
        connection.execute(
            f'CREATE TRIGGER {name} AFTER {event} WHEN {_OURS} AND {condition} BEGIN {body} END'
        )
    connection.execute(_TICK)
    connection.execute(
        # Also of those that are forgotten: an undo may bring them back. The living one counts.
        f'INSERT OR IGNORE INTO fleet_labels SELECT item_id, label, {_CLOCK}, {_LOG} FROM items'
        ' ORDER BY gone'
    )
    connection.execute(
        "INSERT INTO fleet_outbox (kind, item_id, view_id) SELECT 'view', item_id, view_id"
        f' FROM views JOIN items ON item = number WHERE {LIVE} ORDER BY view_id'
    )
    connection.execute(
        'INSERT INTO fleet_views (log, seq, view_id, item_id)'
        f' SELECT {_LOG}, seq, view_id, item_id FROM fleet_outbox'
    )
