# SPDX-License-Identifier: Apache-2.0
"""The launch files, with the genuine launch tools where they are installed."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xsense_ros.srv import ClearTemplate, ListItems

from tests.ros.harness import Operator
from tests.waiting import eventually
from xsense_ros.resources import find_resource

REASON = 'the launch tools are not on PyPI; they come with a ROS 2 installation'
ARGUMENTS = {
    'retrieval': {
        'bundle', 'gallery', 'image_topic', 'touch_topics', 'touch_profiles', 'impact_topic',
        'matching', 'infrared_topic', 'matching_params_file', 'dashboard', 'dashboard_port',
        'dashboard_params_file',
    },
    'matching': {
        'bundle', 'visible_topic', 'infrared_topic', 'visible_info_topic', 'infrared_info_topic',
        'mapping',
    },
}  # fmt: skip
SHARED = {'namespace', 'params_file', 'backend', 'use_sim_time', 'log_level', 'autostart'}


@pytest.fixture(autouse=True)
def _tools() -> None:
    pytest.importorskip('launch', reason=REASON)
    pytest.importorskip('launch_ros', reason=REASON)


def _launch_file(name: str) -> Path:
    return find_resource(f'launch/{name}.launch.py')


@pytest.mark.parametrize('name', ARGUMENTS)
def test_arguments_are_described(name: str) -> None:
    spec = importlib.util.spec_from_file_location(f'{name}_launch', _launch_file(name))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    described = module.generate_launch_description().get_launch_arguments()
    arguments = {argument.name: argument for argument in described}
    assert ARGUMENTS[name] | SHARED <= arguments.keys()
    assert all(argument.description for argument in arguments.values())


@contextlib.contextmanager
def _launched(name: str, log: Path, *arguments: str) -> Iterator[tuple[Operator, Any]]:
    """A launch file that runs: who talks to its nodes, and whether its log has a text."""
    namespace = f'test_{uuid.uuid4().hex[:12]}'
    with log.open('wb') as output:
        child = subprocess.Popen(
            ['ros2', 'launch', str(_launch_file(name)), f'namespace:={namespace}', *arguments],
            stdout=output, stderr=subprocess.STDOUT, env=os.environ, start_new_session=True,
        )  # fmt: skip
    operator = Operator(f'/{namespace}')
    try:
        yield operator, lambda said: said in log.read_text() or child.poll() is not None
    finally:
        operator.close()
        child.terminate()
        try:
            child.wait(20)
        finally:
            with contextlib.suppress(ProcessLookupError):  # no node outlives the test
                os.killpg(child.pid, signal.SIGKILL)


@pytest.mark.ros
def test_launched_node_becomes_active(bundle: Path, tmp_path: Path) -> None:
    log = tmp_path / 'log'
    with _launched('retrieval', log, f'bundle:={bundle}', 'gallery:=:memory:') as (operator, says):
        eventually(lambda: says('active: toy'))
        listed = operator.call(ListItems, 'retrieval/list_items', ListItems.Request())
        assert listed.success
        assert 'matching' not in log.read_text()


@pytest.mark.ros
def test_launched_matching_node_becomes_active(matcher_bundle: Path, tmp_path: Path) -> None:
    log = tmp_path / 'log'
    topics = ('visible_topic:=front/image', 'infrared_topic:=lepton/image')
    with _launched('matching', log, f'bundle:={matcher_bundle}', *topics) as (operator, says):
        eventually(lambda: says('active: toy-matcher'))
        cleared = operator.call(ClearTemplate, 'matching/clear_template', ClearTemplate.Request())
        assert cleared.success
        for topic in ('front/image', 'lepton/image/compressed'):
            name = operator.node.resolve_topic_name(topic)
            eventually(lambda name=name: operator.node.count_subscribers(name))


@pytest.mark.ros
def test_both_nodes_from_one_launch_file(
    bundle: Path, matcher_bundle: Path, tmp_path: Path
) -> None:
    parameters = tmp_path / 'matching.yaml'
    parameters.write_text(f'/**: {{ros__parameters: {{bundle: "{matcher_bundle}"}}}}')
    given = (f'bundle:={bundle}', 'gallery:=:memory:', 'matching:=true')
    given += (f'matching_params_file:={parameters}', 'image_topic:=front/image')
    with _launched('retrieval', tmp_path / 'log', *given) as (operator, says):
        eventually(lambda: says('active: toy 1') and says('active: toy-matcher'))
        name = operator.node.resolve_topic_name('front/image')
        eventually(lambda: operator.node.count_subscribers(name) == 2)
