# SPDX-License-Identifier: Apache-2.0
"""Rename, Undo and GetView over DDS, and two operators at once."""

from __future__ import annotations

import io
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from xsense_ros.msg import Sample
from xsense_ros.srv import Enroll, Forget, GetView, ListItems, Query, Rename, Undo

from tests.ros.harness import Robot, remembering
from tests.toy import toy_image
from tests.waiting import SECONDS
from xsense_ros.gallery.gallery import Gallery
from xsense_ros.gallery.media import encode_media
from xsense_ros.nodes.client import RefusedError, RetrievalClient, text_sample

pytestmark = pytest.mark.ros


def first_of(robot: Robot, word: str) -> str:
    sample = Sample(modality='text', text=robot.operator.text(word))
    answer = robot.operator.call(Query, 'retrieval/query', Query.Request(sample=sample))
    assert answer.success, answer.message
    return answer.answer.matches[0].label if answer.answer.matches else ''


def labels(robot: Robot) -> list[str]:
    listed = robot.operator.call(ListItems, 'retrieval/list_items', ListItems.Request())
    return [item.label for item in listed.items]


def test_rename_and_undo(robot: Robot) -> None:
    call = robot.operator.call
    done = call(Rename, 'retrieval/rename', Rename.Request(item_id='red', label='rot'))
    assert done.success, done.message
    assert (done.item.item_id, done.item.label, done.gallery_version) == ('red', 'rot', 4)
    assert done.item.modalities == ['image'] and done.item.thumbnail.data
    assert first_of(robot, 'red') == 'rot'
    undone = call(Undo, 'retrieval/undo', Undo.Request(gallery_version=4))
    assert undone.success and undone.gallery_version == 5
    assert undone.undone == "renaming of red from 'red' to 'rot'"
    assert labels(robot) == ['red', 'green', 'blue']
    for wrong, word in (('nobody', 'nobody'), ('red', 'label')):
        request = Rename.Request(item_id=wrong, label='' if wrong == 'red' else 'x')
        refused = call(Rename, 'retrieval/rename', request)
        assert not refused.success and word in refused.message and 'Cure:' in refused.message


def test_two_operators_forget_the_same_item(robot: Robot) -> None:
    call = robot.operator.call
    first = call(Forget, 'retrieval/forget', Forget.Request(item_id='red'))
    second = call(Forget, 'retrieval/forget', Forget.Request(item_id='red'))
    assert first.success and first.gallery_version == 4
    assert not second.success
    assert "'red', was taken away at" in second.message and '(version 4)' in second.message
    assert first_of(robot, 'red') != 'red'
    undone = call(Undo, 'retrieval/undo', Undo.Request())
    assert undone.success and undone.undone == "forgetting of red, 'red'"
    assert first_of(robot, 'red') == 'red'
    assert labels(robot) == ['red', 'green', 'blue'], 'in its old place'
    again = call(Undo, 'retrieval/undo', Undo.Request(gallery_version=4))
    assert not again.success and 'taken back' in again.message and 'Cure:' in again.message


def test_an_enrolment_of_more_views_is_undone(robot: Robot) -> None:
    operator = robot.operator
    view = Sample(modality='text', text=operator.text('blue'))
    request = Enroll.Request(item_id='red', views=[view])
    done = operator.call(Enroll, 'retrieval/enroll', request)
    assert done.success and done.item.modalities == ['image', 'text']
    version = done.gallery_version
    later = operator.call(Rename, 'retrieval/rename', Rename.Request(item_id='red', label='rot'))
    undo = Undo.Request(gallery_version=version)
    refused = operator.call(Undo, 'retrieval/undo', undo)
    assert not refused.success
    assert f'red was renamed at version {later.gallery_version}' in refused.message
    assert operator.call(Undo, 'retrieval/undo', Undo.Request()).success
    assert operator.call(Undo, 'retrieval/undo', undo).success
    listed = operator.call(ListItems, 'retrieval/list_items', ListItems.Request())
    assert listed.items[0].modalities == ['image']


def test_one_view(robot: Robot) -> None:
    call = robot.operator.call
    got = call(GetView, 'retrieval/get_view', GetView.Request(item_id='green', view=0))
    assert got.success, got.message
    assert (got.modality, got.media_type) == ('image', 'image/png')
    bgr = cv2.imdecode(np.frombuffer(got.media, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(bgr[..., ::-1], toy_image('green'))
    assert cv2.imdecode(np.frombuffer(got.thumbnail.data, np.uint8), 1).shape == bgr.shape
    sound = Sample(modality='text', text=robot.operator.text('green'))
    robot.operator.call(Enroll, 'retrieval/enroll', Enroll.Request(item_id='green', views=[sound]))
    text = call(GetView, 'retrieval/get_view', GetView.Request(item_id='green', view=1))
    assert io.BytesIO(text.media).read() == b'green'
    assert text.media_type == 'text/plain' and not text.thumbnail.data
    for item_id, view, word in (('green', 2, '0 to 1'), ('nobody', 0, 'nobody')):
        refused = call(GetView, 'retrieval/get_view', GetView.Request(item_id=item_id, view=view))
        assert not refused.success and word in refused.message and 'Cure:' in refused.message


def test_a_view_without_its_sample(bundle: Path) -> None:
    with remembering(bundle, keep_media=False) as robot:
        request = GetView.Request(item_id='red', view=0)
        got = robot.operator.call(GetView, 'retrieval/get_view', request)
        assert got.success and got.modality == 'image' and not got.media_type and not got.media
        assert got.thumbnail.data


def test_the_command_line_and_a_node_on_one_file(bundle: Path, tmp_path: Path) -> None:
    """What another process changes in the file is answered by the node, and undone by it."""
    path = tmp_path / 'gallery.db'
    with remembering(bundle, gallery=str(path)) as robot, Gallery.open(path) as other:
        version = other.forget('red')
        assert first_of(robot, 'red') != 'red'
        with RetrievalClient(f'{robot.namespace}/retrieval') as client:
            with pytest.raises(RefusedError, match='taken away'):
                client.forget('red')
            what, now = client.undo(version)
            assert (what, now) == ("forgetting of red, 'red'", version + 1)
            assert client.rename('red', 'rot').label == 'rot'
            assert client.query(text_sample('red')).matches[0].label == 'rot'
        assert [item.label for item in other.items()] == ['rot', 'green', 'blue']


def test_an_answer_that_comes_late_still_counts(
    robot: Robot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often the question was asked again meanwhile."""
    monkeypatch.setattr('xsense_ros.nodes.client._ASK_AGAIN_SECONDS', 0.02)

    def list_items(request: ListItems.Request, response: ListItems.Response) -> ListItems.Response:
        time.sleep(0.5)  # a busy node
        response.success = True
        return response

    node = robot.operator.node
    node.create_service(ListItems, 'busy/list_items', list_items)
    with RetrievalClient(f'{robot.namespace}/busy', SECONDS) as client:
        assert client.items() == []


def test_a_node_answers_with_what_is_imported_beside_it(bundle: Path, tmp_path: Path) -> None:
    path, things = tmp_path / 'gallery.db', tmp_path / 'things'
    for number, word in enumerate(('red', 'blue')):
        (things / f'my {word}').mkdir(parents=True)
        for seed in range(2):
            media = encode_media('image', toy_image(word, 20 + 2 * number + seed))[0]
            (things / f'my {word}' / f'{seed}.png').write_bytes(media)
    with remembering(bundle, gallery=str(path)) as robot:
        robot.operator.call(Forget, 'retrieval/forget', Forget.Request(item_id='red'))
        command = [sys.executable, '-m', 'xsense_ros.cli', 'gallery', 'import', str(things)]
        command += ['--file', str(path), '--bundle', str(bundle)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert '4 samples of 2 items' in done.stdout, done.stderr
        assert first_of(robot, 'red') == 'my red'
        assert labels(robot) == ['green', 'blue', 'my blue', 'my red']
