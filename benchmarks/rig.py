# SPDX-License-Identifier: Apache-2.0
"""A node in its own process over real DDS; this process is its cameras and listener."""

from __future__ import annotations

import array
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import rclpy
from numpy.typing import NDArray
from rclpy.qos import qos_profile_sensor_data
from sensor_msgs.msg import Image
from xsense_ros.msg import AudioChunk, MatchArray, Sample

from benchmarks.samples import noise_frame
from benchmarks.subjects import THREADS
from xsense_ros.nodes.client import RetrievalClient
from xsense_ros.nodes.dds import isolate_this_process
from xsense_ros.nodes.executor import make_executor, spin
from xsense_ros.nodes.lifecycle_client import LifecycleClient

if TYPE_CHECKING:
    from typing_extensions import Self

BUNDLE = 'image-sound-text'
REMEMBERED = 20
_PATIENCE, _ASK_AGAIN = 120.0, 1.0  # seconds


def until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for a condition; whether it held in time."""
    deadline = time.monotonic() + seconds
    while not (held := condition()) and time.monotonic() < deadline:
        time.sleep(0.005)
    return held


class NodeRig:
    """A managed node in its own process. Use as a context manager.

    Args:
        name: of the node.
        parameters: of the node, 'name:=value' each.
    """

    def __init__(self, name: str, parameters: Sequence[str] = ()) -> None:
        isolate_this_process()
        self._name = name
        self._parameters = (f'threads:={THREADS}', *parameters)
        self._folder = tempfile.TemporaryDirectory()
        self._stopping = threading.Event()
        self._log = (Path(self._folder.name) / 'node.log').open('w')

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            print(Path(self._log.name).read_text())
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _start(self) -> None:
        arguments = [part for value in self._parameters for part in ('-p', value)]
        module = f'xsense_ros.nodes.{self._name}_node'
        self.process = subprocess.Popen(
            [sys.executable, '-m', module, '--ros-args', *arguments],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        rclpy.init()
        self.node = rclpy.create_node('bench')
        manager = rclpy.create_node('bench_manager')
        LifecycleClient(manager, self._name, timeout=_PATIENCE).bring_up()
        executor = make_executor()
        executor.add_node(self.node)
        context = rclpy.get_default_context()
        threading.Thread(
            target=spin, args=(executor, self._stopping, context), daemon=True
        ).start()

    def _stop(self) -> None:
        self._stopping.set()
        rclpy.try_shutdown()
        self.process.terminate()
        self.process.wait(timeout=_PATIENCE)
        self._log.close()
        self._folder.cleanup()

    def memory_mb(self) -> float:
        """Resident memory of the node's process [MB]."""
        return float(psutil.Process(self.process.pid).memory_info().rss / 1e6)

    def cpu_seconds(self) -> float:
        """Processor time of the node's process so far [s]."""
        times = psutil.Process(self.process.pid).cpu_times()
        return float(times.user + times.system)

    def stamp(self, message: Any) -> int:
        """Stamp a message with now; the stamp [ns] identifies its answer."""
        now = self.node.get_clock().now()
        message.header.stamp = now.to_msg()
        return int(now.nanoseconds)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Until a condition holds; TimeoutError after two minutes."""
        if not until(condition, _PATIENCE):
            raise TimeoutError(f'{what}: nothing within {_PATIENCE:g} s')

    def insist(self, ask: Callable[[], None], answered: Callable[[], bool], what: str) -> None:
        """Ask until there is an answer: then both ends know of each other, and all is warm.

        What is published before a subscriber has discovered the publisher is lost.
        """

        def asked() -> bool:
            ask()
            return until(answered, _ASK_AGAIN)

        self.wait(asked, what)


class Rig(NodeRig):
    """A retrieval node that remembers some pictures.

    Args:
        on_match: called with each answer and its time of arrival.
        bundle: that the node loads.
        parameters: of the node, 'name:=value' each.
    """

    def __init__(
        self,
        on_match: Callable[[MatchArray, float], None],
        bundle: str = BUNDLE,
        parameters: Sequence[str] = (),
    ) -> None:
        own = (f'bundles:=[{bundle}]', "gallery:=':memory:'")
        super().__init__('retrieval', (*own, *parameters))
        self._on_match = on_match
        self._awake = threading.Event()

    def _start(self) -> None:
        super()._start()
        self.images = self.node.create_publisher(Image, 'camera/image', qos_profile_sensor_data)
        self.sounds = self.node.create_publisher(
            AudioChunk, 'microphone/audio', qos_profile_sensor_data
        )
        self._remember_things()
        self.node.create_subscription(MatchArray, 'matches', self._heard, 50)
        self.insist(self.show, self._awake.is_set, 'the first answer')

    def show(self) -> None:
        """Publish a picture that is taken now."""
        picture = image_message(noise_frame(0))
        self.stamp(picture)
        self.images.publish(picture)

    def publish_sound(self, samples: NDArray[np.int16], rate: int) -> None:
        """Publish a mono chunk (N,)."""
        message = AudioChunk(sample_rate=rate, channels=1, encoding=AudioChunk.S16LE)
        self.stamp(message)
        message.data = array.array('B', samples.tobytes())
        self.sounds.publish(message)

    def _heard(self, message: MatchArray) -> None:
        if self._awake.is_set():
            self._on_match(message, time.perf_counter())
        self._awake.set()

    def _remember_things(self) -> None:
        with RetrievalClient() as client:
            for number in range(REMEMBERED):
                view = Sample(modality=Sample.IMAGE, image=image_message(noise_frame(number)))
                client.enroll(f'thing {number}', [view])


def image_message(frame: NDArray[np.uint8]) -> Image:
    """A bgr8 frame (H, W, 3) as a message."""
    height, width = frame.shape[:2]
    message = Image(height=height, width=width, encoding='bgr8', step=width * 3)
    message.data = array.array('B', frame.tobytes())
    return message
