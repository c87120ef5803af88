# SPDX-License-Identifier: Apache-2.0
"""A robot goes on without its fleet, and nothing that was acknowledged is lost."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from concurrent import futures
from pathlib import Path

import pytest

from benchmarks.milvus_server import NEEDS, missing
from benchmarks.ports import free_port
from tests.fleet import Wire, fleet_url
from tests.waiting import eventually
from xsense_ros.errors import GalleryError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import Enrolment
from xsense_ros.gallery.opening import open_gallery, settle

QUICK = {'period': 0.05, 'timeout': 2}


def labels(gallery):
    return {item.item_id: (item.label, len(item.views)) for item in gallery.items()}


@pytest.fixture
def wire(server):
    made = Wire(server.port)
    yield made
    made.cut()


def test_cut_off_both_go_on_and_agree_when_the_wire_is_mended(fleet, agree, view, unit, wire):
    one, two = fleet('one', port=wire.port, **QUICK), fleet('two', **QUICK)
    one.enroll('cup', [view(1)], 'cup')
    one.enroll('pan', [view(2)], 'pan')
    eventually(lambda: set(labels(two)) == {'cup', 'pan'})
    wire.cut()
    eventually(lambda: one.status().state == 'offline')
    problem = one.status().problem
    assert 'Cure' in problem and 'goes on with its replica' in problem
    # Apart: it finds, enrols, renames and forgets as ever.
    assert one.search('ist', 'image', unit(1), 1)[0].item_id == 'cup'
    one.enroll('hat', [view(3)], 'hat')
    one.rename('cup', 'mug')
    one.forget('pan')
    two.rename('pan', 'pot')
    two.enroll('', [view(4)], 'cup')
    assert one.status().pending == 3
    assert not one.synchronise(0.1)
    wire.mend()
    eventually(lambda: one.status().state == 'online' and one.status().pending == 0)
    agree(two, one)
    assert labels(one) == labels(two) == {'hat': ('hat', 1), 'cup': ('mug', 2)}
    assert one.status().problem == ''


def test_a_server_that_is_killed_comes_back_with_everything(fleet, view, server):
    one, two = fleet('one', **QUICK), fleet('two', **QUICK)
    one.enroll_many([Enrolment(f'{n}', [view(n)], f'{n}') for n in range(40)])
    eventually(lambda: one.status().pending < 40)
    server.kill()  # in the middle of being told, or just after
    try:
        one.enroll('late', [view(99)], 'late')
        eventually(lambda: one.status().state == 'offline')
        assert one.count() == 41
    finally:
        server.start()
    eventually(lambda: labels(two) == labels(one))
    assert two.count() == 41
    eventually(lambda: one.status().pending == 0)


def test_a_wire_on_which_nothing_moves(fleet, view, unit, wire):
    one = fleet('one', port=wire.port, period=0.05, timeout=3)
    eventually(lambda: one.status().state == 'online')
    wire.stick()
    one.enroll('cup', [view(1)], 'cup')
    assert one.search('ist', 'image', unit(1), 1)[0].item_id == 'cup'
    # Neither waits for what the server is asked meanwhile: nobody has given up on that yet.
    assert one.status().state == 'online'
    eventually(lambda: one.status().state == 'offline')
    wire.mend()
    eventually(lambda: one.status().state == 'online' and one.status().pending == 0)


@pytest.mark.skipif(missing(), reason=f'needs {NEEDS}')
def test_a_robot_starts_and_ends_without_a_network(tmp_path, view, fingerprints):
    url = fleet_url(free_port(), 'nobody', 'one', tmp_path)
    with contextlib.closing(open_gallery(url, fingerprints)) as one:
        one.enroll('cup', [view(1)], 'cup')
        assert (one.status().state, one.status().pending) == ('offline', 1)
        with pytest.raises(GalleryError, match='offline, 1 changes not sent'):
            settle(one, 0.05)
    with contextlib.closing(open_gallery(url, fingerprints)) as one:
        assert labels(one) == {'cup': ('cup', 1)} and one.status().pending == 1
    with Gallery.open(':memory:', fingerprints) as alone:
        settle(alone, 0.0)  # always in step


CHILD = """
import sys
import numpy as np
from xsense_ros.gallery.item import View
from xsense_ros.gallery.opening import open_gallery
gallery = open_gallery(sys.argv[1], {'ist': 'a' * 64})
for number in range(1000):
    vector = np.random.default_rng(number).standard_normal(8).astype(np.float32)
    view = View('image', {'ist': vector / np.linalg.norm(vector)})
    print(gallery.enroll(f'thing {number}', [view]).item_id, flush=True)
"""


def test_a_robot_that_is_killed_has_lost_nothing_that_it_acknowledged(
    fleet, agree, view, tmp_path, server, fingerprints
):
    url = fleet_url(server.port, fleet.collection, 'killed', tmp_path, **QUICK)
    command = [sys.executable, '-c', CHILD, url]
    root = Path(__file__).parents[3]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root)
    acknowledged = [child.stdout.readline().strip() for _ in range(60)]
    child.kill()  # while it enrols, and sends
    acknowledged += child.stdout.read().split()
    child.wait()
    other = fleet('other')
    again = fleet('killed')  # the same replica, with what it had yet to send
    agree(again, other)
    assert set(acknowledged) <= set(labels(again)) == set(labels(other))
    assert len(other.items()) <= len(acknowledged) + 1


@pytest.mark.skipif(missing(), reason=f'needs {NEEDS}')
def test_a_server_that_wants_a_password(tmp_path, fingerprints, monkeypatch):
    import grpc  # comes with pymilvus

    class Doorman(grpc.GenericRpcHandler):
        def service(self, call):
            def refuse(request, context):
                context.abort(grpc.StatusCode.UNAUTHENTICATED, 'auth check failure')

            return grpc.unary_unary_rpc_method_handler(refuse)

    server = grpc.server(futures.ThreadPoolExecutor(2), handlers=[Doorman()])
    port = server.add_insecure_port('127.0.0.1:0')
    server.start()
    monkeypatch.setenv('XSENSE_MILVUS_TOKEN', 'root:hunter2')
    try:
        with pytest.raises(GalleryError, match='XSENSE_MILVUS_TOKEN') as error:
            open_gallery(fleet_url(port, 'c', 'one', tmp_path), fingerprints)
    finally:
        server.stop(None)
    assert 'hunter2' not in str(error.value)


def test_the_client_is_only_needed_by_a_fleet(tmp_path, fingerprints, monkeypatch):
    monkeypatch.setattr('importlib.util.find_spec', lambda name: None)
    with pytest.raises(GalleryError, match='pip install pymilvus'):
        open_gallery(fleet_url(1, 'c', 'one', tmp_path), fingerprints)
    open_gallery(tmp_path / 'own.db', fingerprints).close()
