# SPDX-License-Identifier: Apache-2.0
"""One file that holds a gallery: written, merged, restored, and refused where it is hostile."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import os
import struct
import warnings
import zipfile

import numpy as np
import pytest

from xsense_ros.errors import GalleryError, InputError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View
from xsense_ros.gallery.media import encode_media
from xsense_ros.gallery.portable import archive
from xsense_ros.gallery.portable.export import export_gallery
from xsense_ros.gallery.portable.incoming import Portable, merge, restore
from xsense_ros.gallery.thumbnail import thumbnail

PIXELS = np.random.default_rng(0).integers(0, 256, (12, 16, 3)).astype(np.uint8)
PNG, JPEG = encode_media('image', PIXELS)[0], thumbnail(PIXELS)
MADE = 1_700_000_000_000_000_000


@pytest.fixture
def filled(tmp_path, fingerprints, unit):
    """A gallery file with all kinds of things in it."""
    path = tmp_path / 'gallery.db'
    with Gallery.open(path, {**fingerprints, 'other': 'c' * 64}) as gallery:
        both = {'ist': unit(1), 'other': unit(50, 5)}
        gallery.enroll(
            'Große / Tasse',
            [
                View('image', both, PNG, 'image/png', JPEG, MADE, hashlib.sha256(b'1').digest()),
                View('text', {'ist': unit(2)}, b'eine Tasse', 'text/plain'),
            ],
            '../../tasse',
        )
        gallery.enroll('not kept', [View('sound', {'ist': unit(3)})], 'sound')
        gallery.enroll('gone', [View('image', {'ist': unit(4)})], 'gone')
        gallery.forget('gone')
    return path


@pytest.fixture
def portable(filled, tmp_path):
    path = tmp_path / 'whole.xsgallery'
    with Gallery.open(filled) as gallery:
        assert export_gallery(gallery, path) == 2
    return path


def contents(gallery):
    """Everything of the items, comparable."""
    return [
        (
            *(item.item_id, item.label, item.created_ns, view.modality, view.created_ns),
            *(view.media, view.media_type, view.thumbnail, view.sha256),
            {space: vector.tobytes() for space, vector in view.vectors.items()},
        )
        for item, view in gallery.records()
    ]


def test_there_and_back(filled, portable, tmp_path):
    with Gallery.open(filled) as gallery:
        before = contents(gallery)
    with Portable(portable) as found:
        with Gallery.open(tmp_path / 'new.db', found.fingerprints) as new:
            restore(new, found)
            assert contents(new) == before
            assert new.known(hashlib.sha256(b'1').digest()) == '../../tasse'
        with Gallery.open(tmp_path / 'merged.db', found.fingerprints) as merged:
            assert merge(merged, found).items == 2
            assert contents(merged) == before
    assert sorted(path.name for path in tmp_path.iterdir() if 'tasse' in path.name) == []


def test_a_zip_that_others_can_read(portable, unit):
    with zipfile.ZipFile(portable) as zipped:
        assert zipped.testzip() is None
        manifest = json.loads(zipped.read('manifest.json'))
        assert manifest['format'] == 'xsense-gallery' and manifest['schema'] == 1
        vectors = np.load(io.BytesIO(zipped.read(manifest['spaces']['ist']['file'])))
        first = manifest['items'][0]['views'][0]
        np.testing.assert_array_equal(vectors[first['vectors']['ist']], unit(1))
        assert zipped.read(first['media']) == PNG
        assert hashlib.sha256(PNG).hexdigest() == manifest['sha256'][first['media']]


def test_some_items(filled, tmp_path):
    path = tmp_path / 'some.xsgallery'
    with Gallery.open(filled) as gallery:
        assert export_gallery(gallery, path, ['sound']) == 1
        with pytest.raises(InputError, match='nobody'):
            export_gallery(gallery, tmp_path / 'none.xsgallery', ['sound', 'nobody'])
    with Portable(path) as found:
        assert [item.id for item in found.manifest.items] == ['sound']
        assert list(found.fingerprints) == ['ist']
    assert not (tmp_path / 'none.xsgallery').exists()


def test_an_empty_gallery(tmp_path, fingerprints):
    with Gallery.open(':memory:', fingerprints) as gallery:
        assert export_gallery(gallery, tmp_path / 'empty.xsgallery') == 0
    with (
        Portable(tmp_path / 'empty.xsgallery') as found,
        Gallery.open(tmp_path / 'g.db', fingerprints) as gallery,
    ):
        assert merge(gallery, found).items == 0


def test_merging_keeps_what_is_there(filled, portable, unit):
    """Known views come once; new ones are added; the own label stays and is told."""
    with Portable(portable) as found, Gallery.open(filled, found.fingerprints) as gallery:
        before = contents(gallery)
        again = merge(gallery, found)
        assert (again.items, again.views, again.known, again.conflicts) == (0, 0, 3, [])
        assert contents(gallery) == before
        gallery.rename('sound', 'my own name')
        gallery.enroll('', [View('image', {'ist': unit(7)})], 'sound')
        gallery.forget('../../tasse')
        done = merge(gallery, found)
        assert (done.items, done.views, done.known) == (1, 0, 1)
        assert done.conflicts == [('sound', 'my own name', 'not kept')]
        assert [len(item.views) for item in gallery.items()] == [2, 2]
        assert gallery.item('sound').label == 'my own name'


def test_views_that_a_known_item_lacks_are_added(portable, fingerprints, unit):
    with Portable(portable) as found, Gallery.open(':memory:', found.fingerprints) as gallery:
        gallery.enroll('Große / Tasse', [View('sound', {'ist': unit(9)})], '../../tasse')
        done = merge(gallery, found)
        assert (done.items, done.views, done.known) == (1, 2, 0)
        modalities = [view.modality for view in gallery.item('../../tasse').views]
        assert modalities == ['sound', 'image', 'text']


def test_vectors_of_another_model_are_refused(portable, tmp_path, unit):
    path = tmp_path / 'other.db'
    with Gallery.open(path, {'ist': 'b' * 64}) as gallery:
        gallery.enroll('cup', [View('image', {'ist': unit(1)})])
    with Portable(portable) as found, pytest.raises(GalleryError, match='rebuild'):
        Gallery.open(path, found.fingerprints)


def test_restoring_replaces_everything_at_once(filled, portable, fingerprints, unit):
    with Portable(portable) as found, Gallery.open(filled, found.fingerprints) as gallery:
        version = gallery.version
        gallery.enroll('new', [View('image', {'ist': unit(9)})], 'new')
        with Gallery.open(filled) as other:
            assert other.search('ist', 'image', unit(9), 1)[0].label == 'new'
            restore(gallery, found)
            assert [hit.item_id for hit in other.search('ist', 'image', unit(9), 9)] == [
                '../../tasse'
            ]
            assert other.version > version + 1
        with pytest.raises(InputError):
            gallery.undo()


def test_a_full_disk_while_restoring_loses_nothing(filled, portable, unit):
    with Portable(portable) as found, Gallery.open(filled, found.fingerprints) as gallery:
        before = contents(gallery)
        connection = gallery.database._writer.connection
        pages = connection.execute('PRAGMA page_count').fetchone()[0]
        connection.execute(f'PRAGMA max_page_count = {pages}')
        big = [View('image', {'ist': unit(n)}, PNG + bytes(9000), 'image/png') for n in range(60)]
        for action in (
            lambda: gallery.enroll('big', big),
            lambda: gallery.replace_all(_big_enrolments(big)),
        ):
            with pytest.raises(GalleryError, match=r'full.*free some space'):
                action()
            assert contents(gallery) == before
        connection.execute('PRAGMA max_page_count = 100000')
        restore(gallery, found)
        assert contents(gallery) == before


def _big_enrolments(views):
    from xsense_ros.gallery.item import Enrolment

    return [Enrolment(f'{n}', [view]) for n, view in enumerate(views)]


def test_a_full_disk_while_exporting_leaves_the_old_file(filled, portable, monkeypatch):
    whole = portable.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', full)
    with (
        Gallery.open(filled) as gallery,
        pytest.raises(GalleryError, match=r'No space left.*free some space'),
    ):
        export_gallery(gallery, portable)
    assert portable.read_bytes() == whole
    assert [path.name for path in portable.parent.glob('*whole*')] == ['whole.xsgallery']


def test_a_folder_that_is_not_there(filled, tmp_path):
    with Gallery.open(filled) as gallery, pytest.raises(GalleryError, match='can be written'):
        export_gallery(gallery, tmp_path / 'no' / 'such.xsgallery')
    with pytest.raises(GalleryError, match='No such file'):
        Portable(tmp_path / 'none.xsgallery')


def rewritten(source, target, change):
    """The archive after ``change`` has had its manifest and its entries."""
    with zipfile.ZipFile(source) as zipped:
        entries = {name: zipped.read(name) for name in zipped.namelist()}
    manifest = json.loads(entries.pop('manifest.json'))
    change(manifest, entries)
    with warnings.catch_warnings(), zipfile.ZipFile(target, 'w') as zipped:
        warnings.simplefilter('ignore')  # of a name that comes twice
        for name, data in entries.items():
            zipped.writestr(zipfile.ZipInfo(name), data)
        zipped.writestr('manifest.json', json.dumps(manifest))
    return target


def renamed(manifest, entries, new):
    """Give the first kept sample another name."""
    view = manifest['items'][0]['views'][0]
    entries[new] = entries.pop(view['media'])
    manifest['sha256'][new] = manifest['sha256'].pop(view['media'])
    view['media'] = new


@pytest.mark.parametrize(
    'name',
    [
        *('../../../tmp/evil.png', '/tmp/evil.png', 'views/../evil.png', 'views\\1.png'),
        *('C:/evil.png', 'views/1.exe', 'views/1.png/', 'thumbnails/1', 'views/\u0661.png'),
    ],
)
def test_names_that_lead_elsewhere(portable, tmp_path, name):
    path = rewritten(portable, tmp_path / 'evil.xsgallery', lambda m, e: renamed(m, e, name))
    with pytest.raises(GalleryError, match='name of an entry'):
        Portable(path)
    assert not (tmp_path.parent / 'evil.png').exists()


def replaced(name, data, *, told=True):
    """A change that puts other bytes into an entry, and tells their digest."""

    def change(manifest, entries):
        file = next(key for key in entries if key.startswith(name))
        entries[file] = data(entries[file]) if callable(data) else data
        if told:
            manifest['sha256'][file] = hashlib.sha256(entries[file]).hexdigest()

    return change


def huge_png():
    return PNG[:16] + struct.pack('>II', 100_000, 100_000) + PNG[24:]


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def header_of(shape, descr="'<f4'"):
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text += ' ' * (-(len(text) + 11) % 64) + '\n'
    return b'\x93NUMPY\x01\x00' + struct.pack('<H', len(text)) + text.encode()


@pytest.mark.parametrize(
    ('change', 'says'),
    [
        (replaced('views/1', b'other bytes', told=False), 'SHA-256 of views/1'),
        (replaced('thumbnails', lambda data: data[:-9], told=False), 'SHA-256'),
        (replaced('views/1', b'no picture'), 'image/png, undamaged'),
        (replaced('views/1', huge_png()), '100000 x 100000'),
        (replaced('thumbnails', huge_png()), '100000 x 100000'),
        (replaced('views/2', b'\xff\xfe'), 'text/plain, undamaged'),
        (replaced('vectors/0', npy(np.ones((3, 8), np.float32))), 'length'),
        (replaced('vectors/0', npy(np.full((3, 8), np.nan, np.float32))), 'length'),
        (replaced('vectors/0', npy(np.zeros((3, 8)))), 'float64'),
        (replaced('vectors/0', npy(np.zeros((2, 8), np.float32))), r'\(2, 8\)'),
        (replaced('vectors/0', header_of((2**40, 8))), str(2**40)),
        (replaced('vectors/0', header_of((3, 8))), 'as the manifest says'),
        (replaced('vectors/0', header_of((3, 8), "'|O'") + bytes(96)), 'as the manifest says'),
        (replaced('vectors/0', b'\x93NUMPY\x01\x00\xff\xff('), 'as the manifest says'),
        (lambda m, e: m['items'].append(m['items'][0]), 'each id once'),
        (lambda m, e: m['items'][0].update(label='a\nb'), 'label'),
        (lambda m, e: m['items'][0].update(id='x' * 65), 'id'),
        (lambda m, e: m['items'][0].update(views=[]), 'exactly the entries in use'),
        (lambda m, e: m['items'][1].update(views=[]), 'at least one view'),
        (lambda m, e: m['items'][0]['views'][0]['vectors'].update(ist=10**12), 'rows of known'),
        (lambda m, e: m['items'][0]['views'][0]['vectors'].update(no=0), 'rows of known'),
        (lambda m, e: m['spaces']['ist'].update(rows=2**62), 'as the manifest says'),
        (lambda m, e: m['spaces']['ist'].update(dimension=2**62), 'as the manifest says'),
        (lambda m, e: e.update({'views/9.png': b'x'}), 'exactly those that the manifest names'),
        (lambda m, e: e.pop(next(iter(e))), 'exactly those that the manifest names'),
        (lambda m, e: m.update(schema=2), 'schema'),
        (lambda m, e: m.update(format='another'), 'format'),
        (lambda m, e: m.update(more=1), 'only the fields'),
        (lambda m, e: m.clear(), 'format'),
    ],
)
def test_contradictions_are_named_and_change_nothing(portable, tmp_path, change, says):
    path = rewritten(portable, tmp_path / 'evil.xsgallery', change)
    with pytest.raises(GalleryError, match=says) as caught:
        Portable(path)
    assert 'evil.xsgallery' in str(caught.value) and 'Cure: ' in str(caught.value)


def raw_zip(path, entries, compression=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, 'w', compression) as zipped:
        for name, data in entries.items():
            zipped.writestr(name, data)
    return path


def test_bombs(portable, tmp_path, monkeypatch):
    """Refused by what the directory says, before anything is decompressed."""
    path = raw_zip(tmp_path / 'bomb.xsgallery', {'views/1.png': bytes(10 * 2**20)})
    assert path.stat().st_size < 20_000
    with pytest.raises(GalleryError, match=r'size of views/1\.png'):
        Portable(path)
    deep = '[' * 100_000
    with pytest.raises(GalleryError, match='manifest'):
        Portable(raw_zip(path, {'manifest.json': deep}))
    monkeypatch.setattr(archive, 'MAX_MANIFEST', 2**20)
    with pytest.raises(GalleryError, match=r'size of manifest\.json'):
        Portable(raw_zip(path, {'manifest.json': '[' + '0,' * 600_000}))


def test_many_small_bombs(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, '_FREE_WHOLE', 2**20)
    entries = {f'views/{number}.png': bytes(2**20) for number in range(5)}
    with pytest.raises(GalleryError, match='size of all entries'):
        Portable(raw_zip(tmp_path / 'bombs.xsgallery', entries))


def test_an_item_with_much_in_it_comes_in_parts(filled, portable, monkeypatch):
    monkeypatch.setattr('xsense_ros.gallery.portable.incoming._BYTES_AT_A_TIME', 10)
    with Gallery.open(filled) as gallery:
        before = contents(gallery)
    with Portable(portable) as found:
        assert [one.label for one in found.enrolments()].count('Große / Tasse') == 2
        for bring in (merge, restore, merge):
            with Gallery.open(':memory:', found.fingerprints) as gallery:
                bring(gallery, found)
                assert contents(gallery) == before
                assert merge(gallery, found).known == 3


def test_overlapping_entries(tmp_path):
    """Two names for the same bytes: how small files become large ones."""
    path = raw_zip(tmp_path / 'a.xsgallery', {'views/1.png': os.urandom(5000)}, 0)
    with zipfile.ZipFile(path, 'a') as zipped:
        (first,) = zipped.infolist()
        for number in range(2, 60):
            twin = zipfile.ZipInfo(f'views/{number}.png')
            for name in ('CRC', 'compress_size', 'file_size', 'header_offset'):
                setattr(twin, name, getattr(first, name))
            zipped.filelist.append(twin)
            zipped.NameToInfo[twin.filename] = twin
        zipped._didModify = True
    with pytest.raises(GalleryError, match='overlap'):
        Portable(path)


def test_entries_that_come_twice_and_encrypted_ones(portable, tmp_path):
    path = tmp_path / 'twice.xsgallery'
    with warnings.catch_warnings(), zipfile.ZipFile(path, 'w') as zipped:
        warnings.simplefilter('ignore')
        zipped.writestr('manifest.json', b'{}')
        zipped.writestr('manifest.json', b'{}')
    with pytest.raises(GalleryError, match='each entry once'):
        Portable(path)
    data = bytearray(portable.read_bytes())
    place = data.rfind(b'PK\x01\x02')
    data[place + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(GalleryError, match='encrypted'):
        Portable(path)


def test_a_directory_that_would_fill_the_memory(portable, tmp_path):
    data = bytearray(portable.read_bytes())
    place = data.rfind(b'PK\x05\x06')
    struct.pack_into('<HHI', data, place + 8, 65535, 65535, 2**31)
    path = tmp_path / 'huge.xsgallery'
    path.write_bytes(data)
    with pytest.raises(GalleryError, match='directory'):
        Portable(path)


def test_no_zip_at_all(tmp_path):
    for data in (b'', b'x', b'PK\x05\x06', b'GIF89a' * 100, bytes(70_000)):
        path = tmp_path / 'a.xsgallery'
        path.write_bytes(data)
        with pytest.raises(GalleryError, match=r'whole \*.xsgallery file'):
            Portable(path)
    with pytest.raises(GalleryError):
        Portable(tmp_path)


def test_pickled_vectors_are_not_unpickled(portable, tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / 'unpickled'),))

    buffer = io.BytesIO()
    np.save(buffer, np.array([Evil()], object), allow_pickle=True)
    path = rewritten(portable, tmp_path / 'e.xsgallery', replaced('vectors/0', buffer.getvalue()))
    with contextlib.suppress(GalleryError):
        Portable(path)
        raise AssertionError('taken')
    assert not (tmp_path / 'unpickled').exists()
