# SPDX-License-Identifier: Apache-2.0
"""Each kind of bad input is named with its cure, and the next frame is answered."""

from __future__ import annotations

import array
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image, RegionOfInterest
from std_msgs.msg import Header

from tests.ros.harness import Recorder, image_message, shows
from tests.ros.matching import BOX, COLUMNS, ROWS, MatchingRobot, Scene, counts_message
from tests.waiting import eventually

pytestmark = pytest.mark.ros
SCENE = Scene(3)


@pytest.fixture(scope='module')
def robot(matcher_bundle: Path) -> Iterator[MatchingRobot]:
    with MatchingRobot(matcher_bundle) as robot:
        robot.lifecycle.bring_up()
        robot.see()
        assert robot.set_template(name='mug').success
        yield robot


@pytest.fixture(scope='module')
def answers(robot: MatchingRobot) -> Recorder:
    return robot.listen()


def infrared(pixels: Any, encoding: str = '16UC1', **fields: Any) -> Callable[[], Image]:
    def make() -> Image:
        message = counts_message(np.ascontiguousarray(pixels), Header(), encoding)
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    return make


def broken_png() -> CompressedImage:
    return CompressedImage(format='png', data=array.array('B', b'no picture'))


COUNTS = SCENE.counts()
HALF_NAN = COUNTS.astype(np.float32)
HALF_NAN[: ROWS * 3 // 4] = np.nan
INFRARED = {
    'zero contrast': (infrared(np.full((ROWS, COLUMNS), 7300, np.uint16)), 'contrast'),
    'lens cap, 8 bit': (infrared(np.zeros((ROWS, COLUMNS), np.uint8), 'mono8'), 'contrast'),
    'not a number': (infrared(np.full((ROWS, COLUMNS), np.nan, np.float32), '32FC1'), 'finite'),
    'mostly not a number': (infrared(HALF_NAN, '32FC1'), 'finite'),
    'another size': (infrared(SCENE.counts()[:200]), 'homography'),
    'swapped: colours': (lambda: image_message(SCENE.rgb()), 'swapped'),
    'unknown encoding': (infrared(COUNTS, encoding='16UC7'), '16UC7'),
    'short data': (infrared(COUNTS, height=2 * ROWS), 'expected'),
    'no picture': (Image, 'expected'),
    'broken png': (broken_png, 'PNG'),
}


def test_each_frame_is_named_and_the_next_one_answered(
    robot: MatchingRobot, answers: Recorder
) -> None:
    refusals = robot.node._infrared._topics[0].refused + len(INFRARED) - 1  # one is compressed
    for number, (case, (make, said)) in enumerate(INFRARED.items()):
        message = make()
        message.header = robot.header('infrared')
        compressed = isinstance(message, CompressedImage)
        topic = 'infrared/image' + '/compressed' * compressed
        robot.operator.publish(topic, message)
        refused = answers.wait()
        assert not refused.found and refused.header == message.header, case
        assert said in refused.reason and 'got' in refused.reason, case
        assert 'expected' in refused.reason and 'Cure:' in refused.reason, case
        told = robot.status(f'/{topic}', lambda s, said=said: said in str(s.values))
        assert told.level == b'\x01', case
        robot.feel(4 * (number % 2), 4)
        assert answers.wait().found, case
    robot.status('/infrared/image', shows({'refused': str(refusals)}))


def test_the_same_fault_is_logged_once(
    robot: MatchingRobot, answers: Recorder, capfd: pytest.CaptureFixture[str]
) -> None:
    begun = time.monotonic()
    for _ in range(5):
        message = infrared(COUNTS, encoding='16UC9')()
        robot.operator.publish('infrared/image', message)
        answers.wait()
    often = 1 + (time.monotonic() - begun) // 5.0  # once in so many seconds
    assert capfd.readouterr().err.count('16UC9') <= often


TEMPLATES = {
    'outside the frame': ({'box': (300.0, 80.0, 64.0, 64.0)}, 'inside 320 x 240'),
    'under 10 px': ({'box': (30.0, 80.0, 64.0, 9.0)}, '10 pixels'),
    'negative': ({'box': (-1.0, 80.0, 64.0, 64.0)}, 'inside'),
    'not a number': ({'box': (float('nan'), 80.0, 64.0, 64.0)}, 'finite'),
    'no width': ({'box': (30.0, 80.0, 0.0, 64.0)}, 'width'),
    'swapped: raw counts': ({'image': infrared(COUNTS)()}, 'swapped'),
    'no contrast': ({'image': image_message(np.full((99, 99, 3), 80, np.uint8))}, 'contrast'),
    'broken image': ({'image': Image(height=4, width=4, encoding='rgb8')}, 'expected'),
    'no such file': ({'path': '/no/such/file.png'}, 'No such file'),
    'a folder': ({'path': '/'}, 'directory'),
    'two pictures': ({'path': '/a.png', 'image': image_message(SCENE.rgb())}, 'both'),
}


@pytest.mark.parametrize(('fields', 'said'), TEMPLATES.values(), ids=list(TEMPLATES))
def test_a_bad_template_is_refused_and_nothing_changed(
    robot: MatchingRobot, fields: dict[str, Any], said: str
) -> None:
    given = {'box': () if 'image' in fields or 'path' in fields else BOX} | fields
    answer = robot.set_template(name='cup', **given)
    assert not answer.success and not answer.template_id
    assert said in answer.message and 'Cure:' in answer.message
    assert [target.name for target in robot.node.targets.all()] == ['mug']


def test_a_bad_region_is_reported(robot: MatchingRobot) -> None:
    region = RegionOfInterest(x_offset=300, y_offset=0, width=64, height=64)
    robot.operator.publish('template_region', region)
    status = robot.status('/template_region', lambda status: status.level == b'\x01')
    assert 'inside 320 x 240' in status.message and 'Cure' in status.message


def test_a_swapped_visible_camera_is_reported(robot: MatchingRobot, answers: Recorder) -> None:
    topic = robot.node._hearing[0]._topics[0]
    before = topic.received
    robot.operator.publish('visible/image', counts_message(COUNTS, robot.header('visible')))
    eventually(lambda: topic.received > before)
    answer = robot.set_template()
    assert not answer.success and 'swapped' in answer.message
    status = robot.status('/visible/image', lambda status: status.level == b'\x01')
    assert 'swapped' in status.message
    robot.see()


def test_before_anything_was_seen(matcher_bundle: Path) -> None:
    with MatchingRobot(matcher_bundle) as fresh:
        fresh.lifecycle.change('configure')
        answer = fresh.set_template()
        assert not answer.success and 'activate' in answer.message
        fresh.lifecycle.change('activate')
        answer = fresh.set_template()
        assert not answer.success and f'{fresh.namespace}/visible/image' in answer.message
