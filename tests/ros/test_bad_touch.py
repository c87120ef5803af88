# SPDX-License-Identifier: Apache-2.0
"""Each kind of bad tactile frame is named with its cure, and the next touch is answered."""

from __future__ import annotations

import array
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from xsense_ros.msg import MatchArray

from tests.ros.harness import Robot, image_message, remembering, values
from tests.ros.touching import Finger
from tests.toy import WORDS
from tests.toy_touch import toy_gel
from tests.waiting import eventually
from xsense_ros.errors import InputError

pytestmark = pytest.mark.ros


@pytest.fixture(scope='module')
def robot(bundle: Path, touch_bundle: Path) -> Iterator[Robot]:
    with remembering(bundle, touch_bundle) as robot:
        yield robot


def frame(rgb: Any, serial: str = 'A1', **fields: Any) -> Callable[[], Image]:
    def make() -> Image:
        message = image_message(np.ascontiguousarray(rgb))
        message.header.frame_id = serial
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    return make


def not_a_number() -> Image:
    message = Image(height=240, width=320, encoding='32FC1', step=320 * 4)
    message.header.frame_id = 'A1'
    message.data = array.array('B', np.full((240, 320), np.nan, '<f4').tobytes())
    return message


def broken_jpeg() -> CompressedImage:
    return CompressedImage(format='jpeg', data=array.array('B', b'no picture'))


BAD = {
    'wrong resolution': ('touch', frame(toy_gel()[:, :240]), 'with the same aspect ratio'),
    'black': ('touch', frame(np.zeros((240, 320, 3), np.uint8)), 'black'),
    'saturated': ('touch', frame(np.full((240, 320, 3), 255, np.uint8)), 'at full scale'),
    'grey': ('touch', frame(toy_gel()[..., :1].repeat(3, 2)), 'in colour'),
    'no serial': ('touch', frame(toy_gel(), serial=''), 'serial number'),
    'contact in the background': ('touch', frame(toy_gel('red', 9), 'N9'), 'a gel at rest'),
    'not a number': ('touch', not_a_number, 'valid'),
    'unknown encoding': ('touch', frame(toy_gel(), encoding='rgb7'), 'rgb7'),
    'short data': ('touch', frame(toy_gel(), height=480), 'expected'),
    'no picture': ('touch', Image, 'expected'),
    'broken jpeg': ('touch/compressed', broken_jpeg, 'a JPEG or PNG'),
}


def test_each_is_named_and_the_next_touch_answered(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    finger = Finger(robot)
    finger.rest()
    for number, (case, (topic, make, said)) in enumerate(BAD.items()):
        robot.operator.publish(topic, make())

        def told(status: Any, said: str = said) -> bool:
            return status.level == b'\1' and said in str(status.values)

        status = robot.status(f'/{topic}', told)
        text = '\n'.join(value.value for value in status.values if said in value.value)
        assert 'got' in text and 'expected' in text and 'Cure:' in text, case
        assert not matches.messages, case
        word = WORDS[number % 3]
        finger.lift()
        finger.press(word)
        assert matches.wait().matches[0].label == word, case
        finger.lift()
    robot.status('/touch', lambda status: int(values(status)['refused']) == len(BAD) - 1)


@pytest.mark.parametrize(
    ('name', 'value', 'said'),
    [
        ('touch__profiles', ['fingertip'], 'tactile profile'),
        ('touch__backgrounds', '/nowhere', 'touch.backgrounds'),
    ],
)
def test_what_is_wrong_at_activation(
    bundle: Path, touch_bundle: Path, name: str, value: object, said: str
) -> None:
    with Robot(bundle, bundles=[str(bundle), str(touch_bundle)], **{name: value}) as robot:
        robot.lifecycle.change('configure')
        with pytest.raises(InputError, match='inactive -> inactive'):
            robot.lifecycle.change('activate')
        assert said in robot.status('lifecycle', lambda status: status.level != b'\0').message


@pytest.mark.parametrize(
    ('name', 'value'),
    [
        ('touch__topics', ['no topic']),
        ('touch__topics', ['touch', 'touch']),
        ('touch__profiles', ['digit', 'digit']),
        ('touch__presses', 0),
        ('impact__rise_db', 0.0),
    ],
)
def test_bad_parameters_end_the_start(bundle: Path, name: str, value: object) -> None:
    with pytest.raises(Exception, match=name.replace('__', '.')):
        Robot(bundle, **{name: value})
