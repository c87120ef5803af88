# SPDX-License-Identifier: Apache-2.0
"""Stamps of two cameras, and a thermal camera that freezes, falls silent or is late."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from std_msgs.msg import Header

from tests.ros.harness import Recorder, values
from tests.ros.matching import BOX, MatchingRobot, corners, counts_message
from tests.waiting import eventually

pytestmark = pytest.mark.ros
WARN = b'\x01'
TOPIC = '/infrared/image'


@pytest.fixture(scope='module')
def active(matcher_bundle: Path) -> Iterator[MatchingRobot]:
    with MatchingRobot(
        matcher_bundle, infrared__freeze_seconds=0.3, infrared__silent_seconds=0.4
    ) as robot:
        robot.lifecycle.bring_up()
        robot.see()
        robot.set_template(name='mug')
        yield robot


@pytest.fixture
def robot(active: MatchingRobot) -> MatchingRobot:
    active.set(pair_tolerance=0.05, stale_after=0.0, infrared__freeze_seconds=0.3)
    return active


@pytest.fixture
def answers(robot: MatchingRobot) -> Iterator[Recorder]:
    recorder = robot.listen()
    yield recorder
    robot.operator.ignore(recorder)


def later(header: Header, seconds: float, frame: str) -> Header:
    """A header with a stamp some seconds after another."""
    stamp_ns = header.stamp.sec * 1_000_000_000 + header.stamp.nanosec + round(seconds * 1e9)
    shifted = Header(frame_id=frame)
    shifted.stamp.sec, shifted.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
    return shifted


def test_the_nearest_visible_frame_is_the_partner(robot: MatchingRobot, answers: Recorder) -> None:
    first = robot.see(header=robot.header('visible', ago=0.5))
    second = robot.see(header=later(first, 0.1, 'visible'))
    robot.see(header=later(first, 0.2, 'visible'))
    for seconds, partner in ((0.07, second), (0.03, first), (0.14, second)):
        robot.feel(header=later(first, seconds, 'infrared'))
        answer = answers.wait()
        assert answer.found and answer.visible_header == partner


def test_without_a_partner_a_thing_is_found_all_the_same(
    robot: MatchingRobot, answers: Recorder
) -> None:
    visible = robot.see(header=robot.header('visible', ago=9.0))
    robot.feel(header=later(visible, 0.08, 'infrared'))
    answer = answers.wait()
    assert answer.found and answer.visible_header == Header()
    robot.set(pair_tolerance=0.2)
    robot.feel(header=later(visible, 0.08, 'infrared'))
    assert answers.wait().visible_header == visible


def test_stale_frames_are_refused_with_the_reason(robot: MatchingRobot, answers: Recorder) -> None:
    robot.set(stale_after=1.0)
    robot.feel(header=robot.header('infrared', ago=3.0))
    answer = answers.wait()
    assert not answer.found and answer.search_ms == 0
    for said in ('age of the infrared frame', 'stale_after (1 s)', 'Cure'):
        assert said in answer.reason
    robot.status(TOPIC, lambda s: s.level == WARN and 'stale_after' in s.message)
    robot.set(stale_after=0.0)
    robot.feel(header=robot.header('infrared', ago=3.0))
    assert answers.wait().found


def test_stamps_of_zero_are_reported_and_answered(robot: MatchingRobot, answers: Recorder) -> None:
    robot.see(header=Header())
    robot.feel(header=Header(frame_id='infrared'))
    answer = answers.wait()
    assert answer.found and answer.visible_header == Header()
    for topic in (TOPIC, '/visible/image'):
        robot.status(topic, lambda status: 'zero stamp' in str(status.values))


def test_a_flat_field_correction_is_survived(robot: MatchingRobot, answers: Recorder) -> None:
    robot.feel(4, 4)
    assert answers.wait().found
    frozen = counts_of(robot)

    def freeze() -> Any:
        message = counts_message(frozen, robot.header('infrared'))
        robot.operator.publish('infrared/image', message)
        return answers.wait()

    assert freeze().found  # the first of its kind is new
    for _ in range(5):
        answer = freeze()
        assert not answer.found and 'stood still' in answer.reason
        assert answer.mode == 'window' and answer.search_ms == 0
    for said in ('standing still', 'freeze_seconds'):  # first a state, then a fault

        def told(said: str = said) -> bool:
            freeze()
            return any(said in str(status) for status in statuses(robot))

        eventually(told)
    # Everything is as before, though the thing was unseen for longer than `search.lost_after`.
    robot.feel(4, 8)
    answer = answers.wait()
    assert answer.found and answer.mode == 'window'
    assert corners(answer.box_infrared) == pytest.approx((BOX[0] - 4, BOX[1] - 8, 64, 64), abs=1)

    def well() -> bool:
        """Frames must go on coming: silence would be the next fault."""
        for y in (7, 8):
            robot.feel(4, y)
            answers.wait()
        return statuses(robot)[-1].level == b'\0'

    eventually(well)
    robot.set(infrared__freeze_seconds=0.0)
    assert [freeze().found for _ in range(3)] == [True] * 3


def counts_of(robot: MatchingRobot) -> Any:
    return robot.scene.counts(4, 4)


def statuses(robot: MatchingRobot) -> list[Any]:
    """All statuses of the infrared topic that were heard so far."""
    name = f'{robot.namespace[1:]}/matching: {robot.namespace}{TOPIC}'
    heard = list(robot.diagnostics.messages)
    return [status for message in heard for status in message.status if status.name == name]


def test_silence_is_reported_and_over_with_the_next_frame(
    robot: MatchingRobot, answers: Recorder
) -> None:
    robot.feel(4, 4)
    assert answers.wait().found
    status = robot.status(TOPIC, lambda s: s.level == WARN and 'no infrared frame' in s.message)
    assert 'Cure' in status.message and int(values(status)['received']) > 0

    def well_again() -> bool:
        robot.feel(8, 4)
        assert answers.wait().found
        return 'no infrared frame' not in statuses(robot)[-1].message

    eventually(well_again)
