# SPDX-License-Identifier: Apache-2.0
"""The matcher that ships, over real DDS, on scenes that it has never seen the like of."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ros.matching import BOX, COLUMNS, ROWS, MatchingRobot, corners
from xsense_ros.engines.bundle import find_bundle
from xsense_ros.matching.boxes import overlap
from xsense_ros.names import MATCHER_BUNDLE

pytestmark = pytest.mark.ros
BOXES = {
    'square': BOX,
    'other': (180.0, 120.0, 64.0, 64.0),
    'wide': (60.0, 60.0, 80.0, 60.0),
    'tall': (150.0, 40.0, 48.0, 72.0),
}


@pytest.fixture
def robot() -> Iterator[MatchingRobot]:
    with MatchingRobot(find_bundle(MATCHER_BUNDLE), search__prior=0.49, threads=1) as robot:
        robot.lifecycle.bring_up()
        yield robot


def test_things_are_found_and_strangers_are_not(robot: MatchingRobot) -> None:
    answers = robot.listen()
    robot.see()
    for name, box in BOXES.items():
        assert robot.set_template(box, name).success
    robot.feel(10, 6)
    for name, (x, y, width, height) in BOXES.items():
        answer = answers.wait(lambda message, name=name: message.template_id == name)
        assert answer.found and answer.bundle.startswith(MATCHER_BUNDLE)
        there = (x - 10, y - 6, width, height)
        assert overlap(corners(answer.box_infrared), there) > 0.8, name
    robot.feel(COLUMNS, ROWS)
    absent = [answers.wait() for _ in BOXES]
    assert not any(answer.found for answer in absent)
