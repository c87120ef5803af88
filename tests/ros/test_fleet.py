# SPDX-License-Identifier: Apache-2.0
"""Two robots in two DDS domains share what one of them learns, with and without a network."""

from __future__ import annotations

import contextlib
import os

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from xsense_ros.msg import Sample
from xsense_ros.srv import Enroll, Forget, GetView, ListItems, Query, Rename

from tests.fleet import Wire, fleet_url, fresh_collection, milvus
from tests.ros.harness import Robot, shows, values
from tests.toy import WORDS
from tests.waiting import eventually
from xsense_ros.errors import InputError
from xsense_ros.gallery.opening import open_gallery
from xsense_ros.nodes.dds import loopback_environment

pytestmark = pytest.mark.ros


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    with milvus(tmp_path_factory.mktemp('milvus')) as process:
        yield process


@pytest.fixture
def robots(server, bundle, tmp_path, monkeypatch):
    """Two active robots in two domains, and the wire between the first and the server."""
    wire = Wire(server.port)
    collection = fresh_collection()
    with contextlib.ExitStack() as stack:
        stack.callback(wire.cut)
        nodes = []
        for name, port, domain in (
            ('one', wire.port, os.environ['ROS_DOMAIN_ID']),
            ('two', server.port, loopback_environment()['ROS_DOMAIN_ID']),
        ):
            monkeypatch.setenv('ROS_DOMAIN_ID', domain)
            url = fleet_url(port, collection, name, tmp_path, period=0.05, timeout=2)
            robot = stack.enter_context(Robot(bundle, gallery=url))
            robot.lifecycle.bring_up()
            nodes.append(robot)
        yield *nodes, wire


def listed(robot):
    response = robot.operator.call(ListItems, 'retrieval/list_items', ListItems.Request(limit=99))
    assert response.success, response.message
    return {item.item_id: item.label for item in response.items}


def ask(robot, word):
    sample = Sample(modality='text', text=robot.operator.text(word))
    request = Query.Request(sample=sample, target_modalities=['image'], top_k=1)
    response = robot.operator.call(Query, 'retrieval/query', request)
    assert response.success, response.message
    return response.answer.matches[0]


def at(level, told):
    return lambda status: status.level == level and shows(told)(status)


def test_what_one_robot_learns_the_other_knows(robots):
    one, two, wire = robots
    assert one.context.get_domain_id() != two.context.get_domain_id()
    one.operator.enroll(*WORDS)
    eventually(lambda: set(listed(two)) == set(WORDS))
    for word in WORDS:
        match = ask(two, word)
        assert (match.item_id, match.accepted) == (word, ask(one, word).accepted)
    view = two.operator.call(GetView, 'retrieval/get_view', GetView.Request(item_id='red'))
    assert view.success, view.message
    assert (view.media_type, bytes(view.media[:4])) == ('image/png', b'\x89PNG')
    told = {'fleet views of one': '3', 'items': '3', 'fleet state': 'online'}
    two.status('gallery', at(DiagnosticStatus.OK, told))

    wire.cut()
    offline = one.status('gallery', at(DiagnosticStatus.WARN, {'fleet state': 'offline'}))
    assert 'goes on with its replica' in offline.message
    # Apart, each goes on; what is asked, enrolled, renamed and forgotten is answered as ever.
    assert ask(one, 'green').item_id == 'green'
    sample = Sample(modality='image', image=one.operator.image('blue', 7))
    request = Enroll.Request(label='', item_id='red', views=[sample])
    for robot, kind, name, wanted in (
        (one, Enroll, 'enroll', request),
        (one, Rename, 'rename', Rename.Request(item_id='blue', label='sea')),
        (one, Forget, 'forget', Forget.Request(item_id='green')),
        (two, Forget, 'forget', Forget.Request(item_id='red')),
        (two, Rename, 'rename', Rename.Request(item_id='blue', label='sky')),
    ):
        response = robot.operator.call(kind, f'retrieval/{name}', wanted)
        assert response.success, response.message
    one.status('gallery', shows({'fleet state': 'offline', 'fleet pending changes': '3'}))
    assert listed(one) == {'red': 'red', 'blue': 'sea'}
    assert listed(two) == {'blue': 'sky', 'green': 'green'}

    wire.mend()
    # The view that was added meanwhile stays, and the later of two labels.
    for robot in (one, two):
        eventually(lambda robot=robot: listed(robot) == {'red': 'red', 'blue': 'sky'})
    told = {'fleet state': 'online', 'fleet pending changes': '0', 'fleet conflicts': '1'}
    mended = one.status('gallery', at(DiagnosticStatus.OK, told))
    assert "'sky', stands" in values(mended)['fleet last conflict']


def test_a_fleet_of_another_model_is_refused_in_words(server, bundle, tmp_path):
    url = fleet_url(server.port, 'others', 'x', tmp_path)
    open_gallery(url, {'image-sound-text': 'f' * 64}).close()
    mine = fleet_url(server.port, 'others', 'mine', tmp_path)
    with Robot(bundle, gallery=mine) as robot:
        with pytest.raises(InputError, match='configure'):
            robot.lifecycle.change('configure')
        status = robot.status('lifecycle', lambda told: told.level == DiagnosticStatus.ERROR)
        assert 'fingerprint of space image-sound-text' in status.message
        assert 'xsense gallery rebuild' in status.message
