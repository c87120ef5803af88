# SPDX-License-Identifier: Apache-2.0
"""The doctor finds real trouble on real DDS, and its cures work when they are followed."""

from __future__ import annotations

import gc
import itertools
import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rclpy
import yaml
from lifecycle_msgs.srv import GetState
from rclpy.parameter import Parameter
from rclpy.qos import QoSDurabilityPolicy, QoSProfile, QoSReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from std_msgs.msg import String
from xsense_ros.msg import MatchArray, TextStamped

from tests.ros.harness import LiveNode, Robot, chunks, remembering, values
from tests.ros.repeating import repeating
from tests.waiting import SECONDS
from xsense_ros.doctor.finding import Finding, Level, Outcome
from xsense_ros.doctor.observation import Endpoint, Qos
from xsense_ros.doctor.rules import examine
from xsense_ros.nodes.conversions import ns_to_stamp
from xsense_ros.nodes.doctor.listening import Listener
from xsense_ros.nodes.doctor.watch import Watch
from xsense_ros.nodes.matching_node import MatchingNode
from xsense_ros.senses.microphone import Waveform
from xsense_ros.units import NS

pytestmark = pytest.mark.ros
BEST_EFFORT = QoSProfile(depth=5, reliability=QoSReliabilityPolicy.BEST_EFFORT)


@pytest.fixture(scope='module')
def robot(bundle: Path) -> Iterator[Robot]:
    """One for all tests that leave it as it was: an active node that remembers three things."""
    with remembering(bundle) as robot:
        yield robot


@contextmanager
def looking(robot: LiveNode) -> Iterator[Watch]:
    with Watch(robot.namespace) as watch:
        yield watch


def until(watch: Watch, fits: Any, seconds: float = SECONDS) -> dict[str, Outcome]:
    """What the rules say as soon as it fits; everything that is seen adds up."""
    deadline = time.monotonic() + seconds
    while True:
        outcomes = examine(watch.run(0.4))
        if fits(outcomes):
            return outcomes
        assert time.monotonic() < deadline, outcomes


def findings(outcomes: dict[str, Outcome], rule: str, topic: str = '') -> list[Finding]:
    return [f for f in outcomes[rule].findings if f.subject.endswith(topic)]


def found(watch: Watch, rule: str, topic: str, seen: str = '') -> Finding:
    """The finding of a rule about a topic whose description contains a text."""

    def look(outcomes: dict[str, Outcome]) -> bool:
        return any(seen in f.seen for f in findings(outcomes, rule, topic))

    outcomes = until(watch, look)
    return next(f for f in findings(outcomes, rule, topic) if seen in f.seen)


@contextmanager
def idle(robot: LiveNode, kind: type[Any], topic: str, qos: Any = 5) -> Iterator[Any]:
    """A publisher that says nothing by itself."""
    publisher = robot.operator.node.create_publisher(kind, topic, qos)
    try:
        yield publisher
    finally:
        robot.operator.node.destroy_publisher(publisher)


@contextmanager
def publishing(robot: LiveNode, topic: str, make: Any, hertz: float = 20.0) -> Iterator[None]:
    """A driver that publishes until the block ends; ``make`` is given a number."""
    numbers = itertools.count()
    with (
        idle(robot, type(make(0)), topic, BEST_EFFORT) as publisher,
        repeating(lambda: publisher.publish(make(next(numbers))), 1.0 / hertz),
    ):
        yield


def image_at(robot: LiveNode, offset_ns: int | None) -> Any:
    """Makes pictures whose stamps lie so far from now; None: zero."""

    def make(number: int) -> Any:
        message = robot.operator.image('red')
        stamp_ns = 0 if offset_ns is None else time.time_ns() + offset_ns
        message.header.stamp = ns_to_stamp(stamp_ns)
        return message

    return make


def test_a_well_robot_is_well(bundle: Path) -> None:
    # One of its own: on that of the others a driver may have died.
    with (
        remembering(bundle) as robot,
        publishing(robot, 'camera/image', image_at(robot, 0)),
        looking(robot) as watch,
    ):

        def answered(outcomes: dict[str, Outcome]) -> bool:
            told = outcomes['answers'].well + outcomes['engines'].well + outcomes['gallery'].well
            return all(word in told for word in (' answers', 'onnxruntime', '3 items remembered'))

        outcomes = until(watch, answered)
        assert not [
            (rule, f)
            for rule, outcome in outcomes.items()
            for f in outcome.findings
            if f.level > Level.NOTE and f.subject != '/dev/shm'
        ]
        assert f'{robot.namespace}/retrieval active' in outcomes['nodes'].well
        assert '1 of ' in outcomes['publishers'].well
        assert 'camera/image' in outcomes['rates'].well
        silent = findings(outcomes, 'publishers')[0]
        assert silent.level == Level.NOTE and '/microphone/audio' in silent.subject


def test_wrong_qos_and_the_cure_taken_from_the_finding(
    bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fixed = uuid.uuid4()
    monkeypatch.setattr('uuid.uuid4', lambda: fixed)
    with Robot(bundle) as robot:
        robot.lifecycle.bring_up()
        with idle(robot, TextStamped, 'text', BEST_EFFORT), looking(robot) as watch:
            finding = found(watch, 'qos', '/text', 'best_effort')
    namespace = robot.namespace
    # Its participants leave now: where they left while their successors came, some of these were
    # not discovered for as long as a lease lasts (20 s).
    del robot, watch
    gc.collect()
    name = f'qos_overrides.{namespace}/text.subscription.reliability'
    assert finding.settings == {name: 'best_effort'}
    assert f'-p {name}:=best_effort' in finding.cure
    # The same robot again, with the parameter file that the report shows, then with `-p`.
    file = tmp_path / 'cure.yaml'
    file.write_text(yaml.safe_dump({finding.node: {'ros__parameters': dict(finding.settings)}}))
    for cure in (['--params-file', str(file)], ['-p', f'{name}:=best_effort']):
        with Robot(bundle, ['--ros-args', *cure]) as cured:
            assert cured.namespace == namespace
            cured.lifecycle.bring_up()
            cured.operator.enroll('red')
            matches = cured.operator.listen(MatchArray, 'matches')
            cured.operator.publish('text', cured.operator.text('red'), reliable=False)
            assert matches.wait().query_text == 'red'
        del cured, matches
        gc.collect()


def test_a_listener_that_asks_for_more(robot: Robot) -> None:
    qos = QoSProfile(depth=1, durability=QoSDurabilityPolicy.TRANSIENT_LOCAL)
    recorder = robot.operator.listen(MatchArray, 'matches', qos)
    with looking(robot) as watch:
        finding = found(watch, 'qos', '/matches', 'transient_local')
    robot.operator.ignore(recorder)
    name = f'qos_overrides.{robot.namespace}/matches.publisher.durability'
    assert finding.settings == {name: 'transient_local'}


def test_stamps(robot: Robot) -> None:
    cases = {
        'are 0': None,
        'old: up to': -5 * NS,
        'ahead of the clock': 60 * NS,
        'days': -20 * 86400 * NS,
    }
    for words, offset in cases.items():
        with publishing(robot, 'camera/image', image_at(robot, offset)), looking(robot) as watch:
            finding = found(watch, 'stamps', '/camera/image', words)
            assert finding.level == Level.WARNING
            assert ('use_sim_time' in finding.cure) == (words in ('ahead of the clock', 'days'))


def test_backward_stamps_of_two_publishers(robot: Robot) -> None:
    late = publishing(robot, 'camera/image', image_at(robot, -NS // 2))
    with publishing(robot, 'camera/image', image_at(robot, 0)), late, looking(robot) as watch:
        finding = found(watch, 'stamps', '/camera/image', 'before the one before')
        assert 'end all publishers' in finding.cure


def test_a_driver_that_died(robot: Robot) -> None:
    with publishing(robot, 'camera/image', image_at(robot, 0)), looking(robot) as watch:
        until(watch, lambda outcomes: '1 of' in outcomes['publishers'].well)
    with looking(robot) as watch:
        finding = found(watch, 'publishers', '/camera/image/compressed', 'any more')
        assert finding.level == Level.WARNING and 'driver' in finding.cure


def test_a_topic_of_the_wrong_type(robot: Robot) -> None:
    with idle(robot, String, 'text'), looking(robot) as watch:
        finding = found(watch, 'publishers', '/text', 'std_msgs/msg/String')
        assert finding.level == Level.ERROR and 'TextStamped' in finding.expected


def test_a_silent_driver(robot: Robot) -> None:
    with idle(robot, Image, 'camera/image'), looking(robot) as watch:
        assert 'look at the driver' in found(watch, 'rates', '/camera/image', 'nothing in').cure


def test_lost_messages_and_an_expected_rate(robot: Robot) -> None:
    begin = time.time_ns()

    def make(number: int) -> Any:
        """Two of three frames get lost on the way; their stamps are those of a steady camera."""
        message = robot.operator.image('red')
        frame = 3 * number + (number * 7 % 3 == 0)
        message.header.stamp = ns_to_stamp(begin + frame * NS // 60)
        return message

    topic = f'{robot.namespace}/camera/image'
    with publishing(robot, 'camera/image', make), Watch(robot.namespace, {topic: 60.0}) as watch:
        assert 'expected' not in found(watch, 'rates', topic, ' Hz').seen
        outcomes = until(watch, lambda o: len(findings(o, 'rates', topic)) >= 2)
        expected = [f.expected for f in findings(outcomes, 'rates', topic)]
        assert '60 Hz (--rate)' in expected and 'nothing lost' in expected


def test_sound_with_holes(robot: Robot) -> None:
    # Pieces of 50 ms, of which every other one is missing.
    pieces = chunks(Waveform(np.zeros(16_000 * 60, np.float32), 16_000), time.time_ns())
    holes = publishing(robot, 'microphone/audio', lambda n: pieces[2 * n % len(pieces)], 10.0)
    with holes, looking(robot) as watch:
        finding = found(watch, 'rates', '/microphone/audio', 's of sound a second')
        assert finding.seen.startswith('0.') and finding.level == Level.WARNING


def test_sim_time_without_a_clock_and_a_clock_unused(robot: Robot) -> None:
    robot.node.set_parameters([Parameter('use_sim_time', value=True)])
    with looking(robot) as watch:
        finding = found(watch, 'sim time', '/retrieval', 'nobody publishes /clock')
        assert finding.level == Level.ERROR
    robot.node.set_parameters([Parameter('use_sim_time', value=False)])
    with idle(robot, Clock, '/clock') as publisher, looking(robot) as watch:
        until(watch, lambda outcomes: findings(outcomes, 'sim time', '/clock'))  # it stands still
        publisher.publish(Clock(clock=ns_to_stamp(NS)))
        finding = found(watch, 'sim time', '/retrieval', 'use_sim_time is false')
        assert finding.settings == {'use_sim_time': 'true'}


def test_refused_samples_are_told_in_the_words_of_the_node(robot: Robot) -> None:
    def make(number: int) -> Any:
        message = image_at(robot, 0)(number)
        message.encoding = 'nonsense'
        return message

    with publishing(robot, 'camera/image', make), looking(robot) as watch:
        finding = found(watch, 'complaints', '/camera/image', 'nonsense')
        assert finding.cure and 'rgb8' in finding.expected


def test_nobody_in_this_namespace(robot: Robot) -> None:
    with Watch('/nowhere') as watch:
        finding = found(watch, 'discovery', 'nodes', 'none of xsense_ros')
        assert 'correct --namespace' in finding.cure


def test_two_of_one_name_one_of_which_hangs(robot: Robot) -> None:
    context = robot.operator.context
    twin = rclpy.create_node('retrieval', namespace=robot.namespace, context=context)
    hung = rclpy.create_node('matching', namespace=robot.namespace, context=context)
    hung.create_service(GetState, '~/get_state', lambda request, response: response)
    with looking(robot) as watch:
        assert '2 nodes' in found(watch, 'nodes', '/retrieval', 'of this name').seen
        assert found(watch, 'nodes', '/matching', 'does not answer').level == Level.ERROR
    twin.destroy_node()
    hung.destroy_node()


def test_large_messages_through_a_small_segment(robot: Robot) -> None:
    """And the cure: the profile that the finding names."""
    topic = f'{robot.namespace}/camera/image'
    with driver(topic, profile='') as process, looking(robot) as watch:
        finding = found(watch, 'shared memory', topic, 'segment of 512 KiB')
        assert f'process {process.pid}' in finding.seen and finding.level == Level.WARNING
    profile = finding.cure.partition('PROFILES_FILE=')[2].partition(' ')[0]
    with driver(topic, profile), looking(robot) as watch:
        heard = until(watch, lambda outcomes: topic in outcomes['rates'].well)
        assert not findings(heard, 'shared memory', topic)


@contextmanager
def driver(topic: str, profile: str) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that publishes 640x480 pictures."""
    code = f"""
import array, time, rclpy
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
rclpy.init()
node = rclpy.create_node('driver')
publisher = node.create_publisher(Image, {topic!r}, qos_profile_sensor_data)
message = Image(height=480, width=640, encoding='rgb8', step=1920)
message.data = array.array('B', bytes(640 * 480 * 3))
while rclpy.ok():
    message.header.stamp = node.get_clock().now().to_msg()
    publisher.publish(message)
    time.sleep(0.05)
"""
    environment = {k: v for k, v in os.environ.items() if 'DEFAULT_PROFILES_FILE' not in k}
    if profile:
        environment['FASTRTPS_DEFAULT_PROFILES_FILE'] = profile
    process = subprocess.Popen([sys.executable, '-c', code], env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def test_nothing_published_nothing_remembered_not_up_and_cannot(bundle: Path) -> None:
    with Robot(bundle) as robot:
        with looking(robot) as watch:
            finding = found(watch, 'nodes', '/retrieval', 'unconfigured')
            assert f'`ros2 lifecycle set {robot.namespace}/retrieval configure`' in finding.cure
        robot.lifecycle.bring_up()
        with idle(robot, Image, 'front/image_raw'), looking(robot) as watch:
            assert 'xsense enroll' in found(watch, 'gallery', 'gallery', 'nothing').cure
            finding = found(watch, 'publishers', 'camera/image/compressed', 'nobody publishes')
            assert f'-r camera/image:={robot.namespace}/front/image_raw' in finding.cure
        with looking(robot) as watch:
            finding = found(watch, 'publishers', '', 'nobody publishes')
            assert finding.level == Level.WARNING and '/camera/image' in finding.subject
        robot.lifecycle.bring_down()
        robot.node.set_parameters([Parameter('bundles', value=['no-such-bundle'])])
        robot.node.trigger_configure()
        with looking(robot) as watch:
            finding = found(watch, 'complaints', 'lifecycle', 'no-such-bundle')
            assert finding.level == Level.ERROR and 'XSENSE_BUNDLE_PATH' in finding.cure


def test_matching_without_its_cameras(matcher_bundle: Path) -> None:
    values = {'bundle': str(matcher_bundle), 'diagnostics_period': 0.1}
    with LiveNode(MatchingNode, 'matching', values) as robot:
        robot.lifecycle.bring_up()
        with looking(robot) as watch:
            finding = found(watch, 'publishers', 'infrared/image/compressed', 'nobody publishes')
            assert finding.level == Level.WARNING
        frames = publishing(robot, 'infrared/image', image_at(robot, 0))
        with frames, looking(robot) as watch:
            finding = found(watch, 'answers', 'templates', 'nothing is looked for')
            assert 'set_template' in finding.cure


def test_bytes_of_another_definition_are_counted_and_no_more(robot: Robot) -> None:
    node = robot.operator.node
    for kind in ('sensor_msgs/msg/Image', 'xsense_ros/msg/AudioChunk', 'std_msgs/msg/String'):
        listener = Listener(node, f'{kind}_x', Endpoint('/n', kind, Qos()), [], lambda: 0)
        for raw in (b'', b'\0', b'\0\1\0\0' + b'\xff' * 60, random.Random(0).randbytes(5000)):
            listener._take(raw)
        assert len(listener.heard) == 4
        assert all(one.sound == 0.0 for one in listener.heard)


def test_the_computer_is_on_diagnostics(robot: Robot) -> None:
    told = values(robot.status('computer', lambda status: status.hardware_id != ''))
    assert int(told['engine cache: MB free']) > 0 and 'gallery: MB free' not in told
    assert 'MiB' in told['DDS shared-memory segments'] and float(told['load']) >= 0


def test_the_command(robot: Robot) -> None:
    command = [sys.executable, '-m', 'xsense_ros.cli', 'doctor', '--namespace', robot.namespace]
    for seconds in ('4', '12', '36'):  # a busy node may take long to answer
        done = subprocess.run(
            [*command, '--json', '--seconds', seconds], capture_output=True, text=True
        )
        report = json.loads(done.stdout)
        if ' active' in report['well'].get('nodes', ''):
            break
    levels = {finding['level'] for finding in report['findings']}
    assert done.returncode == report['status'] == int(bool(levels & {'warning', 'error'}))
    assert f'{robot.namespace}/retrieval active' in report['well']['nodes']
