# SPDX-License-Identifier: Apache-2.0
"""Touches over DDS: learnt backgrounds, contact, several fingers, a swap of the sensor."""

from __future__ import annotations

import array
import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage
from xsense_ros.msg import MatchArray, Sample, TouchContact
from xsense_ros.srv import Enroll, Query

from tests.ros.harness import Recorder, Robot, image_message, remembering, shows, values
from tests.ros.repeating import repeating
from tests.ros.touching import Finger
from tests.toy import WORDS
from tests.toy_touch import TOUCH_SPACE, toy_gel
from tests.waiting import eventually
from xsense_ros.resources import find_resource

pytestmark = pytest.mark.ros


@pytest.fixture
def robot(bundle: Path, touch_bundle: Path) -> Iterator[Robot]:
    """An active node with two fingers, that remembers pictures of red, green and blue."""
    with remembering(bundle, touch_bundle, touch__topics=['touch', 'thumb']) as robot:
        yield robot


def test_touch_finds_the_picture(robot: Robot, matches: Recorder) -> None:
    contacts = robot.operator.listen(TouchContact, 'contacts')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/contacts'))
    finger = Finger(robot)
    finger.rest()
    status = robot.status('/touch', lambda status: 'no contact' in status.message)
    shown = values(status)
    assert (shown['serial'], shown['profile'], shown['background']) == ('A1', 'gelsight', 'known')
    for word in ('green', 'blue'):
        asked = finger.press(word)
        answer = matches.wait()
        # Exactly the header of one of its frames.
        assert answer.header in asked
        assert (answer.query_modality, answer.query_text) == ('touch', '')
        assert answer.target_modalities == ['image']
        best = answer.matches[0]
        assert (best.label, best.space, best.modality) == (word, TOUCH_SPACE, 'image')
        assert answer.accepted
        assert answer.total_ms >= answer.encode_ms > 0
        finger.lift()
    assert not matches.messages, 'a touch that lasts is asked once'
    felt = contacts.wait(lambda message: message.in_contact)
    assert felt.header.frame_id == felt.serial == 'A1'
    assert (felt.sensor, felt.profile) == (f'{robot.namespace}/touch', 'gelsight')
    assert 15 < felt.area_mm2 < 25 and felt.strength > 30
    assert 100 < felt.centroid_x < 220 and 60 < felt.centroid_y < 180
    free = contacts.wait(lambda message: not message.in_contact)
    assert (free.area_mm2, free.strength) == (0.0, 0.0)


def test_learning_is_told_and_asks_nothing(robot: Robot, matches: Recorder) -> None:
    finger = Finger(robot)
    finger.show(None, 4)
    robot.status('/touch', lambda status: 'LEARNING' in (m := status.message) and '4 of 10' in m)
    finger.show('red', 3)
    status = robot.status('/touch', lambda status: status.level == b'\1')
    assert 'contact' in status.message and 'Cure: lift the finger' in status.message
    finger.rest()
    finger.press('red')
    assert matches.wait().matches[0].label == 'red'
    assert not matches.messages


def test_sensor_is_swapped_in_the_middle(robot: Robot, matches: Recorder) -> None:
    finger = Finger(robot)
    finger.rest()
    finger.press('red')
    assert matches.wait().header.frame_id == 'A1'
    other = Finger(robot, serial='B2', unit=2, clock=finger.clock)
    other.show(None, 3)
    robot.status('/touch', lambda status: 'sensor B2: LEARNING' in status.message)
    other.rest()
    other.press('blue')
    answer = matches.wait()
    assert (answer.header.frame_id, answer.matches[0].label) == ('B2', 'blue')
    # The first one is known still.
    finger.clock = other.clock
    finger.lift()
    finger.press('green')
    answer = matches.wait()
    assert (answer.header.frame_id, answer.matches[0].label) == ('A1', 'green')


def test_two_fingers_are_one_event(robot: Robot, matches: Recorder) -> None:
    finger, thumb = Finger(robot), Finger(robot, 'thumb', 'T7', unit=3)
    thumb.clock = finger.clock
    for _ in range(12):
        finger.show(None)
        thumb.show(None)
    headers = []
    for _ in range(6):
        headers += finger.show('green')
        headers += thumb.show('green')
    answer = matches.wait()
    assert answer.header in headers
    assert answer.matches[0].label == 'green'
    assert not matches.messages
    serials = {arrival.serial for arrival in robot.node._senses['touch']._fingers.values()}
    assert serials == {'A1', 'T7'}


def test_finger_that_is_dropped(robot: Robot, matches: Recorder) -> None:
    finger, thumb = Finger(robot), Finger(robot, 'thumb', 'T7', unit=3)
    thumb.clock = finger.clock
    thumb.rest()
    finger.rest()
    status = robot.status('/thumb', lambda status: status.level == b'\1')
    assert 'no frame for' in status.message and 'Cure: check its cable' in status.message
    finger.press('blue')
    assert matches.wait().matches[0].label == 'blue'
    thumb.show(None)
    robot.status('/thumb', lambda status: status.level == b'\0' and 'no contact' in status.message)
    thumb.press('green')
    assert matches.wait().matches[0].label == 'green'


def test_compressed_and_other_size(robot: Robot, matches: Recorder) -> None:
    finger = Finger(robot, 'touch', 'C3', size=2)
    finger.rest()
    finger.press('red')
    assert matches.wait().matches[0].label == 'red'
    finger = Finger(robot, 'touch/compressed', 'C4', unit=4, clock=finger.clock)
    finger.rest()
    finger.press('blue')
    answer = matches.wait()
    assert (answer.matches[0].label, answer.header.frame_id) == ('blue', 'C4')


def test_frames_without_stamps_are_answered_without_a_stamp(
    robot: Robot, matches: Recorder
) -> None:
    finger = Finger(robot, clock=0)
    finger.rest()
    # Time is that of arrival.
    eventually(lambda: finger.show('green') and matches.messages)
    answer = matches.wait()
    assert (answer.header.stamp.sec, answer.header.stamp.nanosec) == (0, 0)
    assert answer.matches[0].label == 'green'


def test_touch_by_service_and_live(robot: Robot, matches: Recorder) -> None:
    call = robot.operator.call
    sample = Sample(modality=Sample.TOUCH, image=image_message(toy_gel('red', 6)))
    sample.background = image_message(toy_gel(None, 6, 1))
    request = Query.Request(sample=sample)
    answer = call(Query, 'retrieval/query', request)
    assert answer.success, answer.message
    assert (answer.answer.query_modality, answer.answer.matches[0].label) == ('touch', 'red')
    sample.background = image_message(np.zeros((240, 320, 3), np.uint8))
    refused = call(Query, 'retrieval/query', request)
    assert not refused.success and 'black' in refused.message
    sample.background = type(sample.background)()
    sample.image.header.frame_id = 'A1'
    refused = call(Query, 'retrieval/query', request)
    assert not refused.success and 'Cure: fill `background` in' in refused.message

    finger = Finger(robot, unit=6)
    finger.rest()
    answer = call(Query, 'retrieval/query', request)
    assert answer.success, answer.message
    assert answer.answer.matches[0].label == 'red'
    live = Enroll.Request(label='knob', item_id='knob', live_modalities=['touch'])
    refused = call(Enroll, 'retrieval/enroll', live)
    assert not refused.success and 'no contact' in refused.message
    finger.press('green')
    stored = call(Enroll, 'retrieval/enroll', live)
    assert stored.success, stored.message
    assert stored.item.modalities == ['touch']
    request.target_modalities = ['touch']
    assert call(Query, 'retrieval/query', request).answer.matches[0].item_id == 'knob'


def test_given_backgrounds(bundle: Path, touch_bundle: Path, tmp_path: Path) -> None:
    given = tmp_path / 'given'
    given.mkdir()
    bgr = cv2.cvtColor(toy_gel(None, 8), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(given / 'G8.png'), bgr)
    values = json.loads(find_resource('xsense_ros/senses/profiles/gelsight.json').read_text())
    profile = tmp_path / 'mine.json'
    profile.write_text(json.dumps(values | {'background': 'given'}))
    parameters = {'touch__backgrounds': str(given), 'touch__profiles': [str(profile)]}
    bundles = [str(bundle), str(touch_bundle)]
    with Robot(bundle, bundles=bundles, **parameters) as robot:
        robot.lifecycle.bring_up()
        robot.operator.enroll(*WORDS)
        matches = robot.operator.listen(MatchArray, 'matches')
        eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
        Finger(robot, serial='X9', unit=9).show(None, 2)
        status = robot.status('/touch', lambda status: status.level == b'\1')
        assert "'X9'" in status.message and 'give its background' in status.message
        Finger(robot, serial='G8', unit=8).press('blue')
        assert matches.wait().matches[0].label == 'blue'


def test_idle_node_still_follows_the_sensor(robot: Robot) -> None:
    """Nobody listens: the background is learnt all the same, and then little is done."""
    finger = Finger(robot, wait=False)
    with repeating(lambda: finger.show(None, 5)):
        status = robot.status('/touch', shows({'background': 'known'}))
    assert status.level == b'\0' and 'no contact' in status.message


def test_jpeg_frames_of_a_driver(robot: Robot, matches: Recorder) -> None:
    """Lossy frames are usable: the change by contact is larger than what JPEG leaves."""
    finger = Finger(robot, 'touch/compressed', 'J5', unit=5, format='jpeg')
    finger.rest()
    finger.press('green')
    assert matches.wait().matches[0].label == 'green'
    broken = CompressedImage(format='jpeg', data=array.array('B', b'no picture'))
    robot.operator.publish('touch/compressed', broken)
    status = robot.status('/touch/compressed', lambda status: status.level == b'\1')
    assert 'Cure:' in status.message
