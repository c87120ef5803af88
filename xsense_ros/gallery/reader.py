# SPDX-License-Identifier: Apache-2.0
"""What can be asked of a gallery's record, without changing it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from xsense_ros.errors import InputError
from xsense_ros.gallery.database import Database
from xsense_ros.gallery.item import FullView, Item, KeptView, View
from xsense_ros.gallery.reading import (
    ITEM,
    LIVE,
    read_item,
    read_version,
    read_view_vectors,
    require,
)


class Reader:
    """Questions to the record. Thread-safe.

    Args:
        database: open.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    @property
    def version(self) -> int:
        """Number of changes so far, by any process; 0 for a new gallery."""
        with self.database.read() as connection:
            return read_version(connection)

    @property
    def size(self) -> int:
        """Number of items."""
        return self.count()

    @property
    def read_only(self) -> bool:
        """The file may not be written: searching works, enrolling does not."""
        return self.database.read_only

    @property
    def spaces(self) -> dict[str, str]:
        """Fingerprint of each space that the gallery knows, by name."""
        with self.database.read() as connection:
            query = 'SELECT name, fingerprint FROM spaces ORDER BY name'
            return dict(connection.execute(query))

    def items(
        self, *, containing: str = '', offset: int = 0, limit: int | None = None
    ) -> list[Item]:
        """Items in order of enrolment, those whose label contains a text (case ignored)."""
        query = (
            f"SELECT {ITEM} FROM items WHERE gone = 0 AND (?1 = '' OR instr(casefold(label), ?1))"
            ' ORDER BY number LIMIT ?2 OFFSET ?3'
        )
        with self.database.read() as connection:
            rows = connection.execute(
                query, (containing.casefold(), -1 if limit is None else limit, offset)
            ).fetchall()
            return [read_item(connection, row) for row in rows]

    def count(self, containing: str = '') -> int:
        """Number of items whose label contains a text (case ignored)."""
        query = (
            "SELECT count(*) FROM items WHERE gone = 0 AND (?1 = '' OR instr(casefold(label), ?1))"
        )
        with self.database.read() as connection:
            return int(connection.execute(query, (containing.casefold(),)).fetchone()[0])

    def item(self, item_id: str) -> Item:
        """One item; InputError for an unknown id."""
        with self.database.read() as connection:
            return read_item(connection, require(connection, item_id))

    def thumbnail(self, item_id: str) -> bytes | None:
        """JPEG of the item's latest picture, else sketch; InputError for an unknown id."""
        query = (
            f'SELECT thumbnail FROM views WHERE item = ? AND {LIVE} AND thumbnail IS NOT NULL'
            " ORDER BY modality = 'image' DESC, view_id DESC LIMIT 1"
        )
        with self.database.read() as connection:
            row = connection.execute(query, (require(connection, item_id)[0],)).fetchone()
            return row and bytes(row[0])

    def view(self, item_id: str, place: int) -> FullView:
        """What was kept of one view of an item.

        Args:
            item_id: of the item.
            place: of the view in ``Item.views``, from 0.

        Raises:
            InputError: unknown id, or no such view.
        """
        query = (
            'SELECT view_id, modality, media, media_type, thumbnail FROM views'
            f' WHERE item = ? AND {LIVE} ORDER BY view_id LIMIT 1 OFFSET ?'
        )
        with self.database.read() as connection:
            item = read_item(connection, require(connection, item_id))
            if not 0 <= place < len(item.views):
                expected = f'0 to {len(item.views) - 1}, the views of {item_id}'
                raise InputError('view', place, expected, 'list the items for their views')
            number = require(connection, item_id)[0]
            return FullView(*connection.execute(query, (number, place)).fetchone())

    def known(self, sha256: bytes) -> str | None:
        """Id of the item with a view enrolled with this ``View.sha256``; None for none."""
        query = (
            'SELECT item_id FROM contents JOIN views USING (view_id) JOIN items ON item = number'
            f' WHERE sha256 = ? AND {LIVE} ORDER BY view_id LIMIT 1'
        )
        with self.database.read() as connection:
            row = connection.execute(query, (sha256,)).fetchone()
            return row and str(row[0])

    def views_without(self, space: str, modalities: Sequence[str]) -> int:
        """Number of views of these modalities that cannot be found in a space.

        They were enrolled before its models were in use; rebuilding the gallery adds them.
        """
        marks = ','.join('?' * len(modalities))
        query = (
            f'SELECT count(*) FROM views WHERE modality IN ({marks}) AND {LIVE} AND NOT EXISTS'
            ' (SELECT 1 FROM vectors WHERE vectors.view_id = views.view_id AND space = ?)'
        )
        with self.database.read() as connection:
            return int(connection.execute(query, (*modalities, space)).fetchone()[0])

    def kept_views(self) -> Iterator[KeptView]:
        """Views whose sample was kept, in order of enrolment, read one at a time.

        With them a gallery can be rebuilt after a change of the model: encode each sample again
        and enrol it, with its item's id and label, in a new gallery.
        """
        query = (
            'SELECT item_id, label, view_id, modality, media, media_type, thumbnail,'
            ' views.created_ns, sha256, items.created_ns'
            ' FROM views JOIN items ON item = number LEFT JOIN contents USING (view_id)'
            f' WHERE views.view_id > ? AND {LIVE} AND media IS NOT NULL'
            ' ORDER BY views.view_id LIMIT 1'
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

    def records(self, item_ids: Collection[str] | None = None) -> Iterator[tuple[Item, View]]:
        """All that is known of all items, or of some: their views one by one, in order.

        One state of the gallery. Other threads cannot use it until all were taken, and this one
        can only read.

        Raises:
            InputError: an unknown id.
        """
        query = (
            'SELECT view_id, modality, media, media_type, thumbnail, created_ns, sha256'
            ' FROM views LEFT JOIN contents USING (view_id)'
            f' WHERE item = ? AND {LIVE} ORDER BY view_id'
        )
        with self.database.read() as connection:
            if item_ids is None:
                rows = connection.execute(
                    f'SELECT {ITEM} FROM items WHERE gone = 0 ORDER BY number'
                ).fetchall()
            else:
                rows = [require(connection, item_id) for item_id in item_ids]
            for row in rows:
                item = read_item(connection, row)
                for view_id, modality, *kept in connection.execute(query, (row[0],)):
                    yield item, View(modality, read_view_vectors(connection, view_id), *kept)
