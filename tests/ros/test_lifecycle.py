# SPDX-License-Identifier: Apache-2.0
"""Walks the whole state machine of the retrieval node, by its services."""

from __future__ import annotations

import gc
import shutil
import weakref
from pathlib import Path

import pytest
from rclpy.parameter import Parameter

from tests.ros.harness import Robot
from tests.waiting import eventually
from xsense_ros.errors import InputError

pytestmark = pytest.mark.ros
ERROR = b'\x02'


def test_up_and_down_twice(bundle: Path) -> None:
    with Robot(bundle) as robot:
        for _ in range(2):
            assert robot.lifecycle.state() == 'unconfigured'
            robot.lifecycle.change('configure')
            assert robot.lifecycle.state() == 'inactive'
            robot.lifecycle.change('activate')
            assert robot.lifecycle.state() == 'active'
            robot.lifecycle.change('deactivate')
            assert robot.lifecycle.state() == 'inactive'
            robot.lifecycle.change('activate')
            robot.lifecycle.bring_down()
        topics = {name for name, _ in robot.node.get_topic_names_and_types()}
        assert f'{robot.namespace}/matches' not in topics


@pytest.mark.parametrize('steps', [(), ('configure',), ('configure', 'activate')])
def test_shutdown_from_every_state(bundle: Path, steps: tuple[str, ...]) -> None:
    with Robot(bundle) as robot:
        for step in steps:
            robot.lifecycle.change(step)
        robot.lifecycle.change('shutdown')
        assert robot.lifecycle.state() == 'finalized'
        assert robot.node.session is None
        with pytest.raises(InputError, match='finalized'):
            robot.lifecycle.bring_up()


def test_configure_fails_with_the_cure_and_can_be_repeated(bundle: Path) -> None:
    with Robot(bundle, bundles=['no-such-bundle']) as robot:
        with pytest.raises(InputError, match='unconfigured -> unconfigured'):
            robot.lifecycle.change('configure')
        status = robot.status('lifecycle', lambda status: status.level == ERROR)
        assert 'no-such-bundle' in status.message and 'Cure:' in status.message
        robot.node.set_parameters([Parameter('bundles', value=[str(bundle)])])
        robot.lifecycle.bring_up()
        robot.status('lifecycle', lambda s: s.level == b'\x00' and s.message == 'active')


def test_gallery_of_another_model_is_refused(bundle: Path, tmp_path: Path) -> None:
    from tests.toy import toy_bundle

    gallery = str(tmp_path / 'gallery.db')
    with Robot(bundle, gallery=gallery) as robot:
        robot.lifecycle.bring_up()
        robot.operator.enroll('red')
    other = toy_bundle(tmp_path / 'other', seed=1).path
    with Robot(other, gallery=gallery) as robot:
        with pytest.raises(InputError):
            robot.lifecycle.change('configure')
        status = robot.status('lifecycle', lambda status: status.level == ERROR)
        assert 'cannot configure' in status.message and 'Cure:' in status.message


def test_activation_without_a_model_leaves_the_node_inactive(bundle: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(bundle, tmp_path / 'copy'))
    with Robot(copy) as robot:
        robot.lifecycle.change('configure')
        (copy / 'sound_0.onnx').unlink()
        with pytest.raises(InputError, match='inactive -> inactive'):
            robot.lifecycle.change('activate')
        assert robot.node.session is None
        shutil.copy(bundle / 'sound_0.onnx', copy)
        robot.lifecycle.change('activate')


def test_a_bug_in_a_transition_releases_everything(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import xsense_ros.nodes.retrieval_node as module

    with Robot(bundle) as robot:
        robot.lifecycle.change('configure')
        with monkeypatch.context() as patch:
            patch.setattr(module, 'Asker', None)
            with pytest.raises(InputError, match='inactive -> unconfigured'):
                robot.lifecycle.change('activate')
        assert robot.node.session is None
        robot.lifecycle.bring_up()


def test_deactivation_frees_the_models(robot: Robot) -> None:
    encoder = weakref.ref(robot.node.session.encoder)
    engines = [weakref.ref(engine) for engine in encoder()._engines.values()]
    assert engines
    robot.lifecycle.change('deactivate')
    gc.collect()
    assert [engine() for engine in engines] == [None] * len(engines)
    # The executor lets go of the subscriptions, and so of the empty encoder, a moment later.
    eventually(lambda: gc.collect() >= 0 and encoder() is None)
