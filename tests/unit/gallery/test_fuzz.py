# SPDX-License-Identifier: Apache-2.0
"""Damaged and hostile galleries, portable files and samples: a clear error, or the right answer.

`XSENSE_FUZZ=20 pytest -s tests/unit/gallery/test_fuzz.py` tries twenty times as many.
"""

from __future__ import annotations

import io
import json
import os
import random
import sqlite3
import zipfile
from collections import Counter

import numpy as np
import pytest

from xsense_ros.errors import GalleryError, InputError, XsenseError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import decode_media, encode_media
from xsense_ros.gallery.portable.export import export_gallery
from xsense_ros.gallery.portable.incoming import Portable, merge
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.press import Press

TIMES = int(os.environ.get('XSENSE_FUZZ', '1'))
ODD = (
    *(None, True, 0, -1, 2**63, 2**64, 1e308, '', 'x' * 300, [], {}, [[]]),
    *('../../etc/passwd', '/etc/passwd', 'views/1.png\0', '\ud800', '\u202e', 'manifest.json'),
)


@pytest.fixture
def report(capsys):
    """Counts what was tried, and prints it at the end."""
    counts: Counter[str] = Counter()
    yield counts
    with capsys.disabled():
        told = ', '.join(f'{count} {what}' for what, count in counts.items())
        print(f'\nfuzz: {counts.total()} inputs: {told}')


def picture(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3)).astype(np.uint8)
    return encode_media('image', pixels)[0]


@pytest.fixture
def filled(tmp_path, fingerprints, unit):
    path = tmp_path / 'gallery.db'
    with Gallery.open(path, fingerprints) as gallery:
        for n in range(6):
            kept = View('image', {'ist': unit(n)}, picture(n), 'image/png', thumbnail=None)
            word = View('text', {'ist': unit(100 + n)}, f'thing {n}'.encode(), 'text/plain')
            gallery.enroll(f'thing {n}', [kept, word], f'id-{n}')
        gallery.forget('id-5')
        gallery.rename('id-4', 'renamed')
    return path


def damaged(data, chance):
    """Bytes with some of them changed, cut off, doubled or overwritten by others of their own."""
    data = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        place = chance.randrange(len(data))
        kind = chance.randrange(5)
        if kind == 0:
            data[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            data[place] = chance.choice((0, 1, 0x7F, 0x80, 0xFF))
        elif kind == 2:
            del data[place : place + chance.choice((1, 4, 100))]
        elif kind == 3:
            length = chance.choice((2, 4, 8, 64))
            other = chance.randrange(len(data))
            data[place : place + length] = data[other : other + length]
        else:
            data[place : place + 4] = chance.choice((b'\xff' * 4, b'\0' * 4, b'\x7f\xff\xff\xff'))
        if not data:
            return b''
    return bytes(data)


def test_damaged_gallery_files(filled, fingerprints, unit, tmp_path, report):
    whole = filled.read_bytes()
    chance = random.Random(1)
    path = tmp_path / 'damaged.db'
    for _ in range(50 * TIMES):
        for left in tmp_path.glob('damaged.db*'):
            left.unlink()
        path.write_bytes(damaged(whole, chance))
        try:
            with Gallery.open(path, fingerprints) as gallery:
                for item in gallery.items():
                    gallery.view(item.item_id, 0)
                hits = gallery.search('ist', 'image', unit(3), 3)
                assert all(np.isfinite(hit.score) for hit in hits)
                list(gallery.records())
                list(gallery.kept_views())
                gallery.undo()
            report['damaged gallery files, readable'] += 1
        except XsenseError:
            report['damaged gallery files, refused'] += 1


def test_rows_of_another_kind(filled, fingerprints, unit, report):
    """A file that SQLite finds whole, with values that we never write."""
    chance = random.Random(2)
    whole = filled.read_bytes()
    values = (None, -1, 0, 2**62, 1.5, '', 'x', b'', b'\xff\xfe', 'x' * 5000, b'\0' * 32)
    with sqlite3.connect(filled) as connection:
        columns = [
            (table, column[1])
            for table in (
                'items',
                'views',
                'vectors',
                'gone',
                'contents',
                'changes',
                'meta',
                'spaces',
            )
            for column in connection.execute(f'PRAGMA table_info({table})')
        ]
    connection.close()
    for _ in range(50 * TIMES):
        for left in filled.parent.glob('gallery.db-*'):
            left.unlink()
        filled.write_bytes(whole)
        connection = sqlite3.connect(filled)
        for _ in range(chance.choice((1, 1, 3))):
            table, column = chance.choice(columns)
            try:
                with connection:
                    connection.execute(
                        f'UPDATE {table} SET {column} = ? WHERE rowid ='
                        f' (SELECT rowid FROM {table} ORDER BY random() LIMIT 1)',
                        (chance.choice(values),),
                    )
            except (sqlite3.Error, OverflowError):
                continue
        connection.close()
        try:
            with Gallery.open(filled, fingerprints) as gallery:
                for item in gallery.items(containing='thing'):
                    gallery.view(item.item_id, 0)
                gallery.search('ist', 'image', unit(3), 3)
                list(gallery.records())
                gallery.enroll('new', [View('image', {'ist': unit(9)})])
                gallery.undo()
                gallery.undo()
            report['odd rows, readable'] += 1
        except XsenseError:
            report['odd rows, refused'] += 1


@pytest.fixture
def portable(filled, tmp_path):
    path = tmp_path / 'whole.xsgallery'
    with Gallery.open(filled) as gallery:
        export_gallery(gallery, path)
    return path


def tried(path, report, what):
    """Whether the file is taken; nothing but our own errors may come out."""
    try:
        with Portable(path) as found, Gallery.open(':memory:', found.fingerprints) as gallery:
            merge(gallery, found)
            assert gallery.size == len(found.manifest.items)
    except (GalleryError, InputError) as error:
        assert 'Cure: ' in str(error)
        report[f'{what}, refused'] += 1
        return False
    report[f'{what}, harmless'] += 1
    return True


def test_damaged_portable_files(portable, tmp_path, report):
    whole, path = portable.read_bytes(), tmp_path / 'damaged.xsgallery'
    chance = random.Random(3)
    for _ in range(500 * TIMES):
        path.write_bytes(damaged(whole, chance))
        tried(path, report, 'damaged portable files')
    for length in range(0, len(whole), max(1, len(whole) // 60)):
        path.write_bytes(whole[:length])
        assert not tried(path, report, 'truncated portable files')


def rewritten(source, target, change):
    """The archive with another manifest and other entries: ``change`` gets both."""
    with zipfile.ZipFile(source) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries.pop('manifest.json'))
    change(manifest, entries)
    with zipfile.ZipFile(target, 'w') as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
        archive.writestr('manifest.json', json.dumps(manifest))


def places(value, path=()):
    """Every place of a JSON value, as keys to it."""
    found = [path] if path else []
    if isinstance(value, dict | list):
        for key, child in value.items() if isinstance(value, dict) else enumerate(value):
            found += places(child, (*path, key))
    return found


def test_hostile_manifests(portable, tmp_path, report):
    """Every place of the manifest is missing once, and holds something odd several times."""
    path = tmp_path / 'hostile.xsgallery'
    chance = random.Random(4)
    with zipfile.ZipFile(portable) as archive:
        everywhere = places(json.loads(archive.read('manifest.json')))
    for keys in everywhere:
        for odd in (..., *chance.sample(ODD, min(len(ODD), 2 * TIMES))):

            def change(manifest, entries, keys=keys, odd=odd):
                at = manifest
                for key in keys[:-1]:
                    at = at[key]
                if odd is ...:
                    del at[keys[-1]]
                else:
                    at[keys[-1]] = odd

            rewritten(portable, path, change)
            tried(path, report, 'hostile manifests')


def outcome(modality, sample):
    try:
        decode_media(modality, sample)
    except InputError:
        return 'refused'
    return 'readable'


def test_damaged_samples(report):
    sound = Waveform(np.random.default_rng(0).uniform(-0.9, 0.9, 4000).astype(np.float32), 16000)
    pixels = np.random.default_rng(1).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    whole = {
        'image': encode_media('image', pixels)[0],
        'touch': encode_media('touch', Press(pixels, 0.05))[0],
        'sound': encode_media('sound', sound)[0],
        'text': 'grün ist die Heide'.encode(),
    }
    chance = random.Random(5)
    for modality, data in whole.items():
        if data is None:
            continue
        for _ in range(250 * TIMES):
            sample = damaged(data, chance)
            report[f'damaged samples, {outcome(modality, sample)}'] += 1
    with pytest.raises(InputError):
        decode_media('sound', io.BytesIO(b'RIFF').getvalue())
