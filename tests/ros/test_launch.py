# SPDX-License-Identifier: Apache-2.0
"""The launch file, with the genuine launch tools where they are installed."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import uuid
from pathlib import Path

import pytest
from xsense_ros.srv import ListItems

from tests.ros.harness import Operator, eventually
from xsense_ros.resources import find_resource

REASON = 'the launch tools are not on PyPI; they come with a ROS 2 installation'


def _description():
    pytest.importorskip('launch', reason=REASON)
    pytest.importorskip('launch_ros', reason=REASON)
    path = find_resource('launch/retrieval.launch.py')
    spec = importlib.util.spec_from_file_location('retrieval_launch', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.generate_launch_description()


def test_arguments_are_described() -> None:
    description = _description()
    arguments = {argument.name: argument for argument in description.get_launch_arguments()}
    assert {
        'namespace', 'params_file', 'bundle', 'gallery', 'backend', 'use_sim_time', 'log_level',
        'autostart', 'touch_topics', 'touch_profiles', 'impact_topic',
    } <= arguments.keys()  # fmt: skip
    assert all(argument.description for argument in arguments.values())


@pytest.mark.ros
def test_launched_node_becomes_active(bundle: Path, tmp_path: Path) -> None:
    pytest.importorskip('launch', reason=REASON)
    pytest.importorskip('launch_ros', reason=REASON)
    namespace = f'test_{uuid.uuid4().hex[:12]}'
    log = tmp_path / 'log'
    with log.open('wb') as output:
        child = subprocess.Popen(
            ['ros2', 'launch', str(find_resource('launch/retrieval.launch.py')),
             f'namespace:={namespace}', f'bundle:={bundle}', 'gallery:=:memory:'],
            stdout=output, stderr=subprocess.STDOUT, env=os.environ,
        )  # fmt: skip
    operator = Operator(f'/{namespace}')
    try:
        eventually(lambda: 'active: toy' in log.read_text() or child.poll() is not None)
        listed = operator.call(ListItems, 'retrieval/list_items', ListItems.Request())
        assert listed.success
    finally:
        operator.close()
        child.terminate()
        child.wait(20)
