# SPDX-License-Identifier: Apache-2.0
"""Enroll, Forget, ListItems and Query, and what they say when they cannot."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from xsense_ros.msg import Sample
from xsense_ros.srv import Enroll, Forget, ListItems, Query

from tests.ros.harness import Robot, chunks, received
from tests.toy import toy_sound
from tests.waiting import eventually
from xsense_ros.errors import GalleryError
from xsense_ros.gallery.media import encode_media

pytestmark = pytest.mark.ros
START_NS = 1_700_000_000_000_000_000


def test_list_and_forget(robot: Robot) -> None:
    call = robot.operator.call
    listed = call(ListItems, 'retrieval/list_items', ListItems.Request(thumbnails=True))
    assert listed.success and listed.total == 3 and listed.gallery_version == 3
    assert [item.label for item in listed.items] == ['red', 'green', 'blue']
    assert listed.items[0].modalities == ['image']
    picture = cv2.imdecode(np.frombuffer(listed.items[0].thumbnail.data, np.uint8), 1)
    assert picture.shape == (48, 64, 3)
    page = call(ListItems, 'retrieval/list_items', ListItems.Request(offset=1, limit=1))
    assert [item.label for item in page.items] == ['green']
    assert not page.items[0].thumbnail.data
    found = call(ListItems, 'retrieval/list_items', ListItems.Request(label_contains='RE'))
    assert [item.label for item in found.items] == ['red', 'green']
    gone = call(Forget, 'retrieval/forget', Forget.Request(item_id='red'))
    assert gone.success and gone.gallery_version == 4
    again = call(Forget, 'retrieval/forget', Forget.Request(item_id='red'))
    assert not again.success and 'red' in again.message and 'Cure:' in again.message


def test_query_by_service(robot: Robot) -> None:
    sample = Sample(modality='text', text=robot.operator.text('blue'))
    answer = robot.operator.call(Query, 'retrieval/query', Query.Request(sample=sample, top_k=2))
    assert answer.success, answer.message
    assert answer.answer.header == sample.text.header
    assert answer.answer.matches[0].label == 'blue'
    assert len(answer.answer.matches) == 2
    request = Query.Request(sample=sample, target_modalities=['sound'])
    assert not robot.operator.call(Query, 'retrieval/query', request).answer.matches
    request = Query.Request(sample=sample, target_modalities=['smell'])
    refused = robot.operator.call(Query, 'retrieval/query', request)
    assert not refused.success and 'smell' in refused.message


def test_enroll_what_is_seen_and_heard(robot: Robot) -> None:
    operator = robot.operator
    request = Enroll.Request(label='tone', live_modalities=['sound'])
    early = operator.call(Enroll, 'retrieval/enroll', request)
    assert not early.success and 'microphone/audio' in early.message
    for message in chunks(toy_sound('green'), START_NS):
        operator.publish('microphone/audio', message)
    operator.publish('camera/image', operator.image('green'))
    eventually(lambda: received(robot, 'image') == 1)
    sense = robot.node._senses['sound']
    eventually(lambda: sense._questions.seconds >= 0.5)
    request.live_modalities = ['sound', 'image']
    done = operator.call(Enroll, 'retrieval/enroll', request)
    assert done.success, done.message
    assert done.item.modalities == ['sound', 'image']
    assert done.item.thumbnail.data
    kept = list(robot.node.gallery.kept_views())[-2:]
    assert [view.media_type for view in kept] == ['audio/flac', 'image/png']


@pytest.mark.parametrize(
    ('request_', 'words'),
    [
        (Enroll.Request(label='x'), 'at least one view'),
        (Enroll.Request(label='x', views=[Sample()]), 'modality'),
        (Enroll.Request(label='x', views=[Sample(modality='image')]), 'expected'),
        (Enroll.Request(label='x', live_modalities=['smell']), 'smell'),
    ],
)
def test_refused_enrolments_change_nothing(
    robot: Robot, request_: Enroll.Request, words: str
) -> None:
    response = robot.operator.call(Enroll, 'retrieval/enroll', request_)
    assert not response.success
    assert words in response.message and 'Cure:' in response.message
    assert robot.node.gallery.size == 3


def test_full_disk(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise GalleryError('gallery', 'database or disk is full', 'free space', 'free some')

    with monkeypatch.context() as patch:
        patch.setattr(robot.node.gallery, 'enroll', full)
        view = Sample(modality='image', image=robot.operator.image('red'))
        request = Enroll.Request(label='red', views=[view])
        response = robot.operator.call(Enroll, 'retrieval/enroll', request)
    assert not response.success and 'disk is full' in response.message
    assert 'disk is full' in robot.status('gallery', lambda s: s.level != b'\x00').message
    robot.operator.enroll('red')


def test_inactive_node_lists_but_does_not_enroll(bundle: Path) -> None:
    with Robot(bundle) as robot:
        robot.lifecycle.change('configure')
        listed = robot.operator.call(ListItems, 'retrieval/list_items', ListItems.Request())
        assert listed.success and not listed.items
        request = Enroll.Request(label='red', live_modalities=['image'])
        refused = robot.operator.call(Enroll, 'retrieval/enroll', request)
        assert not refused.success and 'activate' in refused.message


def test_flac_keeps_the_sound() -> None:
    soundfile = pytest.importorskip('soundfile')
    import io

    sound = toy_sound('red')
    media, media_type = encode_media('sound', sound)
    samples, rate = soundfile.read(io.BytesIO(media), dtype='float32')
    assert (rate, media_type) == (16000, 'audio/flac')
    np.testing.assert_allclose(samples, sound.samples, atol=2**-23)
