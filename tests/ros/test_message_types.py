# SPDX-License-Identifier: Apache-2.0
"""Messages of other types on the node's topics, over real DDS.

The packages named audio_common_msgs are not on PyPI. What reads their messages is tested in
tests/unit/adapters; here, that a type that is not installed is refused with its cure.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from std_msgs.msg import String
from xsense_ros.msg import MatchArray

from tests.ros.harness import Robot, remembering
from tests.waiting import eventually
from xsense_ros.adapters.table import ADAPTERS
from xsense_ros.errors import InputError
from xsense_ros.nodes.adapters import header_of, installed, message_class

pytestmark = pytest.mark.ros


def test_plain_string_is_answered(bundle: Path) -> None:
    with remembering(bundle, text__message_type='std_msgs/msg/String') as robot:
        matches = robot.operator.listen(MatchArray, 'matches')

        def answer() -> bool:
            robot.operator.publish('text', String(data='green'))
            return bool(matches.messages)

        eventually(answer)
        found = matches.messages[0]
        assert found.query_text == 'green' and found.matches[0].label == 'green'
        assert not found.header.stamp.sec, 'a stamp that nobody gave is not made up'
        # Without a header there is no stamp that could be wrong.
        status = robot.status('/text')
        assert status.level == b'\0' and not any('stamp' in v.key for v in status.values)


def test_type_that_is_not_installed(bundle: Path) -> None:
    kind = 'audio_common_msgs/msg/AudioStamped'
    if installed(kind):
        pytest.skip('audio_common_msgs is installed')
    with Robot(bundle, sound__message_type=kind) as robot:
        robot.lifecycle.change('configure')
        with pytest.raises(InputError):
            robot.lifecycle.change('activate')
        status = robot.status('lifecycle', lambda status: 'sound.message_type' in status.message)
        assert 'ros-$ROS_DISTRO-audio-common-msgs' in status.message


@pytest.mark.parametrize(
    'parameters',
    [
        {'sound__message_type': 'std_msgs/msg/String'},
        {'text__message_type': 'nonsense'},
        {'audio__format': 'mp3'},
    ],
)
def test_unknown_type_is_refused_at_once(bundle: Path, parameters: dict[str, str]) -> None:
    with pytest.raises(InputError, match='expected'):
        Robot(bundle, **parameters)


def test_every_type_that_is_installed_has_a_class() -> None:
    for row in ADAPTERS:
        found = installed(row.kind)
        if found is None:
            assert row.kind.startswith('audio_common_msgs')
        else:
            assert hasattr(found(), 'header') == row.stamped
            assert header_of(found()).frame_id == ''


@pytest.mark.parametrize('kind', ['no_such_package/msg/Thing', 'std_msgs/msg/Thing', 'Thing', ''])
def test_no_such_type(kind: str) -> None:
    with pytest.raises(InputError, match='an installed message type'):
        message_class(kind)
