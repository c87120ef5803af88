# SPDX-License-Identifier: Apache-2.0
"""Changes are taken back, and made again, unless somebody has changed the thing since."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import threading

import pytest

from xsense_ros.errors import GalleryError, InputError
from xsense_ros.gallery import undo
from xsense_ros.gallery.gallery import Gallery


@pytest.fixture
def gallery(tmp_path, fingerprints):
    with Gallery.open(tmp_path / 'gallery.db', fingerprints) as gallery:
        yield gallery


def found(gallery, unit, seed):
    return [hit.label for hit in gallery.search('ist', 'image', unit(seed), 1)]


def state(gallery):
    """All that a user sees of a gallery."""
    return [(item.item_id, item.label, item.created_ns, item.views) for item in gallery.items()]


def test_forgetting_is_undone_completely(gallery, view, unit):
    for n in range(3):
        media = view(n, media=b'png', media_type='image/png', thumbnail=b'jpeg')
        gallery.enroll(f'{n}', [media, view(10 + n, 'sound')], f'id-{n}')
    before = state(gallery)
    assert found(gallery, unit, 1) == ['1']
    version = gallery.forget('id-1')
    assert version == gallery.version == 4
    assert found(gallery, unit, 1) != ['1'] and gallery.size == 2
    with pytest.raises(
        InputError, match=r"'1', was taken away at .*\(version 4\).*undo version 4"
    ):
        gallery.forget('id-1')
    done = gallery.undo(version)
    assert (done.what, done.version) == ("forgetting of id-1, '1'", 5)
    assert state(gallery) == before, 'in its old place, with its old views'
    assert found(gallery, unit, 1) == ['1']
    assert gallery.search('ist', 'sound', unit(11), 1)[0].item_id == 'id-1'
    assert gallery.view('id-1', 0).media == b'png'


def test_renaming_is_undone(gallery, view, unit):
    gallery.enroll('cup', [view(1)], 'cup')
    item = gallery.rename('cup', 'mug')
    assert (item.label, item.changed) == ('mug', 2)
    assert gallery.undo(item.changed).what == "renaming of cup from 'cup' to 'mug'"
    assert found(gallery, unit, 1) == ['cup']


def test_enrolment_of_a_new_item_is_undone(gallery, view, unit):
    item = gallery.enroll('cup', [view(1), view(2)], 'cup')
    assert gallery.undo(item.changed).what == "enrolment of 2 views of cup, 'cup'"
    assert gallery.size == 0 and found(gallery, unit, 1) == []
    assert list(gallery.kept_views()) == [] and list(gallery.records()) == []


def test_enrolment_of_more_views_takes_only_these_back(gallery, view, unit):
    gallery.enroll('cup', [view(1)], 'cup')
    gallery.enroll('ball', [view(3)], 'ball')
    found(gallery, unit, 1)
    more = gallery.enroll('', [view(2), view(5, 'sound')], 'cup')
    assert gallery.search('ist', 'image', unit(2), 1)[0].score == pytest.approx(1)
    gallery.undo(more.changed)
    assert [v.modality for v in gallery.item('cup').views] == ['image']
    assert gallery.search('ist', 'image', unit(2), 1)[0].score < 0.99
    assert gallery.search('ist', 'sound', unit(5), 1) == []
    assert found(gallery, unit, 1) == ['cup']
    assert gallery.is_complete('ist', 'image')


def test_the_newest_again_and_again_walks_back(gallery, view):
    gallery.enroll('cup', [view(1)], 'cup')
    gallery.rename('cup', 'mug')
    gallery.forget('cup')
    assert [gallery.undo().what.split()[0] for _ in range(3)] == [
        'forgetting',
        'renaming',
        'enrolment',
    ]
    with pytest.raises(InputError, match='nothing to undo'):
        gallery.undo()
    assert gallery.size == 0


def test_an_undo_is_undone(gallery, view, unit):
    gallery.enroll('cup', [view(1)], 'cup')
    version = gallery.rename('cup', 'mug').changed
    back = gallery.undo(version)
    assert gallery.item('cup').label == 'cup'
    again = gallery.undo(back.version)
    assert again.what == "undoing of the renaming of cup from 'cup' to 'mug'"
    assert gallery.item('cup').label == 'mug'
    with pytest.raises(InputError, match='taken back or made again'):
        gallery.undo(back.version)
    assert gallery.undo(version).version == 5 and gallery.item('cup').label == 'cup'
    gone = gallery.forget('cup')
    here = gallery.undo(gone).version
    gallery.undo(here)
    assert gallery.size == 0
    gallery.undo(gone)
    assert found(gallery, unit, 1) == ['cup']


def test_refused_where_the_item_has_changed_since(gallery, view):
    first = gallery.enroll('cup', [view(1)], 'cup').changed
    gallery.enroll('ball', [view(2)], 'ball')
    renamed = gallery.rename('cup', 'mug').changed
    with pytest.raises(InputError, match=f'cup was renamed at version {renamed}'):
        gallery.undo(first)
    with pytest.raises(InputError, match=f'undo version {renamed} first'):
        gallery.undo(first)
    gallery.undo(renamed)
    gallery.undo(first)
    assert [item.item_id for item in gallery.items()] == ['ball']


def test_refused_where_the_id_was_given_again(gallery, view):
    gallery.enroll('cup', [view(1)], 'cup')
    version = gallery.forget('cup')
    gallery.enroll('another', [view(2)], 'cup')
    with pytest.raises(InputError, match="id of another one, 'another'"):
        gallery.undo(version)
    gallery.forget('cup')
    gallery.undo(version)
    assert gallery.item('cup').label == 'cup'


@pytest.mark.parametrize('version', [-1, 99, 2**63, 1.0, None, True])
def test_no_such_change(gallery, view, version):
    gallery.enroll('cup', [view(1)])
    with pytest.raises(InputError, match='gallery_version'):
        gallery.undo(version)
    assert gallery.version == 1


def test_twice_is_refused(gallery, view):
    gallery.enroll('cup', [view(1)], 'cup')
    version = gallery.forget('cup')
    gallery.undo(version)
    with pytest.raises(InputError, match='taken back or made again at 3'):
        gallery.undo(version)


def test_the_log_is_bounded_in_number(gallery, view, monkeypatch):
    monkeypatch.setattr(undo, 'KEPT_CHANGES', 5)
    gallery.enroll('cup', [view(1)], 'cup')
    version = gallery.forget('cup')
    for n in range(4):
        gallery.enroll(f'{n}', [view(n)])
    gallery.undo(version)
    gone = gallery.forget('cup')
    for n in range(5):
        gallery.enroll(f'more {n}', [view(n)])
    with pytest.raises(InputError, match='those from'):
        gallery.undo(gone)
    with gallery.database.read() as connection:
        assert connection.execute('SELECT count(*) FROM changes').fetchone()[0] == 5
        assert connection.execute('SELECT count(*) FROM gone').fetchone()[0] == 0
        rows = connection.execute("SELECT count(*) FROM items WHERE item_id = 'cup'")
        assert rows.fetchone()[0] == 0, 'erased when it cannot come back'


def test_the_log_is_bounded_in_size(gallery, view, monkeypatch):
    monkeypatch.setattr(undo, 'KEPT_BYTES', 2500)
    versions = []
    for n in range(4):
        gallery.enroll(f'{n}', [view(n, media=b'x' * 1000, media_type='image/png')], f'{n}')
        versions.append(gallery.forget(f'{n}'))
    with pytest.raises(InputError, match='those from'):
        gallery.undo(versions[1])
    gallery.undo(versions[3])
    gallery.undo(versions[2])
    gallery.enroll('large', [view(9, media=b'x' * 9000, media_type='image/png')], 'large')
    gallery.undo(gallery.forget('large'))
    assert [item.item_id for item in gallery.items()] == ['2', '3', 'large']


def test_erased_for_good(gallery, view):
    secret = b'SECRET ' * 50
    gallery.enroll('cup', [view(1, media=secret, media_type='text/plain')], 'cup')
    gallery.enroll('ball', [view(2)], 'ball')
    version = gallery.forget('cup')
    gallery.erase_forgotten()
    with pytest.raises(InputError, match='gallery_version'):
        gallery.undo(version)
    assert [item.label for item in gallery.items()] == ['ball']
    path = gallery.database.path
    gallery.close()
    with open(path, 'rb') as file:  # noqa: PTH123
        assert b'SECRET' not in file.read()


def test_forgotten_things_of_another_model_do_not_come_back(tmp_path, fingerprints, view):
    path = tmp_path / 'gallery.db'
    with Gallery.open(path, fingerprints) as gallery:
        gallery.enroll('cup', [view(1)], 'cup')
        version = gallery.forget('cup')
    with Gallery.open(path, {'ist': 'b' * 64}) as gallery:
        with pytest.raises(InputError):
            gallery.undo(version)
        gallery.enroll('cup', [view(1)], 'cup')
    with pytest.raises(GalleryError, match='fingerprint'):
        Gallery.open(path, fingerprints)


def test_another_process_follows_every_undo(gallery, view, unit, fingerprints):
    """Whatever is done in any order, who follows finds what who opens the file anew finds."""
    chance = random.Random(0)
    with Gallery.open(gallery.database.path, fingerprints) as follower:
        for step in range(120):
            try:
                kind = chance.randrange(5)
                if kind == 0:
                    gallery.enroll(f'{step}', [view(step), view(step + 500, 'sound')])
                elif kind == 1 and gallery.size:
                    item = chance.choice(gallery.items())
                    gallery.enroll('', [view(step)], item.item_id)
                elif kind == 2 and gallery.size:
                    gallery.forget(chance.choice(gallery.items()).item_id)
                else:
                    gallery.undo(chance.choice((0, chance.randint(1, gallery.version + 1))))
            except InputError:
                continue
            if step % 10:
                continue
            with Gallery.open(gallery.database.path) as fresh:
                for modality in ('image', 'sound'):
                    for seed in (step, 3, 503):
                        query = ('ist', modality, unit(seed), 50)
                        assert follower.search(*query) == fresh.search(*query)
                assert follower.vectors('ist', 'image').view_ids == (
                    fresh.vectors('ist', 'image').view_ids
                )


def test_of_many_who_forget_the_same_thing_one_does(gallery, view, fingerprints):
    """And of many who undo that, one does; each other one is told why not."""
    gallery.enroll('cup', [view(1)], 'cup')
    others = [Gallery.open(gallery.database.path, fingerprints) for _ in range(4)]
    told: list[str] = []

    def work(action):
        try:
            action()
            told.append('done')
        except InputError as error:
            told.append(str(error))

    for actions, word in (
        ([lambda g=g: g.forget('cup') for g in others], '(version 2)'),
        ([lambda g=g: g.undo(2) for g in others], 'made again at 3'),
    ):
        told.clear()
        threads = [threading.Thread(target=work, args=(action,)) for action in actions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert told.count('done') == 1 and sum(word in one for one in told) == 3
    for one in others:
        one.close()
    assert gallery.size == 1


KILLED = """
import os, signal, sys, threading, time
from xsense_ros.gallery.gallery import Gallery
gallery = Gallery.open(sys.argv[1])
print('ready', flush=True)
threading.Timer(float(sys.argv[2]), lambda: os.kill(os.getpid(), signal.SIGKILL)).start()
while True:
    version = gallery.forget('cup')
    print('forgot', flush=True)
    gallery.undo(version)
    print('back', flush=True)
"""


def test_killed_while_undoing(gallery, view, fingerprints):
    gallery.enroll('cup', [view(1), view(2, media=b'x' * 5000, media_type='image/png')], 'cup')
    before = state(gallery)
    for seconds in (0.02, 0.05, 0.08):
        child = subprocess.run(
            [sys.executable, '-c', KILLED, gallery.database.path, str(seconds)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert child.stdout.startswith('ready')
        with Gallery.open(gallery.database.path, fingerprints) as after:
            whole = state(after)
            assert whole in ([], before), 'gone as a whole, or there as a whole'
            if not whole:
                after.undo()
            assert state(after) == before
    connection = sqlite3.connect(gallery.database.path)
    assert connection.execute('PRAGMA integrity_check').fetchone() == ('ok',)
    assert connection.execute('PRAGMA foreign_key_check').fetchall() == []
    connection.close()
