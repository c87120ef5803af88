# SPDX-License-Identifier: Apache-2.0
"""A bag comes over DDS as it was recorded: content, order, timing, stamps."""

from __future__ import annotations

import itertools
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rclpy
from click.testing import CliRunner
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.serialization import deserialize_message, serialize_message
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage
from xsense_ros.msg import TextStamped

from tests.ros.harness import Operator
from tests.waiting import eventually
from xsense_ros.errors import InputError
from xsense_ros.nodes.conversions import ns_to_stamp, stamp_to_ns
from xsense_ros.nodes.replay_node import ReplayNode, main, replay, shift_stamp
from xsense_ros.recording import Recorded, Recording, play
from xsense_ros.resources import find_resource

pytestmark = pytest.mark.ros
START = 1_700_000_000_000_000_000
STEP = 20_000_000
COUNT = 20


def text(number: int) -> TextStamped:
    message = TextStamped(text=f'number {number}')
    message.header.stamp = ns_to_stamp(START + number * STEP)
    return message


def write_bag(folder: Path, kind: str = 'xsense_ros/msg/TextStamped') -> Path:
    """Twenty texts, one every 20 ms, and a picture with each fifth."""
    store = get_typestore(Stores.ROS2_JAZZY)
    definition = find_resource('msg/TextStamped.msg').read_text('utf-8')
    store.register(get_types_from_msg(definition, kind))
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        words = writer.add_connection('/text', kind, typestore=store)
        pictures = writer.add_connection(
            '/camera/image/compressed', 'sensor_msgs/msg/CompressedImage', typestore=store
        )
        for number in range(COUNT):
            time_ns = START + number * STEP
            writer.write(words, time_ns, serialize_message(text(number)))
            if number % 5 == 0:
                picture = CompressedImage(format='jpeg', data=bytes([number] * 1000))
                writer.write(pictures, time_ns + 1, serialize_message(picture))
    return folder


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return write_bag(tmp_path / 'bag')


class TestRecording:
    def test_says_what_it_holds(self, bag: Path) -> None:
        recording = Recording.open(bag)
        assert recording.counts == {'/text': COUNT, '/camera/image/compressed': 4}
        assert recording.kinds['/text'] == 'xsense_ros/msg/TextStamped'
        assert recording.start_ns == START
        assert recording.duration_ns == (COUNT - 1) * STEP

    def test_messages_of_some_topics_in_order(self, bag: Path) -> None:
        messages = list(Recording.open(bag).messages(['text']))
        assert [m.time_ns for m in messages] == [START + n * STEP for n in range(COUNT)]
        assert [deserialize_message(m.data, TextStamped).text for m in messages] == [
            f'number {n}' for n in range(COUNT)
        ]

    def test_unknown_topic(self, bag: Path) -> None:
        with pytest.raises(InputError, match='/camera/image/compressed, /text'):
            Recording.open(bag).choose(['/nothing'])

    def test_damaged(self, bag: Path) -> None:
        file = bag / 'bag.mcap'
        file.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(InputError, match='can be read'):
            list(Recording.open(bag).messages())

    @pytest.mark.parametrize('rate', [0.5, 1.0, 4.0])
    def test_schedule_does_not_drift(
        self, bag: Path, rate: float, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Waits of any length end up at the recorded times; here every wait is 3 ms late."""
        now = 0.0
        seen: list[tuple[float, int]] = []
        clock: list[int] = []

        def wait(seconds: float) -> bool:
            nonlocal now
            now += seconds + 0.003 if seconds else 0.0
            return False

        def publish(message: Recorded, shift: int) -> None:
            seen.append((now, message.time_ns + shift - START))

        monkeypatch.setattr(time, 'monotonic', lambda: now)
        recording = Recording.open(bag)
        count = play(recording, publish, rate=rate, wait=wait, on_time=clock.append)
        assert count == len(seen) == COUNT + 4
        for moment, recorded in seen:
            assert 0 <= moment - recorded * 1e-9 / rate <= 0.003 + 1e-9
        assert clock == sorted(clock) and clock[-1] == START + recording.duration_ns

    def test_loop_goes_on_in_time_until_stopped(self, bag: Path) -> None:
        times: list[int] = []
        count = play(
            Recording.open(bag),
            lambda message, shift: times.append(message.time_ns + shift),
            topics=['text'],
            rate=1e6,
            loop=True,
            wait=lambda seconds: len(times) >= 50,
        )
        assert count == 50
        assert times == sorted(times)
        assert times[COUNT] - times[0] == (COUNT - 1) * STEP


@pytest.mark.parametrize('shift', [0, 1, 999_999_999, 10**17, -START])
def test_shift_stamp(shift: int) -> None:
    message = text(3)
    moved = deserialize_message(shift_stamp(serialize_message(message), shift), TextStamped)
    assert stamp_to_ns(moved.header.stamp) == stamp_to_ns(message.header.stamp) + shift
    assert moved.text == message.text


def test_shift_stamp_big_endian() -> None:
    data = b'\0\0\0\0' + struct.pack('>iI', 5, 999_999_999) + b'rest'
    assert shift_stamp(data, 2) == b'\0\0\0\0' + struct.pack('>iI', 6, 1) + b'rest'


class Listener(Operator):
    """Hears the topics of the bag, in a namespace, as a sensor's subscriber does."""

    def __init__(self) -> None:
        super().__init__('/robot')
        best_effort = QoSProfile(depth=100, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        self.texts = self.listen(TextStamped, 'text', 100)
        self.pictures = self.listen(CompressedImage, 'camera/image/compressed', best_effort)
        self.clocks = self.listen(Clock, '/clock', best_effort)


@pytest.fixture
def listener() -> Iterator[Listener]:
    listener = Listener()
    yield listener
    listener.close()


def run(bag: Path, rate: float = 1.0, **options: Any) -> float:
    """Replay it into /robot; how long it took."""
    context = rclpy.Context()
    rclpy.init(context=context)
    node = ReplayNode(Recording.open(bag), context=context, namespace='/robot', **options)
    try:
        stop = threading.Event()
        assert node.wait_for_listeners(20.0, stop)
        begun = time.monotonic()
        node.play(rate, loop=False, stop=stop)
        return time.monotonic() - begun
    finally:
        node.destroy_node()
        context.shutdown()


def test_arrives_as_recorded(bag: Path, listener: Listener) -> None:
    seconds = run(bag, stamps_now=False, clock=True)
    eventually(lambda: len(listener.texts.messages) == COUNT)
    assert listener.texts.messages == [text(number) for number in range(COUNT)]
    # They are heard as a sensor is, best effort: some may be lost, the others are whole.
    eventually(lambda: listener.pictures.messages)
    heard = [bytes(message.data) for message in listener.pictures.messages]
    sent = [bytes([number] * 1000) for number in (0, 5, 10, 15)]
    assert heard == [picture for picture in sent if picture in heard]
    assert seconds >= (COUNT - 1) * STEP * 1e-9
    times = [stamp_to_ns(message.clock) for message in listener.clocks.messages]
    assert times == sorted(times) and START <= times[0] <= times[-1] <= START + COUNT * STEP


def test_rate(bag: Path, listener: Listener) -> None:
    assert run(bag, rate=0.25, stamps_now=False) >= 4 * (COUNT - 1) * STEP * 1e-9
    eventually(lambda: len(listener.texts.messages) == COUNT)


def test_stamps_now(bag: Path, listener: Listener) -> None:
    before = time.time_ns()
    run(bag, stamps_now=True)
    eventually(lambda: len(listener.texts.messages) == COUNT)
    stamps = [stamp_to_ns(m.header.stamp) for m in listener.texts.messages]
    assert before <= stamps[0] <= time.time_ns()
    assert {b - a for a, b in itertools.pairwise(stamps)} == {STEP}


def test_nobody_listens(bag: Path) -> None:
    context = rclpy.Context()
    rclpy.init(context=context)
    node = ReplayNode(Recording.open(bag), context=context, namespace='/lonely')
    assert not node.wait_for_listeners(0.2, threading.Event())
    node.destroy_node()
    context.shutdown()


def test_type_that_is_not_installed(tmp_path: Path) -> None:
    bag = write_bag(tmp_path / 'bag', kind='foreign_msgs/msg/TextStamped')
    with pytest.raises(InputError, match='install foreign_msgs'):
        ReplayNode(Recording.open(bag))


def test_command(bag: Path) -> None:
    done = CliRunner().invoke(
        replay, [str(bag), '--wait', '0', '--rate', '10', '--topics', 'text']
    )
    assert done.exit_code == 0, done.output
    assert 'nobody listens' in done.output
    assert f'{COUNT} messages replayed' in done.output


def test_ends_on_sigterm(bag: Path) -> None:
    command = [sys.executable, '-m', 'xsense_ros.nodes.replay_node', str(bag), '--loop']
    arguments = ['--wait', '0', '--ros-args', '-r', '__ns:=/robot']
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith('replaying'):
            break
    process.terminate()
    assert process.wait(20) == 0
    assert 'messages replayed' in process.stdout.read()


def test_wrong_usage_of_the_node(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(['no/such/bag']) == 1
    assert main(['--nonsense']) == 2
    assert 'metadata.yaml' in capsys.readouterr().err
