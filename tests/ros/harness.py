# SPDX-License-Identifier: Apache-2.0
"""A node in this process and an operator who talks to it over real DDS."""

from __future__ import annotations

import array
import contextlib
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.exceptions import InvalidHandle
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import NodeNameNonExistentError
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from xsense_ros.msg import AudioChunk, Sample, TextStamped
from xsense_ros.srv import Enroll

from tests.ros.waiting import Recorder
from tests.toy import WORDS, toy_image, toy_sketch
from tests.waiting import SECONDS, eventually
from xsense_ros.nodes.executor import make_executor, spin
from xsense_ros.nodes.lifecycle_client import LifecycleClient
from xsense_ros.nodes.managed_node import ManagedNode
from xsense_ros.nodes.retrieval_node import RetrievalNode
from xsense_ros.senses.microphone import Waveform

if TYPE_CHECKING:
    from typing_extensions import Self


class Operator:
    """Publishes, listens and calls services, from a context of its own.

    Args:
        namespace: of whom it talks to.
        beside: the nodes of this process that it talks to, the one with the services first;
            none: they are in other processes.
    """

    def __init__(self, namespace: str, beside: Callable[[], Sequence[Any]] = lambda: ()) -> None:
        self._beside = beside
        self.context = rclpy.Context()
        rclpy.init(context=self.context)
        self.node = rclpy.create_node('operator', namespace=namespace, context=self.context)
        self._executor = SingleThreadedExecutor(context=self.context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._spin, daemon=True)
        self._thread.start()
        self._publishers: dict[str, Any] = {}
        self._clients: dict[str, Any] = {}
        self._listening: list[Any] = []

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def close(self) -> None:
        self._executor.shutdown()
        self._thread.join()
        self.node.destroy_node()
        self.context.shutdown()

    def listen(self, kind: type[Any], topic: str, qos: QoSProfile | int = 50) -> Recorder:
        """Record a topic, from when its publisher knows of us; see `publish`."""
        recorder = Recorder()
        recorder.subscription = self.node.create_subscription(kind, topic, recorder, qos)
        self._listening.append(recorder.subscription)
        return recorder

    def publish(self, topic: str, message: Any, *, reliable: bool = True) -> None:
        """Publish to a subscriber that is there."""
        if topic not in self._publishers:
            kind = QoSReliabilityPolicy
            reliability = kind.RELIABLE if reliable else kind.BEST_EFFORT
            qos = QoSProfile(depth=200, reliability=reliability)
            self._publishers[topic] = self.node.create_publisher(type(message), topic, qos)
        publisher = self._publishers[topic]
        eventually(lambda: self._acquainted(publisher))
        publisher.publish(message)

    def _acquainted(self, publisher: Any) -> bool:
        """Whether this publisher and all that we listen to are connected, seen from both ends.

        A sample that comes before its subscriber has discovered the publisher is lost; nothing is
        asked, or answered to a listener, before the node has discovered who listens.
        """
        with contextlib.suppress(InvalidHandle):  # of what is destroyed meanwhile
            said = [one for node in self._beside() for one in node.publishers]
            heard = [
                one
                for node in self._beside()
                for one in node.subscriptions
                if one.topic_name == publisher.topic_name
            ]
            self._listening = [one for one in self._listening if one in self.node.subscriptions]
            ours = Counter(one.topic_name for one in self._listening)
            return (
                publisher.get_subscription_count() >= max(1, len(heard))
                and all(one.get_publisher_count() for one in heard)
                and all(
                    mine.get_publisher_count() and theirs.get_subscription_count() >= ours[topic]
                    for mine in self._listening
                    for theirs in said
                    if (topic := mine.topic_name) == theirs.topic_name
                )
            )
        return False

    def ignore(self, recorder: Recorder) -> None:
        """Listen no more, and wait until the node knows that."""
        topic = recorder.subscription.topic_name
        said = [
            one for node in self._beside() for one in node.publishers if one.topic_name == topic
        ]
        before = [one.get_subscription_count() for one in said]
        self.node.destroy_subscription(recorder.subscription)
        left = [max(0, count - 1) for count in before]
        eventually(
            lambda: all(
                one.get_subscription_count() <= n for one, n in zip(said, left, strict=True)
            )
        )

    def call(self, kind: type[Any], name: str, request: Any) -> Any:
        if name not in self._clients:
            self._clients[name] = self.node.create_client(kind, name)
        client = self._clients[name]
        assert client.wait_for_service(SECONDS), name
        tries = 5
        if self._beside():
            eventually(lambda: self._is_client_known(client.service_name))
            tries = 1
        done = threading.Event()
        answers = []

        def take(future: Any) -> None:
            answers.append(future.result())
            done.set()

        for _ in range(tries):
            client.call_async(request).add_done_callback(take)
            # An answer sent before the node has discovered our end is lost: ask again.
            if done.wait(SECONDS / tries):
                return answers[0]
        raise AssertionError(f'no answer from {name}')

    def _is_client_known(self, service: str) -> bool:
        """Whether the node with the services has discovered where answers to us go."""
        name, namespace = self.node.get_name(), self.node.get_namespace()
        with contextlib.suppress(NodeNameNonExistentError):
            known = self._beside()[0].get_client_names_and_types_by_node(name, namespace)
            return service in (path for path, _ in known)
        return False

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
        self.others: list[Any] = []  # nodes that run beside it, see tests/ros/paging.py
        self.operator = Operator(self.namespace, lambda: (self.node, *self.others))
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
