# SPDX-License-Identifier: Apache-2.0
"""Plays a bag onto its topics, in its recorded timing: `xsense replay`, or the node `replay`."""

from __future__ import annotations

import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

import click
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile, QoSReliabilityPolicy
from rclpy.signals import SignalHandlerOptions
from rclpy.utilities import remove_ros_args
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rosgraph_msgs.msg import Clock

from xsense_ros.errors import XsenseError
from xsense_ros.nodes.adapters import message_class
from xsense_ros.nodes.conversions import ns_to_stamp
from xsense_ros.nodes.executor import stop_on_signals
from xsense_ros.recording import Recorded, Recording, play
from xsense_ros.units import NS

_SETTLED_SECONDS = 1.5  # a busy node is found topic by topic
# A reliable publisher serves best-effort and reliable subscribers alike. Pictures are large.
_DEPTH_OF_PICTURES, _DEPTH = 10, 200
_OTHER_TOPICS = 'name other topics with --topics'


class ReplayNode(Node):
    """Publishes the messages of a recording unchanged, apart from the stamps of their headers.

    Args:
        recording: what to play.
        topics: of the recording; all where none is named.
        stamps_now: move the stamps of headers by a constant, so that they begin now.
        clock: publish the recorded time on /clock.

    Raises:
        InputError: an unknown topic, or a message type that is not installed.
    """

    def __init__(
        self,
        recording: Recording,
        topics: tuple[str, ...] = (),
        *,
        stamps_now: bool = True,
        clock: bool = False,
        context: Any = None,
        namespace: str = '',
    ) -> None:
        kinds = {
            topic: message_class(kind, f'message type of {topic}', _OTHER_TOPICS)
            for topic, kind in recording.choose(topics).items()
        }
        super().__init__('replay', context=context, namespace=namespace)
        self._recording = recording
        self._topics = topics
        self._stamps_now = stamps_now
        self._offset_ns = 0
        self._stamped = {topic for topic, kind in kinds.items() if _begins_with_header(kind)}
        # Relative names, so that a namespace and remapping work.
        self._outlets = {
            topic: self.create_publisher(kind, topic.lstrip('/'), _qos(kind))
            for topic, kind in kinds.items()
        }
        best_effort = QoSProfile(depth=1, reliability=QoSReliabilityPolicy.BEST_EFFORT)
        self._clock_outlet = self.create_publisher(Clock, '/clock', best_effort) if clock else None

    def listeners(self) -> int:
        """How many of the topics somebody listens to."""
        return sum(outlet.get_subscription_count() > 0 for outlet in self._outlets.values())

    def wait_for_listeners(self, seconds: float, stop: threading.Event) -> bool:
        """Wait until all topics are listened to, or some and no further one for a while.

        Returns:
            False where nobody came within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        known, since = 0, time.monotonic()
        while not stop.wait(0.02):
            now = time.monotonic()
            if (found := self.listeners()) != known:
                known, since = found, now
            settled = known and now - since > _SETTLED_SECONDS
            if settled or known == len(self._outlets) or now > deadline:
                break
        return known > 0

    def play(self, rate: float, loop: bool, stop: threading.Event, on_time: Any = None) -> int:
        """Publish everything; the number of messages published. See `recording.play`."""
        if self._stamps_now:
            self._offset_ns = time.time_ns() - self._recording.start_ns

        def tell(time_ns: int) -> None:
            if self._clock_outlet is not None:
                self._clock_outlet.publish(Clock(clock=ns_to_stamp(time_ns)))
            if on_time is not None:
                on_time(time_ns - self._recording.start_ns)

        return play(
            self._recording,
            self._publish,
            topics=self._topics,
            rate=rate,
            loop=loop,
            wait=stop.wait,
            on_time=tell,
        )

    def _publish(self, message: Recorded, shift_ns: int) -> None:
        shift_ns += self._offset_ns
        data = message.data
        if shift_ns and message.topic in self._stamped:
            data = shift_stamp(data, shift_ns)
        self._outlets[message.topic].publish(data)


def shift_stamp(data: bytes, shift_ns: int) -> bytes:
    """A serialised message that begins with a std_msgs/Header, with another stamp.

    CDR: four bytes of encapsulation, the second of which is odd for little endian; then int32
    seconds and uint32 nanoseconds.
    """
    layout = '<iI' if data[1] & 1 else '>iI'
    seconds, nanoseconds = struct.unpack_from(layout, data, 4)
    stamp = divmod(seconds * NS + nanoseconds + shift_ns, NS)
    return data[:4] + struct.pack(layout, *stamp) + data[12:]


def _begins_with_header(kind: type[Any]) -> bool:
    fields = list(kind.get_fields_and_field_types().values())
    return bool(fields) and fields[0] == 'std_msgs/Header'


def _qos(kind: type[Any]) -> QoSProfile:
    pictures = kind.__module__.startswith('sensor_msgs')
    depth = _DEPTH_OF_PICTURES if pictures else _DEPTH
    return QoSProfile(depth=depth, reliability=QoSReliabilityPolicy.RELIABLE)


@click.command(context_settings={'help_option_names': ['-h', '--help']})
@click.argument('bag', type=click.Path(path_type=Path))
@click.option(
    '--rate',
    type=click.FloatRange(0.01, 100),
    default=1.0,
    show_default=True,
    help='Recorded seconds per second.',
)
@click.option('--loop', is_flag=True, help='Begin again at the end, with stamps that go on.')
@click.option('--topics', multiple=True, metavar='TOPIC', help='Only this topic; may be repeated.')
@click.option(
    '--stamp',
    type=click.Choice(['now', 'recorded']),
    help='Stamps of the headers: moved by a constant so that they begin now (default), or as '
    'recorded (default with --clock).',
)
@click.option('--clock', is_flag=True, help='Publish the recorded time on /clock (use_sim_time).')
@click.option(
    '--wait',
    type=click.FloatRange(0, 3600),
    default=10.0,
    show_default=True,
    help='Seconds to wait for somebody who listens.',
)
def replay(
    bag: Path,
    rate: float,
    loop: bool,
    topics: tuple[str, ...],
    stamp: str | None,
    clock: bool,
    wait: float,
) -> None:
    """Publish a recording with its recorded timing.

    \b
    Examples:
      xsense replay samples/robot_home/bag
      xsense replay BAG --loop --topics camera/image/compressed
      xsense replay BAG --rate 3 --clock        (listeners with use_sim_time:=true)

    At a rate other than 1 the stamps keep their recorded distances, so only --clock and
    use_sim_time keep them in step with the clock of those who listen.
    """
    recording = Recording.open(bag)
    stop = stop_on_signals()
    if not rclpy.ok():
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)
    stamps_now = stamp == 'now' or (stamp is None and not clock)
    console = Console()
    try:
        node = ReplayNode(recording, topics, stamps_now=stamps_now, clock=clock)
        count = _run(node, recording, rate, loop, wait, stop, console)
        node.destroy_node()
    finally:
        rclpy.try_shutdown()
    console.print(f'{count} messages replayed', highlight=False)


def _run(
    node: ReplayNode,
    recording: Recording,
    rate: float,
    loop: bool,
    wait: float,
    stop: threading.Event,
    console: Console,
) -> int:
    seconds = recording.duration_ns / NS
    if not node.wait_for_listeners(wait, stop) and not stop.is_set():
        console.print(f'nobody listens after {wait:g} s; replaying all the same', highlight=False)
    what = f'{recording.path}: {seconds:.1f} s at rate {rate:g}'
    if not console.is_terminal:
        console.print(f'replaying {what}', highlight=False)
        return node.play(rate, loop, stop)
    columns = (TextColumn('{task.description}'), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=recording.duration_ns)

        def show(time_ns: int) -> None:
            progress.update(task, completed=time_ns % (recording.duration_ns + 1))

        return node.play(rate, loop, stop, show)


def main(args: list[str] | None = None) -> int:
    """Run as a ROS node, ROS arguments (`--ros-args`) included. Returns the exit status."""
    argv = sys.argv if args is None else ['replay_node', *args]
    rclpy.init(args=argv, signal_handler_options=SignalHandlerOptions.NO)
    try:
        replay.main(remove_ros_args(argv)[1:], 'replay_node', standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except XsenseError as error:
        print(f'replay: {error}', file=sys.stderr)
        return 1
    finally:
        rclpy.try_shutdown()
    return 0


if __name__ == '__main__':
    sys.exit(main())
