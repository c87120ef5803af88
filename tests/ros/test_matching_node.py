# SPDX-License-Identifier: Apache-2.0
"""States, parameters and hostile messages of the matching node."""

from __future__ import annotations

import array
import gc
import random
import shutil
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, RegionOfInterest

from tests.ros.harness import values
from tests.ros.matching import BOX, MatchingRobot, corners
from tests.waiting import eventually
from xsense_ros.errors import InputError
from xsense_ros.nodes.matching.parameters import PARAMETERS
from xsense_ros.nodes.matching.settings import MatchingSettings, check_values
from xsense_ros.resources import find_resource

DEFAULTS = {spec.name: spec.default for spec in PARAMETERS}
ERROR = b'\x02'


@pytest.fixture
def robot(matcher_bundle: Path) -> Iterator[MatchingRobot]:
    with MatchingRobot(matcher_bundle) as robot:
        robot.lifecycle.bring_up()
        yield robot


def test_defaults_are_usable_and_described() -> None:
    check_values(DEFAULTS)
    settings = MatchingSettings.from_values(DEFAULTS)
    assert settings.search.min_probability is None and settings.celsius is None
    assert all(spec.description.endswith('.') for spec in PARAMETERS)


def test_parameter_file_states_the_defaults() -> None:
    text = find_resource('config/matching.yaml').read_text()
    given = yaml.safe_load(text)['/**']['ros__parameters']
    assert given.items() <= DEFAULTS.items()
    assert DEFAULTS.keys() - given.keys() == {'hardware_id'}


@pytest.mark.parametrize(
    ('name', 'value', 'said'),
    [
        ('bundle', ' ', 'bundle'),
        ('backends', ['magic'], 'backends'),
        ('mapping', 'mirror', 'mapping'),
        ('homography', [1.0] * 8, 'homography'),
        ('homography', [float('nan')] * 9, 'homography'),
        ('cameras.rotation', [0.0] * 3, 'rotation'),
        ('cameras.depth', 0.0, 'depth'),
        ('infrared.palette', 'greenish', 'palette'),
        ('infrared.encoding', 'mono9', 'encoding'),
        ('search.scales', [], 'scales'),
        ('search.scales', [0.0], 'scales'),
        ('search.min_probability', -0.5, 'min_probability'),
        ('max_templates', 0, 'max_templates'),
    ],
)
def test_bad_values_are_refused(name: str, value: object, said: str) -> None:
    with pytest.raises(InputError, match=rf'{said}.*: got .* expected .* Cure: '):
        check_values(DEFAULTS | {name: value})


@pytest.mark.parametrize(
    'wrong',
    [
        {'mapping': 'homography', 'homography': [0.0] * 9},
        {'mapping': 'cameras', 'cameras.rotation': [0.0] * 4},
    ],
)
def test_numbers_that_make_no_mapping_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match='Cure: '):
        check_values(DEFAULTS | wrong)


@pytest.mark.ros
def test_changes_of_a_running_node(robot: MatchingRobot) -> None:
    def change(name: str, value: object) -> str:
        result = robot.node.set_parameters([Parameter(name, value=value)])[0]
        return '' if result.successful else result.reason

    assert 'deactivate and clean up' in change('bundle', 'other')
    assert 'deactivate the node' in change('threads', 2)
    assert 'read-only' in change('autostart', True)
    assert 'mirror' in change('mapping', 'mirror')
    answers = robot.listen()
    robot.see()
    robot.set_template()
    robot.feel()
    score = answers.wait().score
    assert 0.5 < score < 1
    assert change('search.min_probability', 1.0) == ''
    robot.feel()
    answer = answers.wait()
    assert not answer.found and '1.00 needed' in answer.reason
    assert answer.score == pytest.approx(score, abs=0.05)


@pytest.mark.ros
def test_templates_survive_the_states(robot: MatchingRobot) -> None:
    answers = robot.listen()
    robot.see()
    assert robot.set_template(name='mug').success
    robot.feel()
    assert answers.wait().encode_ms > 0
    robot.lifecycle.change('deactivate')
    assert not robot.set_template(name='cup').success
    robot.lifecycle.change('activate')
    robot.feel(4, 8)
    answer = answers.wait()
    assert answer.found and answer.template_id == 'mug'
    assert answer.encode_ms > 0  # by the model that was loaded again
    assert corners(answer.box_infrared) == pytest.approx((BOX[0] - 4, BOX[1] - 8, 64, 64), abs=1)
    robot.lifecycle.change('deactivate')
    assert robot.clear_template().success
    robot.lifecycle.change('cleanup')
    robot.lifecycle.bring_up()
    assert len(robot.node.targets) == 0
    names = {name for name, _ in robot.node.get_topic_names_and_types()}
    assert f'{robot.namespace}/annotated' in names


@pytest.mark.ros
def test_deactivation_frees_the_models(robot: MatchingRobot) -> None:
    robot.see()
    robot.set_template()
    matcher = weakref.ref(robot.node._matcher)
    engines = [weakref.ref(engine) for engine in (matcher()._encoder, matcher()._finder)]
    robot.lifecycle.change('deactivate')
    eventually(lambda: gc.collect() >= 0 and not any(engine() for engine in engines))
    eventually(lambda: gc.collect() >= 0 and matcher() is None)


@pytest.mark.ros
@pytest.mark.parametrize('steps', [(), ('configure',), ('configure', 'activate')])
def test_shutdown_from_every_state(matcher_bundle: Path, steps: tuple[str, ...]) -> None:
    with MatchingRobot(matcher_bundle) as robot:
        for step in steps:
            robot.lifecycle.change(step)
        robot.lifecycle.change('shutdown')
        assert robot.lifecycle.state() == 'finalized' and robot.node._matcher is None


@pytest.mark.ros
def test_a_bundle_without_a_matcher_is_refused(bundle: Path, matcher_bundle: Path) -> None:
    with MatchingRobot(bundle) as robot:
        with pytest.raises(InputError):
            robot.lifecycle.bring_up()
        status = robot.status('lifecycle', lambda status: status.level == ERROR)
        assert 'visible-infrared' in status.message and 'Cure:' in status.message
        robot.lifecycle.bring_down()
        robot.set(bundle=str(matcher_bundle))
        robot.lifecycle.bring_up()
        robot.status('engine', lambda status: 'toy-matcher 0.0.1' in status.message)


@pytest.mark.ros
def test_a_missing_model_leaves_the_node_inactive(matcher_bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(matcher_bundle, tmp_path / 'copy'))
    with MatchingRobot(copy) as robot:
        robot.lifecycle.change('configure')
        (copy / 'search.onnx').unlink()
        with pytest.raises(InputError, match='inactive -> inactive'):
            robot.lifecycle.change('activate')
        shutil.copy(matcher_bundle / 'search.onnx', copy)
        robot.lifecycle.change('activate')


@pytest.mark.ros
def test_a_bug_in_a_transition_releases_everything(
    matcher_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import xsense_ros.nodes.matching_node as module

    with MatchingRobot(matcher_bundle) as robot:
        robot.lifecycle.change('configure')
        with monkeypatch.context() as patch:
            patch.setattr(module, 'Search', None)
            with pytest.raises(InputError, match='inactive -> unconfigured'):
                robot.lifecycle.change('activate')
        assert robot.node._matcher is None
        robot.lifecycle.bring_up()


@pytest.mark.ros
def test_hostile_messages(robot: MatchingRobot) -> None:
    chance = random.Random(5)
    answers = robot.listen()
    robot.see()
    assert robot.set_template(name='mug').success
    for _ in range(150):
        robot.operator.publish(*_hostile(chance))
    robot.clear_template('region')
    robot.see()

    sent = []

    def answer() -> Any:
        sent.append(robot.feel())
        fitting = [m for m in answers.messages if m.header in sent]
        return next((m for m in fitting if m.template_id == 'mug' and m.found), None)

    assert corners(eventually(answer).box_infrared) == pytest.approx(BOX, abs=1)
    assert robot.lifecycle.state() == 'active'
    assert robot.node._faults.present('infrared worker') is None
    # Of all those the newest wins; one that comes alone is looked at for certain.
    robot.operator.publish('infrared/image', Image(height=4, width=4, encoding='mono8', step=4))
    robot.status('/infrared/image', lambda status: int(values(status)['refused']) > 0)


def _hostile(chance: random.Random) -> tuple[str, Any]:
    data = array.array('B', chance.randbytes(chance.choice([0, 1, 96, 3000])))
    number = chance.choice([0, 1, 4, 32, 2**31, 2**32 - 1])
    camera = chance.choice(['visible', 'infrared'])
    kind = chance.randrange(4)
    if kind == 0:
        message: Any = Image(height=chance.choice([0, 4, 32, number]), width=number, data=data)
        message.encoding = chance.choice(['rgb8', 'mono8', '16UC1', '32FC1', '\N{SNOWMAN}'])
        message.step = chance.choice([0, 12, 96, number])
        topic = f'{camera}/image'
    elif kind == 1:
        message = CompressedImage(format=chance.choice(['jpeg', 'png', '']), data=data)
        topic = f'{camera}/image/compressed'
    elif kind == 2:
        message = CameraInfo(width=number, height=4, distortion_model=chance.choice(['', 'bent']))
        message.k = [chance.choice([0.0, 1.0, float('nan')]) for _ in range(9)]
        topic = f'{camera}/camera_info'
    else:
        message = RegionOfInterest(width=number, height=number, x_offset=chance.randrange(400))
        return 'template_region', message
    message.header.frame_id = chance.choice(['', 'x' * 999])
    message.header.stamp.sec = chance.choice([0, -1, 2**31 - 1, -(2**31)])
    message.header.stamp.nanosec = chance.choice([0, 2**32 - 1])
    return topic, message
