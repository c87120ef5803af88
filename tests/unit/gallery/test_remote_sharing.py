# SPDX-License-Identifier: Apache-2.0
"""What one robot learns, the others know: over a real Milvus engine in another process."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from click.testing import CliRunner

from tests.fleet import fleet_url, fresh_collection
from tests.toy import toy_bundle
from tests.waiting import SECONDS
from xsense_ros.cli import main
from xsense_ros.encoder import Encoder
from xsense_ros.errors import InputError
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.item import Enrolment, View
from xsense_ros.gallery.media import encode_media
from xsense_ros.gallery.opening import open_gallery
from xsense_ros.gallery.remote.journal import PIECE


def labels(gallery):
    return {item.item_id: (item.label, len(item.views)) for item in gallery.items()}


def test_what_one_enrols_all_find(fleet, agree, view, unit):
    one, two = fleet('one'), fleet('two')
    one.enroll('cup', [view(1, thumbnail=b'jpeg'), view(2, 'sound')], 'cup')
    two.enroll('bowl', [view(3)], 'bowl')
    agree(one, two)
    assert labels(one) == labels(two) == {'cup': ('cup', 2), 'bowl': ('bowl', 1)}
    for seed, modality, expected in (
        (1, 'image', 'cup'),
        (2, 'sound', 'cup'),
        (3, 'image', 'bowl'),
    ):
        answers = [robot.search('ist', modality, unit(seed), 1)[0] for robot in (one, two)]
        assert [hit.item_id for hit in answers] == [expected, expected]
        # Bit for bit the same vectors.
        assert answers[0].score == answers[1].score
    assert two.thumbnail('cup') == b'jpeg'
    assert two.item('cup').created_ns == one.item('cup').views[0].created_ns
    assert two.status().robots == {'two': 1, 'one': 2}
    assert two.status().pending == 0 and two.status().state == 'online'


def test_rename_more_views_forget_and_undo(fleet, agree, view, unit):
    one, two = fleet('one'), fleet('two')
    one.enroll('cup', [view(1)], 'cup')
    agree(one, two)
    two.rename('cup', 'mug')
    two.enroll('', [view(2)], 'cup')
    agree(two, one)
    assert labels(one) == labels(two) == {'cup': ('mug', 2)}
    assert [hit.item_id for hit in one.search('ist', 'image', unit(2), 5)] == ['cup']
    one.undo(one.enroll('', [view(4)], 'cup').changed)  # one view of several is taken back
    agree(one, two)
    assert labels(two) == {'cup': ('mug', 2)}
    one.forget('cup')
    agree(one, two)
    assert labels(two) == {} and two.search('ist', 'image', unit(1), 5) == []
    one.undo()
    agree(one, two)
    assert labels(one) == labels(two) == {'cup': ('mug', 2)}
    assert [hit.item_id for hit in two.search('ist', 'image', unit(1), 5)] == ['cup']
    assert two.search('ist', 'image', unit(4), 1)[0].score < 0.99


def test_samples_of_others_are_read_when_asked_for(fleet, agree, view):
    one, two, spare = fleet('one'), fleet('two'), fleet('three', samples=0)
    large = np.random.default_rng(0).bytes(3 * PIECE + 7)
    one.enroll('cup', [view(1, media=large, media_type='image/png')], 'cup')
    spare.enroll('hat', [view(2, media=b'kept here', media_type='text/plain')], 'hat')
    agree(one, spare, two)
    assert [kept.item_id for kept in Gallery.kept_views(two)] == []
    full = two.view('cup', 0)
    assert (full.media, full.media_type) == (large, 'image/png')
    assert [kept.media for kept in Gallery.kept_views(two)] == [large]  # from now on it is here
    assert two.view('hat', 0).media is None
    # To embed again for another model, all of them are needed.
    one.forget('cup')
    one.enroll('pan', [view(3, media=b'pan', media_type='text/plain')], 'pan')
    agree(one, two)
    assert [kept.media for kept in two.kept_views()] == [b'pan']


def test_what_another_enrolled_can_be_forgotten_and_had_again_with_its_sample(fleet, agree, view):
    one, two = fleet('one'), fleet('two')
    one.enroll('cup', [view(1, media=b'sample', media_type='text/plain')], 'cup')
    agree(one, two)
    two.forget('cup')
    agree(two, one)
    assert labels(one) == {}
    two.undo()
    agree(two, one)
    assert labels(one) == {'cup': ('cup', 1)}
    assert one.view('cup', 0).media == b'sample'
    with pytest.raises(InputError, match='undo log'):
        one.undo()  # what others did is theirs to undo


def test_a_robot_that_joins_late_or_lost_its_disk_learns_everything(fleet, agree, view, server):
    one = fleet('one')
    things = [Enrolment(f'thing {n}', [view(n)], f'thing-{n}') for n in range(170)]
    one.enroll_many(things)  # more than are read at a time
    for number in range(30):
        one.forget(f'thing-{number}')
    one.rename('thing-40', 'teapot')
    late = fleet('late')
    agree(one, late)
    assert labels(late) == labels(one) and len(labels(late)) == 140
    # The same robot with an empty disk: its own memories come back, under a new log.
    again = fleet('one', cache=f'{one._store.database.path}.new')
    agree(again)
    assert labels(again) == labels(one)
    again.enroll('new', [view(99)], 'new')
    agree(again, late, one)
    assert labels(late) == labels(one) == labels(again)


def test_namespaces(fleet, agree, view):
    one, two = fleet('one'), fleet('two')
    alone, some = fleet('alone', see='own'), fleet('some', see='two')
    for name, robot in (('a', one), ('b', two), ('c', alone), ('d', some)):
        robot.enroll(name, [view(ord(name))], name)
    agree(one, two, alone, some)
    assert set(labels(one)) == {'a', 'b', 'c', 'd'}
    assert set(labels(alone)) == {'c'}
    assert set(labels(some)) == {'b', 'd'}
    assert some.status().robots == {'some': 1, 'two': 1}


def test_a_robot_brings_what_it_knew_before(fleet, agree, view, tmp_path, fingerprints):
    file = tmp_path / 'mine.db'
    with Gallery.open(file, fingerprints) as mine:
        mine.enroll('cup', [view(1)], 'cup')
        mine.enroll('lost', [view(2)], 'lost')
        mine.forget('lost')
    one, two = fleet('one', cache=file), fleet('two')
    agree(one, two)
    assert labels(two) == {'cup': ('cup', 1)}
    one.undo()  # of what was forgotten before it joined
    agree(one, two)
    assert labels(two) == labels(one) and 'lost' in labels(two)


def test_another_process_may_change_the_replica_as_a_file(fleet, agree, view, fingerprints):
    one, two = fleet('one'), fleet('two')
    one.enroll('cup', [view(1)], 'cup')
    agree(one, two)
    with Gallery.open(two._store.database.path, fingerprints) as file:
        file.rename('cup', 'mug')
    assert two.status().pending == 1
    agree(two, one)
    assert labels(one) == {'cup': ('mug', 1)}


def test_milvus_holds_vectors_that_other_programs_can_search(fleet, agree, view, unit, server):
    from pymilvus import MilvusClient

    one = fleet('one')
    one.enroll('cup', [view(1)], 'cup')
    one.enroll('hat', [view(2)], 'hat')
    agree(one)
    client = MilvusClient(f'http://127.0.0.1:{server.port}')
    name = f'{fleet.collection}_vectors_ist_{"a" * 12}'
    found = client.search(name, [unit(2).tolist()], limit=1, output_fields=['item_id', 'robot'])
    assert (found[0][0]['entity']['item_id'], found[0][0]['entity']['robot']) == ('hat', 'one')
    one.forget('hat')
    agree(one)
    left = client.query(name, filter='seq > 0', output_fields=['item_id'])
    assert [row['item_id'] for row in left] == ['cup']
    client.close()


def test_a_bundle_that_is_added_later_finds_what_went_by(fleet, agree, unit, server):
    both = {'ist': 'a' * 64, 'sketch': 'b' * 64}
    one, two = fleet('one', fingerprints=both), fleet('two')
    one.enroll('cup', [View('image', {'ist': unit(1), 'sketch': unit(2)})], 'cup')
    agree(one, two)
    cache = two._store.database.path
    two.close()
    more = fleet('two', fingerprints=both, cache=cache)
    assert more.search('sketch', 'image', unit(2), 1) == []
    agree(more)
    assert [hit.item_id for hit in more.search('sketch', 'image', unit(2), 1)] == ['cup']
    assert labels(more) == {'cup': ('cup', 1)}


def test_a_file_of_milvus_lite_serves_one_process(tmp_path, view, fingerprints, server):
    robots = []
    with contextlib.ExitStack() as stack:
        for robot in ('one', 'two'):
            url = f'milvus-lite://{tmp_path}/f.db?robot={robot}&cache={tmp_path}/{robot}.db&period=60'
            opened = open_gallery(url, fingerprints)
            robots.append(stack.enter_context(contextlib.closing(opened)))
        robots[0].enroll('cup', [view(1)], 'cup')
        assert robots[0].synchronise(SECONDS) and robots[1].synchronise(SECONDS)
        assert labels(robots[1]) == {'cup': ('cup', 1)}


def test_a_fleet_of_another_model_is_filled_from_the_samples(server, tmp_path):
    encoders = [Encoder([toy_bundle(tmp_path / f'{seed}', seed=seed)]) for seed in (0, 1)]
    urls = [fleet_url(server.port, fresh_collection(), 'desk', tmp_path) for _ in encoders]
    robot = urls[0].replace('desk', 'robot')
    with contextlib.closing(open_gallery(robot, encoders[0].fingerprints)) as gallery:
        for word in ('red', 'green'):
            media, kind = encode_media('text', word)
            vectors = encoders[0].encode('text', word).vectors
            gallery.enroll(word, [View('text', vectors, media, kind)], word)
        assert gallery.synchronise(SECONDS)
    command = ['gallery', 'rebuild', *urls, '--bundle', str(tmp_path / '1')]
    done = CliRunner().invoke(main, command, catch_exceptions=False)
    assert '2 views rebuilt, 0 left' in done.output, done.output
    renewed = urls[1].replace('desk', 'robot')
    with contextlib.closing(open_gallery(renewed, encoders[1].fingerprints)) as gallery:
        assert gallery.synchronise(SECONDS)
        assert set(labels(gallery)) == {'red', 'green'}
        ((space, vector),) = encoders[1].encode('text', 'red').vectors.items()
        assert gallery.search(space, 'text', vector, 1)[0].item_id == 'red'
