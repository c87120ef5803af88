# SPDX-License-Identifier: Apache-2.0
"""Toy bundles, a robot that knows them, and what it answers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.toy import toy_bundle, toy_sketch_bundle
from tests.toy_matcher import toy_matcher_bundle
from tests.toy_touch import toy_touch_bundle


@pytest.fixture(scope='session')
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_bundle(tmp_path_factory.mktemp('bundles') / 'toy').path


@pytest.fixture(scope='session')
def sketch_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_sketch_bundle(tmp_path_factory.mktemp('bundles') / 'toy-sketch').path


@pytest.fixture(scope='session')
def touch_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_touch_bundle(tmp_path_factory.mktemp('bundles') / 'toy-touch').path


@pytest.fixture(scope='session')
def matcher_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return toy_matcher_bundle(tmp_path_factory.mktemp('bundles') / 'toy-matcher').path


@pytest.fixture
def robot(bundle: Path) -> Iterator:
    """An active node that remembers red, green and blue."""
    from tests.ros.harness import remembering

    with remembering(bundle) as robot:
        yield robot


@pytest.fixture
def matches(robot: Any) -> Any:
    """What the robot answers from now on; the node knows already that somebody listens."""
    from xsense_ros.msg import MatchArray

    from tests.ros.harness import eventually

    recorder = robot.operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    return recorder
