# SPDX-License-Identifier: Apache-2.0
"""Reads a ROS 2 bag without ROS, and plays it in its recorded timing."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from xsense_ros.errors import InputError


@dataclass(frozen=True)
class Recorded:
    """One message of a bag: ``data`` is serialised (CDR), ``time_ns`` is when it was received."""

    time_ns: int
    topic: str
    kind: str
    data: bytes


@dataclass(frozen=True)
class Recording:
    """What a bag holds.

    Attributes:
        path: of the bag's folder.
        kinds: message type by topic, such as 'sensor_msgs/msg/Image'.
        counts: messages by topic.
        start_ns: time of the first message.
        duration_ns: from the first to the last message.
        definitions: of the message types that the bag describes itself, with what they are written
            in ('msg' or 'idl').
    """

    path: Path
    kinds: dict[str, str]
    counts: dict[str, int]
    start_ns: int
    duration_ns: int
    definitions: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Read what the bag says of itself.

        Args:
            path: folder with metadata.yaml, and MCAP or SQLite files.

        Raises:
            InputError: not a bag, an empty or damaged one, or no library to read it with.
        """
        with _reader(path) as reader:
            kinds = {connection.topic: connection.msgtype for connection in reader.connections}
            counts = {topic: reader.topics[topic].msgcount for topic in kinds}
            if not reader.message_count:
                raise InputError(
                    'bag', str(path), 'at least one message', 'record it again: ros2 bag record'
                )
            # The end that rosbags gives lies one nanosecond behind the last message.
            duration = reader.end_time - 1 - reader.start_time
            definitions = {
                connection.msgtype: (connection.msgdef.format.name.lower(), connection.msgdef.data)
                for connection in reader.connections
                if connection.msgdef.data
            }
            return cls(path, kinds, counts, reader.start_time, duration, definitions)

    def choose(self, topics: Collection[str]) -> dict[str, str]:
        """Message type by topic of some topics, given with or without their leading slash.

        Raises:
            InputError: a topic that was not recorded.
        """
        if not topics:
            return self.kinds
        chosen = {}
        for topic in topics:
            name = '/' + topic.lstrip('/')
            if name not in self.kinds:
                known = ', '.join(sorted(self.kinds))
                raise InputError('topic', topic, f'one of {known}', 'correct --topics')
            chosen[name] = self.kinds[name]
        return chosen

    def messages(self, topics: Collection[str] = ()) -> Iterator[Recorded]:
        """The messages of these topics (all where none is named) in order of time.

        Raises:
            InputError: a topic that was not recorded, or a damaged bag.
        """
        chosen = self.choose(topics)
        with _reader(self.path) as reader:
            wanted = [c for c in reader.connections if c.topic in chosen]
            messages = reader.messages(connections=wanted)
            while True:
                try:
                    connection, time_ns, data = next(messages)
                except StopIteration:
                    return
                except Exception as error:  # whatever a decompressor says of damaged bytes
                    raise _unreadable(self.path, error) from error
                yield Recorded(time_ns, connection.topic, connection.msgtype, bytes(data))


def play(
    recording: Recording,
    publish: Callable[[Recorded, int], None],
    *,
    topics: Collection[str] = (),
    rate: float = 1.0,
    loop: bool = False,
    wait: Callable[[float], bool],
    on_time: Callable[[int], None] = lambda time_ns: None,
    tick: float = 0.02,
) -> int:
    """Publish every message when its time has come.

    Times are counted from the start on a monotonic clock, so that delays do not add up.

    Args:
        recording: what to play.
        publish: takes a message and the shift in ns by which this round lies after the first.
        topics: to play; all where none is named.
        rate: recorded seconds per second.
        loop: begin again at the end, until ``wait`` says stop.
        wait: sleeps for so many seconds; True to stop.
        on_time: told the recorded time, shift included, before each message and every ``tick``.
        tick: seconds between two calls of ``on_time`` while no message is due.

    Returns:
        How many messages were published.

    Raises:
        InputError: see `Recording.messages`.
    """
    begin, count = time.monotonic(), 0
    for lap in itertools.count() if loop else range(1):
        shift = lap * recording.duration_ns
        for message in recording.messages(topics):
            time_ns = message.time_ns + shift
            due = begin + (time_ns - recording.start_ns) * 1e-9 / rate
            while (left := due - time.monotonic()) > 0:
                if left > tick:
                    on_time(time_ns - round(left * rate * 1e9))
                if wait(min(left, tick)):
                    return count
            if wait(0.0):
                return count
            on_time(time_ns)
            publish(message, shift)
            count += 1
    return count


@contextmanager
def _reader(path: Path) -> Iterator[Any]:
    try:
        from rosbags.rosbag2 import Reader
    except ImportError as error:
        raise InputError(
            'Python package', str(error), 'rosbags, which reads bags', 'pip install rosbags'
        ) from error
    if not (path / 'metadata.yaml').is_file():
        raise InputError(
            'bag', str(path), 'a folder with metadata.yaml', 'give the folder of a ROS 2 bag'
        )
    try:
        reader = Reader(path)
        reader.open()
    except Exception as error:  # damaged bytes make the library raise almost anything
        raise _unreadable(path, error) from error
    try:
        yield reader
    finally:
        reader.close()


def _unreadable(path: Path, error: Exception) -> InputError:
    cure = 'fetch the bag again, or repair it (`ros2 bag reindex`)'
    return InputError('bag', str(path), f'one that can be read ({error})', cure)
