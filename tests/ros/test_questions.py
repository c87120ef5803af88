# SPDX-License-Identifier: Apache-2.0
"""Every sense asks over its topic and is answered by the right item."""

from __future__ import annotations

import array
from typing import Any

import cv2
import numpy as np
import pytest
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage
from xsense_ros.msg import Embedding, MatchArray

from tests.ros.harness import Robot, chunks, received, shows, values
from tests.toy import SPACE, toy_image, toy_sound
from tests.waiting import eventually
from xsense_ros.senses.microphone import Waveform

pytestmark = pytest.mark.ros
START_NS = 1_700_000_000_123_456_789


def test_picture(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    for word in ('blue', 'red'):
        message = robot.operator.image(word, seed=7)
        eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
        robot.operator.publish('camera/image', message)
        answer = matches.wait()
        assert answer.header == message.header
        assert (answer.query_modality, answer.query_text) == ('image', '')
        assert answer.target_modalities == ['image']
        assert answer.accepted and answer.matches[0].accepted
        assert [match.rank for match in answer.matches] == [1, 2, 3]
        assert answer.matches[0].item_id == answer.matches[0].label == word
        assert answer.matches[0].space == SPACE
        assert answer.bundle == 'toy 1.0.0'
        assert answer.gallery_version == 3
        stages = ('wait_ms', 'decode_ms', 'preprocess_ms', 'encode_ms', 'search_ms')
        spent = [getattr(answer, stage) for stage in stages]
        assert all(time > 0 for time in spent)
        assert sum(spent) <= answer.total_ms * 1.01


def test_compressed_picture(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    bgr = cv2.cvtColor(toy_image('green'), cv2.COLOR_RGB2BGR)
    data = array.array('B', cv2.imencode('.jpg', bgr)[1].tobytes())
    message = CompressedImage(header=robot.operator.header('eye'), format='jpeg', data=data)
    robot.operator.publish('camera/image/compressed', message)
    answer = matches.wait()
    assert answer.header == message.header
    assert answer.matches[0].label == 'green'


def test_text(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    asked = [robot.operator.text(word) for word in ('red', 'the green ball', 'blue')]
    for message in asked:
        robot.operator.publish('text', message)
    for message, word in zip(asked, ('red', 'green', 'blue'), strict=True):
        answer = matches.wait()
        assert answer.header == message.header
        assert answer.query_text == message.text
        assert answer.matches[0].label == word


def test_sound_is_asked_by_windows(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    sent = chunks(toy_sound('green'), START_NS)
    for message in sent:
        robot.operator.publish('microphone/audio', message)
    answer = matches.wait()
    assert answer.query_modality == 'sound'
    assert answer.header == sent[0].header
    assert answer.matches[0].label == 'green'


def test_silence_is_not_asked(robot: Robot) -> None:
    matches = robot.operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    silence = Waveform(np.zeros(16000, np.float32), 16000)
    for message in chunks(silence, START_NS):
        robot.operator.publish('microphone/audio', message)
    robot.status('/microphone/audio', lambda status: int(values(status)['silent']) >= 1)
    assert not matches.messages


def test_nothing_is_computed_when_nobody_listens(robot: Robot) -> None:
    for _ in range(5):
        robot.operator.publish('camera/image', robot.operator.image('red'))
    robot.status('/camera/image', shows({'received': '5', 'answered': '0'}))
    embeddings = robot.operator.listen(Embedding, 'embeddings')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/embeddings'))
    message = robot.operator.image('red')
    robot.operator.publish('camera/image', message)
    vector = embeddings.wait(lambda embedding: embedding.header == message.header)
    assert np.linalg.norm(vector.vector) == pytest.approx(1.0, abs=1e-3)
    assert vector.fingerprint == robot.node.session.encoder.fingerprints[SPACE]


def test_flood_drops_and_counts(robot: Robot, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    session, gate = robot.node.session, threading.Event()
    encode = session.encode_question

    def slow(modality: str, sample: object) -> object:
        gate.wait(20)
        return encode(modality, sample)

    monkeypatch.setattr(session, 'encode_question', slow)
    matches = robot.operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    sent = [robot.operator.image('red', seed) for seed in range(30)]
    for count, message in enumerate(sent, start=1):
        robot.operator.publish('camera/image', message)
        eventually(lambda count=count: received(robot, 'image') == count)
    # One is being answered, one waits; what else came made room for it.
    robot.status('/camera/image', shows({'received': '30', 'dropped': '28'}))
    gate.set()
    newest = matches.wait(lambda answer: answer.header == sent[-1].header)
    assert newest.wait_ms > 0

    def all_are_counted(status: Any) -> bool:
        counted = values(status)
        return int(counted['answered']) + int(counted['dropped']) == 30

    robot.status('/camera/image', all_are_counted)


def test_rate_limit(robot: Robot) -> None:
    from rclpy.parameter import Parameter

    robot.node.set_parameters([Parameter('image.max_rate', value=0.05)])
    matches = robot.operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    for seed in range(10):
        robot.operator.publish('camera/image', robot.operator.image('red', seed))
        eventually(lambda count=seed + 1: received(robot, 'image') == count)
    matches.wait()
    robot.status('/camera/image', shows({'received': '10'}))
    assert len(matches.messages) <= 1


def test_simulated_time(bundle) -> None:
    with Robot(bundle, use_sim_time=True) as robot:
        robot.lifecycle.bring_up()
        robot.operator.enroll('red')
        matches = robot.operator.listen(MatchArray, 'matches')
        clock = Clock()
        clock.clock.sec = 1000
        publisher = robot.operator.node.create_publisher(Clock, '/clock', 10)

        def simulated() -> bool:
            publisher.publish(clock)
            return robot.node.get_clock().now().nanoseconds == 1000 * 10**9

        eventually(simulated)
        for second in (999, 1000, 1005):
            message = robot.operator.image('red')
            message.header.stamp.sec, message.header.stamp.nanosec = second, 0
            robot.operator.publish('camera/image', message)
            assert matches.wait().header == message.header
        status = robot.status('/camera/image', shows({'future stamp: count': '1'}))
        assert '1005.000' in status.message and 'use_sim_time' in status.message
