# SPDX-License-Identifier: Apache-2.0
"""A node whose GPU has no engines yet, is lost and comes back: over DDS, with a fake TensorRT."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from xsense_ros.msg import MatchArray

from tests.fake_builder import FAST, REFUSED, SLOW
from tests.fake_gpu import FakeGpu, ended, fake_gpu
from tests.ros.harness import Robot, remembering, values
from tests.waiting import eventually
from xsense_ros.engines.cache import EngineCache
from xsense_ros.engines.engine import EngineDescription
from xsense_ros.errors import InputError
from xsense_ros.nodes import build_only

__all__ = ['fake_gpu']  # a fixture
pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]
CHAIN = ['tensorrt', 'onnxruntime']
OK, ERROR = b'\x00', b'\x02'
PATIENCE = 90.0  # seconds


def asked(robot: Robot, matches: Any, word: str) -> str:
    """The best answer to a sketch."""
    sketch = robot.operator.sketch(word)
    robot.operator.publish('sketch', sketch)
    message = matches.wait(lambda answer: answer.header == sketch.header)
    return str(message.matches[0].label)


def listening(robot: Robot) -> Any:
    recorder = robot.operator.listen(MatchArray, 'matches')
    eventually(lambda: robot.node.count_subscribers(f'{robot.namespace}/matches'))
    return recorder


def on_gpu(status: Any) -> list[str]:
    return [v for v in values(status).values() if v.startswith('tensorrt on Orin')]


def until(robot: Robot, fits: Callable[[EngineDescription], bool], count: int) -> None:
    """Wait for builders, which yield to everything else on this machine."""
    described = robot.node.session.encoder.describe
    eventually(lambda: sum(fits(engine) for engine in described()) == count, PATIENCE)


def test_it_answers_while_engines_are_built_and_then_with_them(
    sketch_bundle: Path, fake_gpu: FakeGpu
) -> None:
    fake_gpu.build(SLOW)
    with remembering(sketch_bundle, backends=CHAIN) as robot:
        matches = listening(robot)
        status = robot.status('engine', lambda s: 'BUILDING 3 of 3 engines' in s.message)
        assert status.level == OK and 'onnxruntime on cpu' in str(values(status))
        until(robot, lambda engine: '%, fusing' in engine.building, 1)
        robot.status('engine', lambda s: '%, fusing' in str(values(s)))
        assert asked(robot, matches, 'red') == 'red'
        fake_gpu.build(FAST)
        until(robot, lambda engine: engine.backend == 'tensorrt', 3)
        status = robot.status('engine', lambda s: s.message.startswith('toy'))
        assert len(on_gpu(status)) == 3 and status.level == OK
        assert asked(robot, matches, 'green') == 'green'

        # The GPU is lost: the sample that meets it is answered, and one error says so.
        fake_gpu.lose()
        assert asked(robot, matches, 'blue') == 'blue'
        status = robot.status('engine', lambda s: s.level == ERROR)
        assert 'CUDA cuda' in status.message and 'nvidia-smi' in status.message
        for _ in range(3):
            assert asked(robot, matches, 'red') == 'red'
        told = values(robot.status('engine', lambda s: s.level == ERROR))
        assert told['sketch.onnx: count'] == '1'
        fake_gpu.find()

        def back() -> bool:
            asked(robot, matches, 'red')
            engines = robot.node.session.encoder.describe()
            return all(engine.backend == 'tensorrt' for engine in engines)

        eventually(back, PATIENCE)
        robot.diagnostics.messages.clear()
        robot.status('engine', lambda s: s.level == OK and len(on_gpu(s)) == 3)
        robot.lifecycle.change('deactivate')
        assert fake_gpu.cuda.held == {}


def test_deactivating_ends_what_is_being_built(sketch_bundle: Path, fake_gpu: FakeGpu) -> None:
    fake_gpu.build(SLOW)
    with Robot(sketch_bundle, backends=CHAIN) as robot:
        robot.lifecycle.bring_up()
        (builder,) = eventually(fake_gpu.builders, PATIENCE)
        robot.lifecycle.change('deactivate')
        eventually(lambda: ended(builder['pid']))
        assert EngineCache().entries() == []
        # The next activation begins anew; what cannot be built is an error that stays.
        fake_gpu.build(REFUSED)
        robot.lifecycle.change('activate')
        eventually(lambda: any(e.fault for e in robot.node.session.encoder.describe()), PATIENCE)
        status = robot.status('engine', lambda s: s.level == ERROR)
        assert 'no kernel for this layer' in status.message


def test_strict_refuses(sketch_bundle: Path, fake_gpu: FakeGpu) -> None:
    with Robot(sketch_bundle, backends=CHAIN, strict_backend=True) as robot:
        robot.lifecycle.change('configure')
        with pytest.raises(InputError, match='inactive -> inactive'):
            robot.lifecycle.change('activate')
        status = robot.status('lifecycle', lambda s: s.level == ERROR)
        assert (
            'no engine of toy-sketch/' in status.message
            and 'xsense engines build' in status.message
        )
    assert fake_gpu.builders() == []


def test_a_node_that_only_builds(sketch_bundle: Path, fake_gpu: FakeGpu) -> None:
    command = [
        *(sys.executable, '-m', 'xsense_ros.nodes.retrieval_node', '--ros-args'),
        *('-p', 'engines.build_only:=true', '-p', 'backends:=["tensorrt", "onnxruntime"]'),
        *('-p', f'bundles:=["{sketch_bundle}"]', '-p', 'gallery:=":memory:"'),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert '3 engines for tensorrt 10.3.0' in done.stdout and 'toy' in done.stdout
    assert len(EngineCache().entries()) == 3


def test_without_such_a_backend_there_is_nothing_to_build(sketch_bundle: Path) -> None:
    nothing = pytest.raises(InputError, match='backend:=tensorrt,onnxruntime')
    with Robot(sketch_bundle, backends=['onnxruntime']) as robot, nothing:
        build_only.build(robot.node)
