# SPDX-License-Identifier: Apache-2.0
"""The file of a gallery: other models, damage, full disk, permissions, several processes."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from xsense_ros.errors import GalleryError
from xsense_ros.gallery import database
from xsense_ros.gallery.gallery import Gallery


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'gallery.db'


@pytest.fixture
def filled(path, fingerprints, view):
    with Gallery.open(path, fingerprints) as gallery:
        for n in range(10):
            gallery.enroll(f'thing {n}', [view(n), view(n + 100, 'sound')])
    return path


def test_reopened_gallery_remembers(filled, fingerprints, unit):
    with Gallery.open(filled, fingerprints) as gallery:
        assert (gallery.size, gallery.version) == (10, 10)
        assert gallery.search('ist', 'image', unit(7), 1)[0].label == 'thing 7'
        assert gallery.search('ist', 'sound', unit(107), 1)[0].label == 'thing 7'


def test_gallery_of_another_model_is_refused_with_the_cure(filled):
    with pytest.raises(GalleryError, match=r'fingerprint.*rebuild') as caught:
        Gallery.open(filled, {'ist': 'b' * 64})
    assert 'aaaa' in str(caught.value) and 'bbbb' in str(caught.value)
    with pytest.raises(GalleryError, match='rebuild'):
        Gallery.open(filled, {'another space': 'b' * 64})
    with Gallery.open(filled) as gallery:
        assert gallery.size == 10


def test_empty_gallery_may_change_its_model(path, fingerprints, view):
    Gallery.open(path, fingerprints).close()
    with Gallery.open(path, {'ist': 'b' * 64}) as gallery:
        gallery.enroll('cup', [view(1)])
    with pytest.raises(GalleryError, match='fingerprint'):
        Gallery.open(path, fingerprints)


def test_one_more_space_is_welcome(filled, fingerprints, unit):
    with Gallery.open(filled, {**fingerprints, 'touch-vision': 'c' * 64}) as gallery:
        assert gallery.search('touch-vision', 'touch', unit(1), 1) == []
        assert gallery.search('ist', 'image', unit(1), 1)[0].label == 'thing 1'


def test_full_disk_leaves_the_gallery_whole(filled, fingerprints, view, unit):
    with Gallery.open(filled, fingerprints) as gallery:
        connection = gallery._store.database._writer.connection
        pages = connection.execute('PRAGMA page_count').fetchone()[0]
        connection.execute(f'PRAGMA max_page_count = {pages + 8}')
        kept = 10
        with pytest.raises(GalleryError, match=r'full.*free some space'):
            for n in range(100):
                big = [view(200 + n, media=b'x' * 9000, media_type='image/png'), view(300 + n)]
                gallery.enroll(f'big {n}', big)
                kept += 1
        assert gallery.size == gallery.version == kept
        assert len(gallery.search('ist', 'image', unit(3), 999)) == kept
        assert gallery.search('ist', 'image', unit(3), 1)[0].label == 'thing 3'
        connection.execute('PRAGMA max_page_count = 100000')
        gallery.enroll('after', [view(500)])
        assert gallery.search('ist', 'image', unit(500), 1)[0].label == 'after'
    assert sqlite3.connect(filled).execute('PRAGMA integrity_check').fetchone() == ('ok',)


@pytest.mark.parametrize('damage', ['garbage', 'header', 'middle', 'truncated'])
def test_damaged_file(filled, fingerprints, view, damage):
    with Gallery.open(filled, fingerprints) as gallery:
        for n in range(200):
            gallery.enroll(f'more {n}', [view(n)])
    data = bytearray(filled.read_bytes())
    page = 4096
    if damage == 'garbage':
        data = bytearray(b'this is no database, but a note someone saved here' * 100)
    elif damage == 'header':
        data[:100] = bytes(100)
    elif damage == 'middle':
        data[2 * page :] = b'\xa5' * (len(data) - 2 * page)
    else:
        data = data[: len(data) // 2 // page * page]
    filled.write_bytes(data)
    with pytest.raises(GalleryError, match='Cure:'), Gallery.open(filled, fingerprints) as gallery:
        gallery.items()


def test_damaged_vectors_do_not_become_answers(filled, fingerprints):
    with sqlite3.connect(filled) as connection:
        connection.execute('UPDATE vectors SET vector = zeroblob(32) WHERE view_id = 5')
    connection.close()
    with pytest.raises(GalleryError, match='damaged vectors'):
        Gallery.open(filled, fingerprints)


def test_database_of_another_program(path, fingerprints):
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE cookies (name TEXT)')
    connection.close()
    with pytest.raises(GalleryError, match='another database'):
        Gallery.open(path, fingerprints)
    tables = sqlite3.connect(path).execute('SELECT name FROM sqlite_schema').fetchall()
    assert tables == [('cookies',)]


def test_unknown_schema_version(filled, fingerprints):
    with sqlite3.connect(filled) as connection:
        connection.execute("UPDATE meta SET value = 99 WHERE key = 'schema_version'")
    connection.close()
    with pytest.raises(GalleryError, match=r'schema_version.*99'):
        Gallery.open(filled, fingerprints)


def test_path_that_is_a_folder(tmp_path, fingerprints):
    with pytest.raises(GalleryError, match='unable to open'):
        Gallery.open(tmp_path, fingerprints)
    (tmp_path / 'file').write_text('')
    with pytest.raises(GalleryError, match='folder'):
        Gallery.open(tmp_path / 'file' / 'gallery.db', fingerprints)


def test_locked_by_another_process(filled, fingerprints, view, unit, monkeypatch):
    monkeypatch.setattr(database, '_BUSY_SECONDS', 0.05)
    with Gallery.open(filled, fingerprints) as gallery:
        other = sqlite3.connect(filled, isolation_level=None)
        other.execute('BEGIN IMMEDIATE')
        with pytest.raises(GalleryError, match='locked'):
            gallery.enroll('cup', [view(1)])
        assert gallery.search('ist', 'image', unit(1), 1)[0].label == 'thing 1'
        other.execute('ROLLBACK')
        other.close()
        gallery.enroll('cup', [view(1)])


@pytest.fixture
def protected(filled):
    """A gallery that this process may read and not write, even if the tests run as root."""
    folder = Path(tempfile.mkdtemp())
    file = folder / 'gallery.db'
    shutil.copy(filled, file)
    file.chmod(0o444)
    folder.chmod(0o555)
    nobody, me = 65534, os.geteuid()
    if me == 0:
        os.seteuid(nobody)
    yield file
    if me == 0:
        os.seteuid(me)
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_read_only_file_is_searched_but_not_changed(protected, fingerprints, view, unit):
    with Gallery.open(protected, fingerprints) as gallery:
        assert gallery.read_only
        assert gallery.search('ist', 'image', unit(4), 1)[0].label == 'thing 4'
        item = gallery.items()[0]
        for change in (
            lambda: gallery.enroll('cup', [view(1)]),
            lambda: gallery.forget(item.item_id),
            lambda: gallery.rename(item.item_id, 'x'),
        ):
            with pytest.raises(GalleryError, match=r'read-only.*writable'):
                change()
        assert gallery.size == 10


def test_changes_of_another_process_are_seen(filled, fingerprints, unit):
    """A second process enrols, renames and forgets; this one follows by the version counter."""
    program = """
import sys, numpy as np
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
gallery = Gallery.open(sys.argv[1], {'ist': 'a' * 64})
gallery.enroll('from afar', [View('image', {'ist': -np.eye(8, dtype=np.float32)[0]})], 'far')
items = gallery.items()
gallery.forget(items[0].item_id)
gallery.rename(items[1].item_id, 'renamed')
"""
    with Gallery.open(filled, fingerprints) as gallery:
        assert gallery.search('ist', 'image', unit(0), 1)[0].label == 'thing 0'
        subprocess.run([sys.executable, '-c', program, str(filled)], check=True, timeout=60)
        far = gallery.search('ist', 'image', -np.eye(8, dtype=np.float32)[0], 1)[0]
        assert (far.item_id, far.label) == ('far', 'from afar')
        assert far.score == pytest.approx(1)
        labels = {hit.label for hit in gallery.search('ist', 'image', unit(0), 99)}
        assert 'thing 0' not in labels and 'renamed' in labels
        assert (gallery.version, gallery.size) == (13, 10)
