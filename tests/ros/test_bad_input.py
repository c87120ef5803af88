# SPDX-License-Identifier: Apache-2.0
"""Each kind of bad input is named in diagnostics, and the node goes on answering."""

from __future__ import annotations

import array
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sensor_msgs.msg import CompressedImage, Image
from xsense_ros.msg import AudioChunk, MatchArray

from tests.ros.harness import Operator, Robot, chunks, shows
from tests.toy import toy_sound
from tests.waiting import eventually
from xsense_ros.senses.microphone import Waveform

pytestmark = pytest.mark.ros
START_NS = 1_700_000_000_000_000_000


def broken_image(**fields: Any) -> Callable[[Operator], Image]:
    def make(operator: Operator) -> Image:
        message = operator.image('red')
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    return make


def audio(samples: Any, **fields: Any) -> Callable[[Operator], AudioChunk]:
    def make(operator: Operator) -> AudioChunk:
        message = AudioChunk(sample_rate=16000, encoding='F32LE', channels=1)
        message.header = operator.header('microphone')
        message.data = array.array('B', np.asarray(samples, '<f4').tobytes())
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    return make


def compressed(operator: Operator) -> CompressedImage:
    data = array.array('B', b'no picture')
    return CompressedImage(header=operator.header(), format='jpeg', data=data)


BAD = {
    'unknown encoding': ('camera/image', broken_image(encoding='rgb7'), 'rgb7'),
    'short data': ('camera/image', broken_image(height=480), 'expected'),
    'step too small': ('camera/image', broken_image(step=3), 'expected'),
    'no picture': ('camera/image', Image, 'expected'),
    'broken jpeg': ('camera/image/compressed', compressed, 'expected'),
    'not a number': ('microphone/audio', audio([0.0, np.nan]), 'finite'),
    'no samples': ('microphone/audio', audio([]), 'expected'),
    'odd length': ('microphone/audio', audio([0.0], encoding='S16LE', channels=3), 'multiple'),
    'no rate': ('microphone/audio', audio([0.0], sample_rate=0), 'sample rate'),
    'unknown audio': ('microphone/audio', audio([0.0], encoding='MP3'), 'MP3'),
    'clipped': ('microphone/audio', audio([1.0] * 400), 'gain'),
    'blank text': ('text', lambda operator: operator.text('  '), 'printing'),
}


def test_each_is_named_and_the_node_goes_on(robot: Robot) -> None:
    operator = robot.operator
    matches = operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    for case, (topic, make, words) in BAD.items():
        message = make() if make is Image else make(operator)
        operator.publish(topic, message)
        status = robot.status(
            f'/{topic}', lambda status, words=words: status.level and words in str(status.values)
        )
        assert status.level == b'\x01', case
        text = '\n'.join(value.value for value in status.values if words in value.value)
        assert 'got' in text and 'expected' in text and 'Cure:' in text, case
    assert not matches.messages
    good = operator.image('blue')
    operator.publish('camera/image', good)
    assert matches.wait().header == good.header
    robot.status('/camera/image', shows({'image encoding: count': '2'}))


def test_strange_stamps_are_reported_and_answered(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    now = robot.operator.now().sec
    for sec, kind in ((0, 'zero'), (now - 5, ''), (now - 9, 'backward'), (now + 99, 'future')):
        message = robot.operator.image('red')
        message.header.stamp.sec, message.header.stamp.nanosec = sec, 0
        robot.operator.publish('camera/image', message)
        assert matches.wait().header == message.header
        if kind:
            robot.status('/camera/image', shows({f'{kind} stamp: count': '1'}))


def test_broken_stream_of_sound(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    tone = Waveform(np.tile(toy_sound('blue').samples, 2), 16000)
    sent = chunks(tone, START_NS)
    for message in sent[:5] + sent[8:]:  # 150 ms are missing
        robot.operator.publish('microphone/audio', message)
    # No window reaches back across the gap.
    stamp = matches.wait().header.stamp
    assert stamp.nanosec >= sent[8].header.stamp.nanosec
    robot.status('/microphone/audio', shows({'gap: count': '1'}))


def test_sound_without_stamps_is_answered_without_a_stamp(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    for message in chunks(toy_sound('red'), 0):
        message.header.stamp.sec = message.header.stamp.nanosec = 0
        robot.operator.publish('microphone/audio', message)
    answer = matches.wait()
    assert (answer.header.stamp.sec, answer.header.stamp.nanosec) == (0, 0)
    assert answer.matches[0].label == 'red'
