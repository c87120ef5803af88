# SPDX-License-Identifier: Apache-2.0
"""A node in this process and an operator who talks to it over real DDS."""

from __future__ import annotations

import array
import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from xsense_ros.msg import AudioChunk, Sample, TextStamped
from xsense_ros.srv import Enroll

from tests.toy import WORDS, toy_image, toy_sketch
from xsense_ros.nodes.executor import make_executor, spin
from xsense_ros.nodes.lifecycle_client import LifecycleClient
from xsense_ros.nodes.managed_node import ManagedNode
from xsense_ros.nodes.retrieval_node import RetrievalNode
from xsense_ros.senses.microphone import Waveform

if TYPE_CHECKING:
    from typing_extensions import Self

SECONDS = 20.0  # deadline of every wait; a loaded machine needs it, a free one never


def eventually(condition: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """The first true value of ``condition``; fails at the deadline."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, 'not true in time'
        time.sleep(0.005)
    return value


class Recorder:
    """Keeps what a topic brings."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self._news = threading.Condition()

    def __call__(self, message: Any) -> None:
        with self._news:
            self.messages.append(message)
            self._news.notify_all()

    def wait(
        self, fits: Callable[[Any], bool] = lambda message: True, seconds: float = SECONDS
    ) -> Any:
        """The first message that fits, from the past or yet to come; it is taken out."""
        with self._news:
            deadline = time.monotonic() + seconds
            while True:
                for message in self.messages:
                    if fits(message):
                        self.messages.remove(message)
                        return message
                assert self._news.wait(deadline - time.monotonic()), 'no such message in time'


class Operator:
    """Publishes, listens and calls services, from a context of its own."""

    def __init__(self, namespace: str) -> None:
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node('operator', namespace=namespace, context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        self._publishers: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        self.context.shutdown()

    def listen(self, kind: type[Any], topic: str, qos: QoSProfile | int = 50) -> Recorder:
        """Record a topic, from when its publisher knows of us."""
        recorder = Recorder()
        subscription = self.node.create_subscription(kind, topic, recorder, qos)
        recorder.subscription = subscription  # type: ignore[attr-defined]
        return recorder

    def publish(self, topic: str, message: Any, *, reliable: bool = True) -> None:
        """Publish to a subscriber that is there."""
        if topic not in self._publishers:
            kind = QoSReliabilityPolicy
            reliability = kind.RELIABLE if reliable else kind.BEST_EFFORT
            qos = QoSProfile(depth=200, reliability=reliability)
            self._publishers[topic] = self.node.create_publisher(type(message), topic, qos)
        publisher = self._publishers[topic]
        eventually(publisher.get_subscription_count)
        publisher.publish(message)

    def call(self, kind: type[Any], name: str, request: Any) -> Any:
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
        client = self._clients[name]
        assert client.wait_for_service(SECONDS), name
        for _ in range(5):
            done = threading.Event()
            future = client.call_async(request)
            future.add_done_callback(lambda _, done=done: done.set())
            # An answer sent before the node has discovered our end is lost: ask again.
            if done.wait(SECONDS / 5):
                return future.result()
        raise AssertionError(f'no answer from {name}')

    def now(self) -> Any:
        return self.node.get_clock().now().to_msg()

    def header(self, frame: str = '') -> Header:
        return Header(stamp=self.now(), frame_id=frame)

    def image(self, word: str, seed: int = 0) -> Image:
        return image_message(toy_image(word, seed), self.header('camera'))

    def sketch(self, word: str, seed: int = 0) -> Image:
        return image_message(toy_sketch(word, seed), self.header('tablet'))

    def text(self, words: str) -> TextStamped:
        return TextStamped(header=self.header('person'), text=words)

    def enroll(self, *words: str) -> None:
        """Remember a picture of each colour."""
        for word in words:
            view = Sample(modality='image', image=self.image(word))
            request = Enroll.Request(label=word, item_id=word, views=[view])
            response = self.call(Enroll, 'retrieval/enroll', request)
            assert response.success, response.message


class LiveNode:
    """A managed node, spinning in a thread of this process.

    Args:
        kind: its class.
        name: of the node.
        values: parameters by name.
        cli_args: as on its command line.
        namespace: of an earlier one whose place it takes; '' for one of its own.
    """

    def __init__(
        self,
        kind: type[ManagedNode],
        name: str,
        values: dict[str, Any],
        cli_args: list[str] | None = None,
        namespace: str = '',
    ) -> None:
        self.namespace = namespace or f'/test_{uuid.uuid4().hex[:12]}'
        self._name = name
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node: Any = kind(
            context=self.context,
            namespace=self.namespace,
            cli_args=cli_args,
            parameter_overrides=[Parameter(name, value=value) for name, value in values.items()],
        )
        self.executor = make_executor(self.context)
        self.executor.add_node(self.node)
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=spin, args=(self.executor, self._stop, self.context), daemon=True
        )
        self._thread.start()
        self.operator = Operator(self.namespace)
        self._helper = rclpy.create_node(
            'helper', namespace=self.namespace, context=self.operator.context
        )
        self.lifecycle = LifecycleClient(self._helper, name, timeout=SECONDS)
        self.diagnostics = self.operator.listen(DiagnosticArray, '/diagnostics')

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.lifecycle.close()
        self._helper.destroy_node()
        self.operator.close()
        self._stop.set()
        self._thread.join()
        self.executor.shutdown()
        self.node.close()
        self.context.shutdown()

    def status(self, source: str, fits: Callable[[Any], bool] = lambda status: True) -> Any:
        """The next diagnostic status of a part ('lifecycle', '/camera/image'...) that fits."""
        part = self.namespace + source if source.startswith('/') else source
        name = f'{self.namespace[1:]}/{self._name}: {part}'
        found: list[Any] = []

        def look(message: DiagnosticArray) -> bool:
            found[:] = [s for s in message.status if s.name == name and fits(s)]
            return bool(found)

        self.diagnostics.wait(look)
        return found[0]


class Robot(LiveNode):
    """A retrieval node with a toy bundle."""

    def __init__(
        self,
        bundle: Path,
        cli_args: list[str] | None = None,
        namespace: str = '',
        **parameters: Any,
    ) -> None:
        values = {
            'bundles': [str(bundle)],
            'gallery': ':memory:',
            'diagnostics_period': 0.1,
            'sound.window_seconds': 0.5,
            'sound.hop_seconds': 0.1,
        } | dotted(parameters)
        super().__init__(RetrievalNode, 'retrieval', values, cli_args, namespace)


def dotted(parameters: dict[str, Any]) -> dict[str, Any]:
    """Names of parameters as Python cannot write them."""
    return {name.replace('__', '.'): value for name, value in parameters.items()}


@contextlib.contextmanager
def remembering(*bundles: Path, **parameters: Any) -> Iterator[Robot]:
    """An active node with these toy bundles that remembers pictures of red, green and blue."""
    paths = [str(bundle) for bundle in bundles]
    with Robot(bundles[0], bundles=paths, **parameters) as robot:
        robot.lifecycle.bring_up()
        robot.operator.enroll(*WORDS)
        yield robot


def values(status: Any) -> dict[str, str]:
    return {value.key: value.value for value in status.values}


def shows(told: dict[str, str]) -> Callable[[Any], bool]:
    """A status that tells all of these values at once.

    To wait for one value and then assert another reads a status from between two counts.
    """
    return lambda status: told.items() <= values(status).items()


def received(robot: Robot, modality: str) -> int:
    """Messages of the first topic of a sense that the node has taken; what DDS dropped is not."""
    return robot.node._senses[modality]._topics[0].received


def image_message(rgb: Any, header: Header | None = None) -> Image:
    message = Image(
        header=header or Header(),
        height=rgb.shape[0],
        width=rgb.shape[1],
        encoding='rgb8',
        step=rgb.shape[1] * 3,
    )
    message.data = array.array('B', rgb.tobytes())
    return message


def chunks(sound: Waveform, start_ns: int, seconds: float = 0.05) -> list[AudioChunk]:
    """A waveform as 16-bit chunks with true stamps."""
    size = round(seconds * sound.sample_rate)
    pcm = (np.clip(sound.samples, -1, 1) * 32767).astype('<i2')
    messages = []
    for begin in range(0, len(pcm) - size + 1, size):
        stamp_ns = start_ns + begin * 1_000_000_000 // sound.sample_rate
        message = AudioChunk(sample_rate=sound.sample_rate, channels=1, encoding='S16LE')
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, 1_000_000_000)
        message.header.frame_id = 'microphone'
        message.data = array.array('B', pcm[begin : begin + size].tobytes())
        messages.append(message)
    return messages
