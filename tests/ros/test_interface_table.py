# SPDX-License-Identifier: Apache-2.0
"""The tables of topics and services are what running nodes really hear, say and serve."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.ros.harness import LiveNode, Robot
from tests.ros.matching import MatchingRobot
from tests.waiting import eventually
from xsense_ros.names import MODALITIES
from xsense_ros.nodes.interface_table import HEARS, SAYS, SERVICES, TOPICS
from xsense_ros.nodes.matching.detections import DETECTIONS_TYPE

pytestmark = pytest.mark.ros
# What every managed node has, whatever it does.
EVERY_NODE = ('parameter_events', 'rosout', 'transition_event', 'clock')
EVERY_SERVICE = ('rcl_interfaces', 'lifecycle_msgs', 'type_description_interfaces', 'rosgraph')


def told(endpoint: Any, direction: str, namespace: str) -> tuple[object, ...]:
    kind = endpoint.msg_type
    name = endpoint.topic_name.removeprefix(f'{namespace}/')
    profile = endpoint.qos_profile
    package = kind.__module__.partition('.')[0]
    return direction, name, f'{package}/{kind.__name__}', profile.reliability, profile.depth


def compare(robot: LiveNode, name: str) -> None:
    robot.lifecycle.bring_up()
    heard = [told(one, HEARS, robot.namespace) for one in robot.node.subscriptions]
    said = [told(one, SAYS, robot.namespace) for one in robot.node.publishers]
    found = {row for row in heard + said if str(row[1]).split('/')[-1] not in EVERY_NODE}
    there = ('', 'vision_msgs') if DETECTIONS_TYPE is not None else ('',)
    rows = [row for row in TOPICS[name] if row.needs in there]
    expected = {
        (row.direction, row.name, row.kind, row.profile.reliability, row.profile.depth)
        for row in rows
    }
    assert found == expected

    prefix = f'{robot.namespace}/{name}/'
    services = {(row.name, row.kind) for row in SERVICES[name]}

    def served() -> set[tuple[str, str]]:
        known = robot.operator.node.get_service_names_and_types()
        own = {(path.removeprefix(prefix), kinds[0]) for path, kinds in known if prefix in path}
        return {
            (service, kind.replace('/srv', ''))
            for service, kind in own
            if not kind.startswith(EVERY_SERVICE)
        }

    eventually(lambda: services <= served())
    assert served() == services


def test_retrieval(bundle: Path, sketch_bundle: Path, touch_bundle: Path) -> None:
    paths = [str(path) for path in (bundle, sketch_bundle, touch_bundle)]
    with Robot(bundle, bundles=paths, senses=list(MODALITIES)) as robot:
        compare(robot, 'retrieval')


def test_matching(matcher_bundle: Path) -> None:
    with MatchingRobot(matcher_bundle) as robot:
        compare(robot, 'matching')
