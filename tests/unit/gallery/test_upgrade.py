# SPDX-License-Identifier: Apache-2.0
"""A file of version 1 becomes one of this version, and loses nothing.

``version1.sql`` is what that version wrote: a mug with a picture and a text, a sound, and two
items that were forgotten, the last of which had the highest numbers.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest

from xsense_ros.errors import GalleryError
from xsense_ros.gallery import schema
from xsense_ros.gallery.gallery import Gallery

DUMP = Path(__file__).with_name('version1.sql').read_text(encoding='utf-8')


@pytest.fixture
def old(tmp_path):
    path = tmp_path / 'gallery.db'
    connection = sqlite3.connect(path)
    connection.executescript(DUMP)
    connection.close()
    return path


def rows(path):
    """What version 1 held, as it lies in the file."""
    connection = sqlite3.connect(path)
    found = {
        table: connection.execute(f'SELECT {columns} FROM {table} ORDER BY 1, 2').fetchall()
        for table, columns in (
            ('items', 'number, item_id, label, created_ns'),
            ('views', '*'),
            ('vectors', '*'),
            ('spaces', '*'),
        )
    }
    connection.close()
    return found


def test_nothing_is_lost(old, fingerprints, unit):
    before = rows(old)
    with Gallery.open(old, fingerprints) as gallery:
        assert gallery.version == 7
        assert [(item.item_id, item.label) for item in gallery.items()] == [
            ('cup-1', 'mug'),
            ('sound-1', 'Größe'),
        ]
        assert [item.created_ns for item in gallery.items()] == [row[3] for row in before['items']]
        assert gallery.search('ist', 'image', unit(0), 1)[0].label == 'mug'
        assert gallery.view('cup-1', 0).media == b'png of the cup'
        assert gallery.thumbnail('cup-1') == b'jpeg of the cup'
    assert rows(old) == before
    connection = sqlite3.connect(old)
    assert connection.execute('PRAGMA integrity_check').fetchone() == ('ok',)
    assert connection.execute('PRAGMA foreign_key_check').fetchall() == []
    connection.close()


def test_it_is_as_a_new_one(old, tmp_path, fingerprints, view, unit):
    """The same tables, and numbers that were used are not used again."""
    with Gallery.open(old, fingerprints) as gallery:
        new = gallery.enroll('new', [view(9)])
        assert new.views[0].view_id == 6
        gallery.undo(gallery.forget('cup-1'))
        assert gallery.undo(new.changed).what.startswith('enrolment')
        assert gallery.search('ist', 'image', unit(0), 1)[0].label == 'mug'
        with gallery.database.read() as connection:
            number = connection.execute("SELECT number FROM items WHERE item_id = 'sound-1'")
            assert number.fetchone() == (2,)
            assert connection.execute('SELECT max(number) FROM items').fetchone() == (5,)
    Gallery.open(tmp_path / 'fresh.db').close()
    tables = []
    for path in (old, tmp_path / 'fresh.db'):
        connection = sqlite3.connect(path)
        tables.append(
            {
                (
                    kind,
                    name,
                    tuple(row[1:] for row in connection.execute(f'PRAGMA table_info({name})')),
                )
                for kind, name in connection.execute('SELECT type, name FROM sqlite_schema')
            }
        )
        connection.close()
    assert tables[0] == tables[1]


def test_an_upgrade_that_fails_changes_nothing(old, monkeypatch, fingerprints):
    monkeypatch.setattr(schema, '_FROM_1', (*schema._FROM_1, 'INSERT INTO nowhere VALUES (1)'))
    with pytest.raises(GalleryError, match='nowhere'):
        Gallery.open(old, fingerprints)
    monkeypatch.undo()
    connection = sqlite3.connect(old)
    assert schema.version(connection) == 1
    connection.close()
    with Gallery.open(old, fingerprints) as gallery:
        assert gallery.size == 2


def test_read_only_file_is_read_from_memory(old, monkeypatch, fingerprints, unit):
    before = old.read_bytes()
    monkeypatch.setattr('xsense_ros.gallery.database._writable', lambda path: False)
    with Gallery.open(old, fingerprints) as gallery:
        assert gallery.read_only and gallery.size == 2
        assert gallery.search('ist', 'image', unit(0), 1)[0].label == 'mug'
        assert gallery.items(containing='GRÖSSE')[0].item_id == 'sound-1'
        np.testing.assert_array_equal(gallery.vectors('ist', 'text').matrix[0], unit(1))
        with pytest.raises(GalleryError, match='read-only'):
            gallery.forget('cup-1')
    assert old.read_bytes() == before


def test_two_processes_at_once(old, fingerprints):
    """Who comes second finds it done."""
    with Gallery.open(old, fingerprints) as one, Gallery.open(old, fingerprints) as two:
        one.forget('cup-1')
        assert two.size == 1
