# SPDX-License-Identifier: Apache-2.0
"""Knocks over DDS: found in a stream of sound, asked one by one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from xsense_ros.msg import MatchArray, Sample
from xsense_ros.srv import Enroll, Query

from tests.ros.harness import Recorder, Robot, chunks, received, remembering, shows, values
from tests.toy import WORDS
from tests.toy_touch import RATE, TOUCH_SPACE, toy_knock
from tests.waiting import eventually
from xsense_ros.senses.microphone import Waveform

pytestmark = pytest.mark.ros
SECOND = 1_000_000_000


@pytest.fixture
def robot(bundle: Path, touch_bundle: Path) -> Iterator[Robot]:
    """An active node that remembers pictures of red, green and blue."""
    with remembering(bundle, touch_bundle) as robot:
        yield robot


def test_every_knock_finds_its_picture(robot: Robot, matches: Recorder) -> None:
    start = time.time_ns() - 60 * SECOND
    words = ('green', 'red', 'blue')
    for number, word in enumerate(words):
        sound = toy_knock(word, number)
        for message in chunks(sound, start + 2 * SECOND * number):
            robot.operator.publish('impact', message)
        answer = matches.wait()
        assert (answer.query_modality, answer.matches[0].label) == ('impact', word)
        assert answer.matches[0].space == TOUCH_SPACE and answer.accepted
        assert answer.header.frame_id == 'microphone'
        # 20 ms before its onset.
        stamp_ns = answer.header.stamp.sec * SECOND + answer.header.stamp.nanosec
        onset = (stamp_ns - start) / SECOND - 2.0 * number
        assert onset == pytest.approx(0.48, abs=0.01)
    assert not matches.messages
    robot.status('/impact', shows({'knocks': '3', 'answered': '3'}))


def test_speech_and_silence_are_no_knocks(robot: Robot, matches: Recorder) -> None:
    time_s = np.arange(3 * RATE) / RATE
    swelling = 0.2 * np.sin(2 * np.pi * 440 * time_s) * np.minimum(time_s, 1.0)
    quiet = 0.001 * np.random.default_rng(1).standard_normal(time_s.size)
    sound = Waveform((swelling + quiet).astype(np.float32), RATE)
    sent = chunks(sound, time.time_ns() - 60 * SECOND)
    for message in sent:
        robot.operator.publish('impact', message)
    eventually(lambda: received(robot, 'impact') == len(sent))
    for message in chunks(toy_knock('red'), time.time_ns() - 30 * SECOND):
        robot.operator.publish('impact', message)
    assert matches.wait().matches[0].label == 'red'
    assert not matches.messages


def test_knock_by_service_and_live(robot: Robot) -> None:
    call = robot.operator.call
    (message,) = chunks(toy_knock('blue'), SECOND, 2.0)
    request = Query.Request(sample=Sample(modality=Sample.IMPACT, sound=message))
    answer = call(Query, 'retrieval/query', request)
    assert answer.success, answer.message
    assert answer.answer.matches[0].label == 'blue'
    (silence,) = chunks(Waveform(np.zeros(RATE, np.float32), RATE), SECOND, 1.0)
    silent = Query.Request(sample=Sample(modality=Sample.IMPACT, sound=silence))
    refused = call(Query, 'retrieval/query', silent)
    assert not refused.success and 'without a knock' in refused.message

    live = Enroll.Request(label='bell', item_id='bell', live_modalities=['impact'])
    refused = call(Enroll, 'retrieval/enroll', live)
    assert not refused.success and 'Cure: knock again' in refused.message
    for message in chunks(toy_knock('green'), time.time_ns() - 60 * SECOND):
        robot.operator.publish('impact', message)
    robot.status('/impact', shows({'knocks': '1'}))
    stored = call(Enroll, 'retrieval/enroll', live)
    assert stored.success, stored.message
    request.target_modalities = ['impact']
    assert call(Query, 'retrieval/query', request).answer.matches[0].item_id == 'bell'


def test_one_microphone_for_sounds_and_knocks(bundle: Path, touch_bundle: Path) -> None:
    bundles = [str(bundle), str(touch_bundle)]
    remap = ['--ros-args', '-r', 'impact:=microphone/audio']
    with Robot(bundle, remap, bundles=bundles, sound__silence_dbfs=-100.0) as robot:
        robot.lifecycle.bring_up()
        robot.operator.enroll(*WORDS)
        matches = robot.operator.listen(MatchArray, 'matches')
        eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
        for message in chunks(toy_knock('green'), time.time_ns() - 60 * SECOND):
            robot.operator.publish('microphone/audio', message)
        knock = matches.wait(lambda answer: answer.query_modality == 'impact')
        assert knock.matches[0].label == 'green'
        assert matches.wait(lambda answer: answer.query_modality == 'sound').matches
        status = robot.status('/microphone/audio (impact)', shows({'knocks': '1'}))
        assert 'silent' in values(robot.status('/microphone/audio')), status


def test_bad_chunk_is_named_and_the_next_knock_answered(robot: Robot, matches: Recorder) -> None:
    bad = chunks(toy_knock('red'), SECOND)[0]
    bad.encoding = 'MP3'
    robot.operator.publish('impact', bad)
    status = robot.status('/impact', lambda status: status.level == b'\1')
    assert 'MP3' in status.message and 'Cure:' in status.message
    for message in chunks(toy_knock('red'), time.time_ns() - 60 * SECOND):
        robot.operator.publish('impact', message)
    assert matches.wait().matches[0].label == 'red'
