# SPDX-License-Identifier: Apache-2.0
"""`xsense run`: several nodes in one process, brought up, and ended by one signal."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner
from xsense_ros.msg import Box, HeterologousMatch, MatchArray
from xsense_ros.srv import SetTemplate

from tests.ros.harness import Operator, image_message
from tests.ros.matching import counts_message
from tests.toy_matcher import toy_scene
from tests.waiting import SECONDS, eventually
from xsense_ros.cli import main

pytestmark = pytest.mark.ros
ROOT = Path(__file__).resolve().parents[2]


class Running:
    """`xsense run` as a process, and an operator here."""

    def __init__(self, log: Path, *arguments: str) -> None:
        namespace = f'test_{uuid.uuid4().hex[:12]}'
        self._log = log
        command = [sys.executable, '-m', 'xsense_ros.cli', 'run', '--namespace', namespace]
        with log.open('wb') as output:
            self.child = subprocess.Popen(
                [*command, *arguments], cwd=ROOT, stdout=output, stderr=subprocess.STDOUT,
                env=os.environ | {'OMP_NUM_THREADS': '1'},
                # A shell's background job ignores SIGINT, and passes that on.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            )  # fmt: skip
        self.operator = Operator(f'/{namespace}')

    def log(self) -> str:
        return self._log.read_text()

    def wait(self, *said: str) -> None:
        """Until its log has all of these."""
        eventually(
            lambda: all(part in self.log() for part in said) or self.child.poll() is not None
        )
        assert self.child.poll() is None, self.log()

    def end(self, number: signal.Signals) -> None:
        self.child.send_signal(number)
        assert self.child.wait(SECONDS) == 0, self.log()
        assert 'Traceback' not in self.log(), self.log()


@contextlib.contextmanager
def running(log: Path, *arguments: str) -> Iterator[Running]:
    started = Running(log, *arguments)
    try:
        yield started
    finally:
        started.child.kill()
        started.child.wait()
        started.operator.close()


def test_nodes_share_a_process_and_a_camera(
    bundle: Path, matcher_bundle: Path, tmp_path: Path
) -> None:
    """One file of parameters is that of a node, the other one that of all."""
    every, own = tmp_path / 'all.yaml', tmp_path / 'matching.yaml'
    every.write_text(f'/**: {{ros__parameters: {{bundles: ["{bundle}"], gallery: ":memory:"}}}}')
    own.write_text(f'/**: {{ros__parameters: {{bundle: "{matcher_bundle}", threads: 1}}}}')
    given = ('--matching', '--params-file', str(every), '--params-file', f'matching={own}')
    page = ('--dashboard', '-p', 'dashboard:port:=0') if find_spec('starlette') else ()
    topics = ('--image-topic', 'front/image', '--infrared-topic', 'lepton/image')
    with running(tmp_path / 'log', *given, *page, *topics) as robot:
        operator = robot.operator
        robot.wait('active: toy 1', 'active: toy-matcher')
        assert not psutil.Process(robot.child.pid).children()
        if page:
            address = robot.log().split('the live page is at ')[1].split()[0]
            with urllib.request.urlopen(address, timeout=SECONDS) as answered:
                assert answered.status == 200
        operator.enroll('red', 'green')
        matches = operator.listen(MatchArray, 'matches')
        sightings = operator.listen(HeterologousMatch, 'heterologous_matches')
        # Both nodes hear the one camera.
        name = operator.node.resolve_topic_name('front/image')
        eventually(lambda: operator.node.count_subscribers(name) == 2)
        # No picture is passed on from node to node: `annotated` alone is drawn, for people.
        own = operator.node.get_publisher_names_and_types_by_node
        shown = {
            topic
            for node in ('retrieval', 'matching', *(['dashboard'] if page else []))
            for topic, kinds in own(node, operator.node.get_namespace())
            if set(kinds) & {'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'}
        }
        assert shown == {operator.node.resolve_topic_name('annotated')}
        picture = operator.image('green')

        def answer() -> bool:
            operator.publish('front/image', picture)  # again, until the node knows who listens
            return bool(matches.messages)

        eventually(answer)
        assert matches.messages[0].matches[0].label == 'green'
        visible, infrared = toy_scene()
        request = SetTemplate.Request(template_id='thing', image=image_message(visible))
        request.box = Box(x=280.0, y=200.0, width=64.0, height=64.0)
        response = operator.call(SetTemplate, 'matching/set_template', request)
        assert response.success, response.message

        def sighted() -> bool:
            counts = counts_message(infrared, operator.header('infrared'))
            operator.publish('lepton/image', counts)
            return any(message.template_id == 'thing' for message in sightings.messages)

        eventually(sighted)
        robot.end(signal.SIGINT)


def test_one_that_cannot_be_brought_up_leaves_the_other(
    matcher_bundle: Path, tmp_path: Path
) -> None:
    given = ('-p', 'bundles:=["nothing"]', '-p', f'matching:bundle:={matcher_bundle}')
    with running(tmp_path / 'log', '--matching', *given) as robot:
        robot.wait('cannot configure: bundle', 'active: toy-matcher')
        robot.end(signal.SIGINT)


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [
        (('-p', 'text.targets:=["smell"]'), 'retrieval node: parameter text.targets: got'),
        (('-p', 'no value'), 'ROS arguments: '),
    ],
)
def test_unusable_argument_is_one_clear_line(
    arguments: tuple[str, ...], says: str, tmp_path: Path
) -> None:
    with running(tmp_path / 'log', *arguments) as robot:
        assert robot.child.wait(SECONDS) == 2
        assert says in robot.log() and 'Traceback' not in robot.log(), robot.log()


@pytest.mark.parametrize(
    ('arguments', 'says'),
    [(['--no-retrieval'], 'nothing to run'), (['--params-file', 'no.yaml'], 'is no file')],
)
def test_wrong_usage_is_2(arguments: list[str], says: str) -> None:
    done = CliRunner().invoke(main, ['run', *arguments])
    assert done.exit_code == 2 and says in done.output
