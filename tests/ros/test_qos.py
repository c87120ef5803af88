# SPDX-License-Identifier: Apache-2.0
"""Two ends whose quality of service does not fit are told so, with the override that helps."""

from __future__ import annotations

from pathlib import Path

import pytest
from rclpy.qos import QoSDurabilityPolicy, QoSProfile
from xsense_ros.msg import MatchArray, TextStamped

from tests.ros.harness import Robot

pytestmark = pytest.mark.ros


def test_best_effort_text_is_reported(robot: Robot) -> None:
    qos = QoSProfile(depth=1, reliability=QoSProfile(depth=1).reliability.BEST_EFFORT)
    robot.operator.node.create_publisher(TextStamped, 'text', qos)
    status = robot.status('/text', lambda status: status.level != b'\x00')
    name = f'qos_overrides.{robot.namespace}/text.subscription.reliability'
    assert name in status.message and 'Cure:' in status.message


def test_transient_local_listener_is_reported(robot: Robot) -> None:
    qos = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    robot.operator.listen(MatchArray, 'matches', qos)
    status = robot.status('/matches', lambda status: status.level != b'\x00')
    assert f'qos_overrides.{robot.namespace}/matches.publisher.durability' in status.message


def test_override_is_taken(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import uuid

    fixed = uuid.uuid4()
    monkeypatch.setattr('uuid.uuid4', lambda: fixed)
    name = f'qos_overrides./test_{fixed.hex[:12]}/text.subscription.reliability'
    with Robot(bundle, **{name: 'best_effort'}) as robot:
        robot.lifecycle.bring_up()
        robot.operator.enroll('red')
        matches = robot.operator.listen(MatchArray, 'matches')
        robot.operator.publish('text', robot.operator.text('red'), reliable=False)
        assert matches.wait().query_text == 'red'
