# SPDX-License-Identifier: Apache-2.0
"""What a robot asks of its fleet's gallery: how far the logs go, their changes, and samples."""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from xsense_ros.gallery.remote import faults
from xsense_ros.gallery.remote.address import Address
from xsense_ros.gallery.remote.change import Change, Head, Key
from xsense_ros.gallery.remote.connection import Connection
from xsense_ros.gallery.remote.rows import blank, from_row, spaces_of, to_row
from xsense_ros.gallery.remote.tables import LOG, NOTHING, SAMPLES, Table, vectors_table

SCHEMA = 1
# Milvus answers at most 16,384 rows.
_KEYS_AT_A_TIME = 8192
_PIECES_AT_A_TIME = 32
_LOG_NAME = re.compile(r'[0-9a-f]{32}')
_ABOUT = 'kind in ["head", "schema", "space"]'
_HEAD = ('kind', 'log', 'seq', 'robot', 'item_id', 'detail')
_CHANGES = 'kind in ["view", "gone", "label"]'


@dataclass
class Page:
    """Changes of a log, in order, read up to a place; ``refused`` cannot be understood."""

    upto: int
    changes: list[Change] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)


class Server:
    """An open connection to a gallery of our kind. Not thread-safe.

    Args:
        address: from the URL.
        fingerprints: of the spaces in use.

    Raises:
        OfflineError: no answer.
        RefusedError: no permission, another version or model, or a collection that is not ours.
    """

    def __init__(self, address: Address, fingerprints: Mapping[str, str]) -> None:
        self._address = address
        self._fingerprints = dict(fingerprints)
        self._vectors: dict[str, Table] = {}
        self._connection = Connection(address)
        try:
            self._connection.open(LOG)
            self._connection.open(SAMPLES)
            self._greet()
            self.heads()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def heads(self) -> dict[str, Head]:
        """How far each log is complete, by its name.

        Raises:
            RefusedError: the fleet is not of our version or model (any more).
        """
        heads = {}
        for row in self._connection.query(LOG, _ABOUT, _HEAD):
            if row['kind'] == 'schema' and row['seq'] != SCHEMA:
                raise faults.other_version(self._address, row['seq'], SCHEMA)
            if row['kind'] == 'space':
                space, theirs = row['item_id'], row['detail']
                ours = self._fingerprints.get(space, theirs)
                if ours != theirs:
                    raise faults.other_model(self._address, space, theirs, ours)
            if row['kind'] == 'head' and _LOG_NAME.fullmatch(row['log']):
                heads[row['log']] = Head(row['log'], row['robot'], row['seq'])
        return heads

    def read(self, log: str, after: int, upto: int, most: int) -> Page:
        """Changes of a log after ``after`` and up to ``upto``, at most ``most`` of them."""
        # Views that are gone have left gaps: first the places, then no more rows than are wanted.
        last = min(upto, after + _KEYS_AT_A_TIME)
        found = self._connection.query(LOG, _within(log, after, last), ('seq',))
        places = sorted(row['seq'] for row in found)
        if len(places) > most:
            last = places[most - 1]
        page = Page(last)
        if not places:
            return page
        rows = self._connection.query(LOG, _within(log, after, last), LOG.fields)
        vectors = self._read_vectors(log, after, last, rows)
        for row in sorted(rows, key=lambda row: int(row['seq'])):
            _read_row(row, vectors.get(row['seq'], {}), page)
        return page

    def write(self, changes: Sequence[Change], sample_of: Callable[[Key], bytes]) -> None:
        """Add changes; nobody reads them before ``publish``.

        Args:
            changes: of one log.
            sample_of: gives the samples of those views that have pieces, one at a time.
        """
        rows = []
        vectors: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for change in changes:
            row = to_row(change, self._address.robot)
            if row is None:
                continue
            rows.append(row)
            if change.view is None:
                continue
            for space, data in change.view.vectors.items():
                if space in self._fingerprints:
                    vectors[space].append(row | {'vector': np.frombuffer(data, '<f4').tolist()})
            if change.view.pieces:
                self._write_sample(change.key, sample_of(change.key), change.view.pieces)
        for space, found in vectors.items():
            table = self._table(space, len(found[0]['vector']))
            assert table is not None  # it was made where it was missing
            names = (*table.fields, 'vector')
            few = [{name: row[name] for name in names} for row in found]
            self._connection.upsert(table, few)
        self._connection.upsert(LOG, rows)

    def publish(self, head: Head) -> None:
        """Let the fleet read a log up to its head."""
        row = blank(f'head/{head.log}', 'head', log=head.log, robot=head.robot, seq=head.seq)
        self._connection.upsert(LOG, [row])

    def erase(self, keys: Sequence[Key]) -> None:
        """Free the space of views that are gone."""
        logs: dict[str, list[int]] = defaultdict(list)
        for key in keys:
            logs[key.log].append(key.seq)
        for log, places in logs.items():
            where = f'log == "{log}" and seq in {places}'
            for table in (SAMPLES, *self._known_tables()):
                self._connection.delete(table, where)
            self._connection.delete(LOG, f'{where} and {_CHANGES}')

    def sample(self, key: Key, pieces: int) -> bytes | None:
        """The sample of a view; None where it is not there any more."""
        parts: list[bytes] = []
        for first in range(0, pieces, _PIECES_AT_A_TIME):
            where = f'{_at(key)} and piece >= {first} and piece < {first + _PIECES_AT_A_TIME}'
            rows = self._connection.query(SAMPLES, where, ('piece', 'data'))
            rows.sort(key=lambda row: int(row['piece']))
            parts += [base64.b64decode(row['data']) for row in rows]
        return b''.join(parts) if len(parts) == pieces else None

    def _greet(self) -> None:
        """Say which version and models the fleet is of, where nobody has said so yet."""
        said = {row['pk'] for row in self._connection.query(LOG, _ABOUT, ('pk',))}
        rows = [blank('schema', 'schema', seq=SCHEMA)]
        rows += [
            blank(f'space/{space}', 'space', item_id=space, detail=fingerprint)
            for space, fingerprint in self._fingerprints.items()
        ]
        self._connection.upsert(LOG, [row for row in rows if row['pk'] not in said])

    def _known_tables(self) -> list[Table]:
        tables = [self._table(space) for space in self._fingerprints]
        return [table for table in tables if table is not None]

    def _table(self, space: str, dimension: int = 0) -> Table | None:
        """The vectors of a space; None where nobody has sent any, and no dimension is given."""
        table = self._vectors.get(space)
        if table is None:
            table = vectors_table(space, self._fingerprints[space], dimension)
            if not dimension and not self._connection.has(table):
                return None
            self._connection.open(table)
            self._vectors[space] = table
        return table

    def _write_sample(self, key: Key, sample: bytes, pieces: int) -> None:
        size = -(-len(sample) // pieces)
        for first in range(0, pieces, _PIECES_AT_A_TIME):
            rows = [
                {
                    'pk': f'{key}/{piece}',
                    'log': key.log,
                    'seq': key.seq,
                    'piece': piece,
                    'data': base64.b64encode(sample[piece * size : (piece + 1) * size]).decode(),
                    'vector': NOTHING,
                }
                for piece in range(first, min(pieces, first + _PIECES_AT_A_TIME))
            ]
            self._connection.upsert(SAMPLES, rows)

    def _read_vectors(
        self, log: str, after: int, last: int, rows: Sequence[Mapping[str, Any]]
    ) -> dict[int, dict[str, bytes]]:
        vectors: dict[int, dict[str, bytes]] = {}
        used = {space for row in rows for space in spaces_of(row)}
        for space in used & set(self._fingerprints):
            table = self._table(space)
            if table is None:
                continue
            where = f'log == "{log}" and seq > {after} and seq <= {last}'
            for row in self._connection.query(table, where, ('seq', 'vector')):
                data = np.asarray(row['vector'], '<f4').tobytes()
                vectors.setdefault(row['seq'], {})[space] = data
        return vectors


def _read_row(row: Mapping[str, Any], vectors: Mapping[str, bytes], page: Page) -> None:
    try:
        page.changes.append(from_row(row, vectors))
    except ValueError as error:
        page.refused.append(f'change {row["pk"]} cannot be read ({error})')


def _within(log: str, after: int, last: int) -> str:
    return f'log == "{log}" and seq > {after} and seq <= {last} and {_CHANGES}'


def _at(key: Key) -> str:
    return f'log == "{key.log}" and seq == {key.seq}'
