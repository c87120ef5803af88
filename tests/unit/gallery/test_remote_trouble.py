# SPDX-License-Identifier: Apache-2.0
"""Fleets that are not ours, replicas that were copied, servers that forgot, rows that lie."""

from __future__ import annotations

import shutil

import pytest

from tests.fleet import fleet_url
from tests.waiting import eventually
from xsense_ros.errors import GalleryError
from xsense_ros.gallery.opening import open_gallery
from xsense_ros.gallery.remote.rows import blank

OTHER = {'ist': 'b' * 64}


def labels(gallery):
    return {item.item_id: (item.label, len(item.views)) for item in gallery.items()}


def copied_replica(fleet, agree, view, copy):
    """File of a robot that knows a cup and has stopped; it is copied as it was then."""
    one = fleet('one')
    one.enroll('cup', [view(1)], 'cup')
    agree(one)
    file = one._store.database.path
    one.close()
    shutil.copy(file, copy)
    return file


@pytest.fixture
def client(server):
    from pymilvus import MilvusClient

    made = MilvusClient(f'http://127.0.0.1:{server.port}', dedicated=True)
    yield made
    made.close()


def test_another_model_is_refused(fleet, agree, view):
    one = fleet('one')
    one.enroll('cup', [view(1)], 'cup')
    agree(one)
    with pytest.raises(GalleryError, match='fingerprint of space ist') as error:
        fleet('two', fingerprints=OTHER)
    assert 'xsense gallery rebuild' in error.value.cure and 'COLLECTION' in error.value.cure


def test_another_version_and_another_collection_are_refused(
    fleet, agree, client, tmp_path, server
):
    agree(fleet('one'))
    client.upsert(fleet.collection, [blank('schema', 'schema', seq=2)])
    with pytest.raises(GalleryError, match='one version of xsense_ros'):
        fleet('two')
    name = f'{fleet.collection}_theirs'
    client.create_collection(name, dimension=4)
    with pytest.raises(GalleryError, match='another COLLECTION'):
        open_gallery(fleet_url(server.port, name, 'one', tmp_path), OTHER)


def test_a_robot_that_is_refused_later_goes_on_and_says_why(fleet, agree, view, client):
    one = fleet('one')
    one.enroll('cup', [view(1)], 'cup')
    agree(one)
    client.upsert(fleet.collection, [blank('schema', 'schema', seq=2)])
    eventually(lambda: not one.synchronise(0.3) and one.status().state == 'refused')
    one.enroll('hat', [view(2)], 'hat')
    assert not one.synchronise(0.3)
    status = one.status()
    assert (status.state, status.pending) == ('refused', 1)
    assert 'one version of xsense_ros' in status.problem
    assert set(labels(one)) == {'cup', 'hat'}
    cache = one._store.database.path
    one.close()
    again = fleet('one', cache=cache)  # it knows its fleet: it starts, too
    assert again.count() == 2
    client.upsert(fleet.collection, [blank('schema', 'schema', seq=1)])
    agree(again)
    assert again.status().pending == 0


def test_a_replica_of_another_gallery_is_refused(fleet, agree, server, tmp_path, fingerprints):
    one = fleet('one')
    url = fleet_url(server.port, 'elsewhere', 'one', tmp_path, cache=one._store.database.path)
    with pytest.raises(GalleryError, match='cache=FILE'):
        open_gallery(url, fingerprints)


def test_a_copied_replica_goes_on_under_a_log_of_its_own(fleet, agree, view, tmp_path):
    """As when the disk of a robot is cloned for another one."""
    other = fleet('other')
    file = copied_replica(fleet, agree, view, tmp_path / 'copy.db')
    one, copy = fleet('one', cache=file), fleet('twin', cache=tmp_path / 'copy.db')
    one.enroll('hat', [view(2)], 'hat')
    copy.enroll('pan', [view(3)], 'pan')
    gone = copy.enroll('lid', [view(4)], 'lid')
    copy.forget(gone.item_id)
    agree(one, copy, other)
    assert labels(one) == labels(copy) == labels(other)
    assert set(labels(other)) == {'cup', 'hat', 'pan'}


def test_a_backup_that_is_restored_catches_up(fleet, agree, view, tmp_path):
    other = fleet('other')
    file = copied_replica(fleet, agree, view, tmp_path / 'backup.db')
    one = fleet('one', cache=file)
    one.enroll('hat', [view(2)], 'hat')
    agree(one)
    one.close()
    back = fleet('one', cache=tmp_path / 'backup.db')
    back.enroll('pan', [view(3)], 'pan')
    agree(back, other)
    assert labels(back) == labels(other) and set(labels(other)) == {'cup', 'hat', 'pan'}


def test_a_server_that_lost_everything_is_told_again(fleet, agree, view, client):
    one, two = fleet('one'), fleet('two')
    one.enroll('cup', [view(1)], 'cup')
    one.enroll('hat', [view(2)], 'hat')
    two.enroll('pan', [view(3)], 'pan')
    agree(one, two)
    one.forget('hat')
    agree(one, two)
    for name in client.list_collections():
        if name.startswith(fleet.collection):
            client.drop_collection(name)
    assert not one.synchronise(0.3)  # the connection finds its collections gone
    agree(one, two)
    late = fleet('late')
    agree(late)
    assert labels(late) == labels(one) == labels(two)
    assert set(labels(late)) == {'cup', 'pan'}


def test_rows_that_lie_are_left_out_and_told(fleet, agree, view, client):
    one = fleet('one')
    one.enroll('cup', [view(1)], 'cup')
    agree(one)
    log = 'e' * 32
    good = {'log': log, 'robot': 'x', 'label': 'a', 'stamp': 1, 'author': log, 'item_id': 'a'}
    good |= {'modality': 'image', 'detail': '[]'}
    lies = (
        {'thumbnail': 'no base64!'},
        {'item_id': ''},
        {'label': 'a\nb'},
        {'stamp': 2**60},
        {'media_type': 'application/x-sh'},
        {'kind': 'gone', 'detail': 'x" or seq > 0 or log == "/1'},
        {'kind': 'gone', 'detail': ''},
        {'detail': 'no json', 'item_id': 'fine'},
    )
    rows = [
        blank(f'{log}/{place}', 'view', seq=place, **good) | lie
        for place, lie in enumerate(lies, start=1)
    ]
    rows.append(blank(f'head/{log}', 'head', log=log, robot='x', seq=len(lies)))
    rows.append(blank('head/y', 'head', log='y" or seq > 0 or log == "', robot='x', seq=9))
    client.upsert(fleet.collection, rows)
    agree(one)
    status = one.status()
    assert status.refused == 7 and status.state == 'online'
    # A view without readable spaces cannot be found, but it is there.
    assert labels(one) == {'cup': ('cup', 1), 'fine': ('a', 1)}
