# SPDX-License-Identifier: Apache-2.0
"""Remembering, listing, searching, forgetting."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest

from xsense_ros.errors import GalleryError, InputError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import View


@pytest.fixture(params=['file', 'memory'])
def gallery(request, tmp_path, fingerprints):
    path = tmp_path / 'new' / 'gallery.db' if request.param == 'file' else ':memory:'
    with Gallery.open(path, fingerprints) as gallery:
        yield gallery


def test_enrolled_is_found_by_its_own_vector(gallery, view, unit):
    items = [gallery.enroll(f'thing {n}', [view(n)]) for n in range(20)]
    for n, item in enumerate(items):
        hit = gallery.search('ist', 'image', unit(n), 3)[0]
        assert (hit.item_id, hit.label) == (item.item_id, f'thing {n}')
        assert hit.score == pytest.approx(1, abs=1e-6)
        assert hit.view_id == item.views[0].view_id
    assert (gallery.size, gallery.version) == (20, 20)


def test_several_views_count_as_their_best(gallery, view, unit):
    cup = gallery.enroll('cup', [view(1), view(2), view(3)])
    gallery.enroll('ball', [view(4)])
    hits = gallery.search('ist', 'image', unit(2), 10)
    assert [hit.label for hit in hits] == ['cup', 'ball']
    assert hits[0].view_id == cup.views[1].view_id


def test_views_are_added_to_an_item(gallery, view, unit):
    cup = gallery.enroll('cup', [view(1)])
    more = gallery.enroll('', [view(2, 'sound')], cup.item_id)
    again = gallery.enroll('cup', [view(3)], cup.item_id)
    assert [v.modality for v in more.views] == ['image', 'sound']
    assert (again.item_id, len(again.views), gallery.size) == (cup.item_id, 3, 1)
    assert gallery.search('ist', 'sound', unit(2), 1)[0].item_id == cup.item_id


def test_item_of_a_chosen_id(gallery, view):
    assert gallery.enroll('cup', [view(1)], 'mug-3').item_id == 'mug-3'
    assert gallery.item('mug-3').label == 'cup'


def test_another_label_for_a_known_item_is_refused(gallery, view):
    cup = gallery.enroll('cup', [view(1)])
    with pytest.raises(InputError, match='rename'):
        gallery.enroll('mug', [view(2)], cup.item_id)
    assert len(gallery.item(cup.item_id).views) == 1


def test_only_the_asked_modality_is_searched(gallery, view, unit):
    gallery.enroll('cup', [view(1, 'image')])
    assert gallery.search('ist', 'sound', unit(1), 5) == []
    gallery.enroll('bell', [view(1, 'sound')])
    assert [hit.label for hit in gallery.search('ist', 'sound', unit(1), 5)] == ['bell']


def test_forgotten_is_not_found(gallery, view, unit):
    cup = gallery.enroll('cup', [view(1)])
    gallery.enroll('ball', [view(2)])
    gallery.search('ist', 'image', unit(1), 5)
    gallery.forget(cup.item_id)
    assert [hit.label for hit in gallery.search('ist', 'image', unit(1), 5)] == ['ball']
    assert [item.label for item in gallery.items()] == ['ball']
    for ask in (gallery.item, gallery.forget, gallery.thumbnail):
        with pytest.raises(InputError, match='item_id'):
            ask(cup.item_id)
    again = gallery.enroll('cup', [view(1)], cup.item_id)
    assert gallery.search('ist', 'image', unit(1), 1)[0].item_id == again.item_id


def test_rename(gallery, view, unit):
    cup = gallery.enroll('cup', [view(1)])
    assert gallery.rename(cup.item_id, 'mug').label == 'mug'
    assert gallery.search('ist', 'image', unit(1), 1)[0].label == 'mug'
    assert gallery.version == 2
    with pytest.raises(InputError, match='label'):
        gallery.rename(cup.item_id, ' ')
    with pytest.raises(InputError, match='nobody'):
        gallery.rename('nobody', 'x')


def test_listing_by_label_and_page(gallery, view):
    for label in ('Große Tasse', 'ball', 'tasse 2', 'cup'):
        gallery.enroll(label, [view(1)])
    assert [i.label for i in gallery.items(containing='TASSE')] == ['Große Tasse', 'tasse 2']
    assert [i.label for i in gallery.items(containing='GROSSE')] == ['Große Tasse']
    assert [i.label for i in gallery.items(offset=1, limit=2)] == ['ball', 'tasse 2']
    assert (gallery.count('tasse'), gallery.count()) == (2, 4)


def test_samples_and_thumbnails_are_kept(gallery, view):
    cup = gallery.enroll(
        'cup',
        [
            view(1, media=b'png', media_type='image/png', thumbnail=b'jpeg 1'),
            view(2, 'sound'),
            view(3, thumbnail=b'jpeg 2'),
        ],
    )
    gallery.enroll('word', [view(4, 'text', media=b'word', media_type='text/plain')])
    kept = list(gallery.kept_views())
    assert [(k.label, k.modality, k.media, k.media_type) for k in kept] == [
        ('cup', 'image', b'png', 'image/png'),
        ('word', 'text', b'word', 'text/plain'),
    ]
    assert (kept[0].item_id, kept[0].view_id) == (cup.item_id, cup.views[0].view_id)
    assert kept[0].thumbnail == b'jpeg 1'
    assert gallery.thumbnail(cup.item_id) == b'jpeg 2'
    assert [v.has_thumbnail for v in cup.views] == [True, False, True]


def test_rebuilding_for_another_model(gallery, view, unit):
    for n in range(3):
        gallery.enroll(f'{n}', [view(n, media=bytes([n + 1]), media_type='image/png')])
    with Gallery.open(':memory:', {'new': 'b' * 64}) as other:
        for kept in gallery.kept_views():
            vector = unit(100 + kept.media[0], 5)
            fresh = View(kept.modality, {'new': vector}, kept.media, kept.media_type)
            other.enroll(kept.label, [fresh], kept.item_id)
        assert [i.item_id for i in other.items()] == [i.item_id for i in gallery.items()]
        assert other.search('new', 'image', unit(102, 5), 1)[0].label == '1'


def test_empty_gallery(gallery, unit):
    assert gallery.search('ist', 'image', unit(0), 5) == []
    assert (gallery.items(), gallery.size, gallery.version) == ([], 0, 0)


@pytest.mark.parametrize(
    ('label', 'item_id', 'word'),
    [
        ('', None, 'label'),
        ('   ', None, 'label'),
        ('x' * 257, None, 'label'),
        ('a\nb', None, 'label'),
        ('\ud800', None, 'label'),
        (None, None, 'label'),
        ('', 'unknown', 'label'),
        ('cup', 'x' * 65, 'item_id'),
        ('cup', '', 'item_id'),
        ('cup', 'a\0b', 'item_id'),
    ],
)
def test_bad_names_store_nothing(gallery, view, label, item_id, word):
    with pytest.raises(InputError, match=word):
        gallery.enroll(label, [view(1)], item_id)
    assert (gallery.size, gallery.version) == (0, 0)


@pytest.mark.parametrize(
    ('change', 'word'),
    [
        ({'vectors': {}}, 'vector in at least one space'),
        ({'vectors': {'ist': np.zeros(8, np.float32)}}, 'length'),
        ({'vectors': {'ist': np.full(8, np.nan, np.float32)}}, 'length'),
        ({'vectors': {'ist': np.full(8, np.inf, np.float32)}}, 'length'),
        ({'vectors': {'ist': np.ones(8, np.float32)}}, 'length'),
        ({'vectors': {'ist': np.eye(8)[0]}}, 'float64'),
        ({'vectors': {'ist': np.eye(9, dtype=np.float32)[0]}}, r'\(8,\)'),
        ({'vectors': {'ist': np.eye(8, dtype=np.float32)[:1]}}, r'\(8,\)'),
        ({'vectors': {'ist': [1.0]}}, 'list'),
        ({'vectors': {'other': np.eye(8, dtype=np.float32)[0]}}, 'other'),
        ({'modality': ''}, 'modality'),
        ({'media': b''}, 'media'),
        ({'media': b'x', 'media_type': 'image/gif'}, 'image/gif'),
        ({'media_type': 'image/png'}, 'media'),
    ],
)
def test_one_bad_view_stores_nothing_of_the_others(gallery, view, unit, change, word):
    gallery.enroll('known', [view(0)])
    with pytest.raises(InputError, match=word):
        gallery.enroll('cup', [view(1), replace(view(2), **change)])
    assert (gallery.size, gallery.version) == (1, 1)
    assert len(gallery.search('ist', 'image', unit(0), 9)) == 1


def test_views_of_different_dimension_in_one_call(gallery, unit):
    with pytest.raises(InputError, match='shape'):
        gallery.enroll('cup', [View('image', {'ist': unit(1, d)}) for d in (8, 9)])
    assert gallery.size == 0


def test_no_views(gallery):
    with pytest.raises(InputError, match='views'):
        gallery.enroll('cup', [])


def test_bad_questions(gallery, view, unit):
    gallery.enroll('cup', [view(1)])
    for args, word in (
        (('ist', 'image', unit(1), 0), 'k'),
        (('other', 'image', unit(1), 1), 'other'),
        (('ist', 'image', unit(1, 9), 1), 'shape'),
        (('ist', 'image', 2 * unit(1), 1), 'length'),
    ):
        with pytest.raises(InputError, match=word):
            gallery.search(*args)


def test_closed(gallery, view):
    gallery.close()
    gallery.close()
    with pytest.raises(GalleryError, match='open the gallery again'):
        gallery.enroll('cup', [view(1)])


def test_threads_enrol_and_search_at_once(gallery, view, unit):
    failures = []

    def work(thread):
        try:
            for n in range(15):
                seed = 100 * thread + n
                gallery.enroll(f'{seed}', [view(seed)])
                assert gallery.search('ist', 'image', unit(seed), 1)[0].label == f'{seed}'
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(t,)) for t in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert gallery.size == 60


def test_who_searches_does_not_wait_for_who_enrols(tmp_path, fingerprints, view, unit):
    """A change on its way to the disk is seen by who makes it, and nobody waits for it."""
    found = []
    with Gallery.open(tmp_path / 'gallery.db', fingerprints) as gallery:
        gallery.enroll('cup', [view(1)])

        def look():
            found.append(gallery.search('ist', 'image', unit(1), 1)[0].label)
            found.append(gallery.size)

        with gallery.database.write() as connection:
            connection.execute("UPDATE items SET label = 'mug'")
            assert gallery.items()[0].label == 'mug'
            other = threading.Thread(target=look)
            other.start()
            other.join(30)
            assert found == ['cup', 1]
        assert gallery.items()[0].label == 'mug'
