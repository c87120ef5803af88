# SPDX-License-Identifier: Apache-2.0
"""The conflict rule: how changes that robots have made apart become one gallery.

Views are an observed-remove set, labels are last-writer-wins registers (Shapiro et al., 2011,
sections 3.3.5 and 3.2.1), so that the order in which changes arrive does not matter:

- A view is there once it was added, until somebody who had it takes it away. Views that were
  added meanwhile by others stay, and with them the item. Enrolling apart under one id adds up.
- An item is called as in the latest renaming; of two at once, as in that of the greater log.
- A renaming does not bring an item back that is forgotten.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from xsense_ros.errors import InputError
from xsense_ros.gallery.checks import MAX_LABEL, MAX_NAME, check_text, check_time, check_vector
from xsense_ros.gallery.item import MEDIA_TYPES
from xsense_ros.gallery.reading import LIVE, find, read_dimensions, read_version
from xsense_ros.gallery.remote.change import Change, Key, Label, ViewContent

# A stamp beyond is no time of this age, and would leave no room for later ones.
_MAX_STAMP = 2**53


@dataclass
class Outcome:
    """What merging has found.

    Attributes:
        clock: the highest stamp that was seen.
        conflicts: changes of this robot and of others that met, in words.
        refused: changes that cannot be used, in words; they are left out.
    """

    clock: int = 0
    conflicts: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


def merge(connection: sqlite3.Connection, changes: Sequence[Change]) -> Outcome:
    """Take over changes of others, whose triggers must be muted.

    Args:
        connection: within a write transaction.
        changes: of one log, in order.
    """
    return _Merge(connection).run(changes)


class _Merge:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._dimensions = read_dimensions(connection)
        self._changed: set[int] = set()
        self._revised: set[int] = set()
        self._outcome = Outcome()

    def run(self, changes: Sequence[Change]) -> Outcome:
        for change in changes:
            try:
                self._check(change)
            except InputError as error:
                self._outcome.refused.append(str(error))
                continue
            self._outcome.clock = max(self._outcome.clock, change.label.stamp)
            self._name(change)
            if change.view is not None:
                self._add(change, change.view)
            if change.target is not None:
                self._take_away(change.item_id, change.target)
        self._count()
        return self._outcome

    def _check(self, change: Change) -> None:
        """InputError for what must not enter the record, whoever has sent it."""
        where = f'change {change.key}'
        check_text(f'item_id of {where}', change.item_id, MAX_NAME)
        label, view = change.label, change.view
        check_text(f'label of {where}', label.text, MAX_LABEL)
        if not 0 < label.stamp < _MAX_STAMP:
            cure = 'set the clock of the robot that has sent it'
            raise InputError(f'stamp of {where}', label.stamp, 'milliseconds', cure)
        if view is None:
            return
        check_text(f'modality of {where}', view.modality, MAX_NAME)
        check_time(f'created_ns of {where}', view.created_ns)
        if view.media_type not in ('', *MEDIA_TYPES):
            cure = 'bring all robots to one version of xsense_ros'
            raise InputError(f'media type of {where}', view.media_type, str(MEDIA_TYPES), cure)
        for space, data in view.vectors.items():
            if space in self._dimensions:
                vector = np.frombuffer(data[: len(data) // 4 * 4], '<f4')
                check_vector(f'vector of {where} in {space}', vector, self._dimensions[space])

    def _name(self, change: Change) -> None:
        item_id, label = change.item_id, change.label
        row = self._connection.execute(
            'SELECT label, stamp, author FROM fleet_labels WHERE item_id = ?', (item_id,)
        ).fetchone()
        known = Label(*row) if row else None
        if known is not None and change.kind == 'label' and self._unsent(item_id):
            later = max(known, label, key=lambda one: one.order).text
            self._outcome.conflicts.append(
                f'item {item_id} was named {known.text!r} here and {label.text!r} by another '
                f'robot meanwhile; the later, {later!r}, stands'
            )
        if known is not None and known.order >= label.order:
            return
        self._connection.execute(
            'INSERT OR REPLACE INTO fleet_labels VALUES (?, ?, ?, ?)',
            (item_id, label.text, label.stamp, label.author),
        )
        # Those that are forgotten here, too: an undo shall bring them back as they are called now.
        self._connection.execute(
            'UPDATE items SET label = ? WHERE item_id = ?', (label.text, item_id)
        )
        item = find(self._connection, item_id)
        if item is not None:
            self._changed.add(item[0])

    def _unsent(self, item_id: str) -> bool:
        """Whether the fleet has yet to learn a renaming of an item by this robot."""
        query = "SELECT 1 FROM fleet_outbox WHERE kind = 'label' AND item_id = ?"
        return self._connection.execute(query, (item_id,)).fetchone() is not None

    def _add(self, change: Change, view: ViewContent) -> None:
        known = self._known(change.key)
        if known is None:
            view_id = self._insert(change, view)
        elif known[1]:
            return
        else:  # seen before, when a space was not in use here
            view_id = known[0]
        for space, data in view.vectors.items():
            if space not in self._dimensions:
                continue
            added = self._connection.execute(
                'INSERT OR IGNORE INTO vectors VALUES (?, ?, ?)', (view_id, space, data)
            ).rowcount
            if added and known is not None:
                self._revised.add(self._item_of(view_id))
            if self._dimensions[space] is None:
                self._dimensions[space] = len(data) // 4
                self._connection.execute(
                    'UPDATE spaces SET dimension = ? WHERE name = ?', (len(data) // 4, space)
                )

    def _insert(self, change: Change, view: ViewContent) -> int:
        item = find(self._connection, change.item_id)
        number = item[0] if item else self._new_item(change.item_id, view.created_ns)
        self._changed.add(number)
        view_id = self._connection.execute(
            'INSERT INTO views (item, modality, created_ns, media_type, thumbnail, media)'
            " VALUES (?, ?, ?, '', ?, NULL)",
            (number, view.modality, view.created_ns, view.thumbnail),
        ).lastrowid
        assert view_id is not None  # of an INSERT
        self._connection.execute(
            'INSERT INTO fleet_views VALUES (?, ?, ?, ?, 0, ?, ?)',
            (
                *(change.key.log, change.key.seq, view_id, change.item_id),
                *(view.media_type, view.pieces),
            ),
        )
        return view_id

    def _new_item(self, item_id: str, created_ns: int) -> int:
        number = self._connection.execute(
            'INSERT INTO items (item_id, label, created_ns, changed)'
            ' SELECT item_id, label, ?, 0 FROM fleet_labels WHERE item_id = ?',
            (created_ns, item_id),
        ).lastrowid
        assert number is not None  # of an INSERT
        return number

    def _take_away(self, item_id: str, target: Key) -> None:
        known = self._known(target)
        if known is None:
            self._connection.execute(
                'INSERT INTO fleet_views (log, seq, item_id, dead) VALUES (?, ?, ?, 1)',
                (target.log, target.seq, item_id),
            )
            return
        view_id, dead = known
        if dead:
            return
        self._connection.execute(
            'UPDATE fleet_views SET dead = 1 WHERE log = ? AND seq = ?', (target.log, target.seq)
        )
        number = self._item_of(view_id)
        self._connection.execute('DELETE FROM views WHERE view_id = ?', (view_id,))
        self._revised.add(number)
        self._changed.add(number)
        query = f'SELECT 1 FROM views WHERE item = ? AND {LIVE}'
        if self._connection.execute(query, (number,)).fetchone() is None:
            if self._unsent(item_id):
                self._outcome.conflicts.append(
                    f'item {item_id} was renamed here and forgotten by another robot meanwhile; '
                    'it is forgotten'
                )
            # What was done to it here cannot be undone any more: it is erased, not put away.
            self._connection.execute('DELETE FROM changes WHERE item = ?', (number,))
            self._connection.execute('DELETE FROM items WHERE number = ?', (number,))

    def _known(self, key: Key) -> tuple[int, int] | None:
        """Internal id of a view, and whether it is dead; None where it never was here."""
        query = 'SELECT view_id, dead FROM fleet_views WHERE log = ? AND seq = ?'
        row: tuple[int, int] | None = self._connection.execute(
            query, (key.log, key.seq)
        ).fetchone()
        return row

    def _item_of(self, view_id: int) -> int:
        query = 'SELECT item FROM views WHERE view_id = ?'
        return int(self._connection.execute(query, (view_id,)).fetchone()[0])

    def _count(self) -> None:
        """All that was taken over at once counts as one change."""
        if not self._changed and not self._revised:
            return
        self._connection.execute("UPDATE meta SET value = value + 1 WHERE key = 'version'")
        version = read_version(self._connection)
        self._connection.executemany(
            'UPDATE items SET changed = ? WHERE number = ?',
            [(version, number) for number in self._changed],
        )
        self._connection.executemany(
            'INSERT INTO revised (item) VALUES (?)', [(number,) for number in self._revised]
        )
