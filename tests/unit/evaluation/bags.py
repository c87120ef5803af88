# SPDX-License-Identifier: Apache-2.0
"""Small bags written without ROS: pictures, sounds and words of the toy bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from tests.toy import toy_image, toy_sound
from xsense_ros.resources import find_resource

START_NS = 1_700_000_000 * 10**9
OWN = ('AudioChunk', 'TextStamped')


class Bag:
    """A bag that is being written; a context manager.

    Args:
        path: of its folder.
        storage: 'mcap' or 'sqlite3'.
        more: definitions of further message types by name.
    """

    def __init__(self, path: Path, storage: str = 'mcap', more: dict[str, str] | None = None):
        self.store = get_typestore(Stores.ROS2_JAZZY)
        known = {
            f'xsense_ros/msg/{name}': find_resource(f'msg/{name}.msg').read_text('utf-8')
            for name in OWN
        }
        for kind, text in (known | (more or {})).items():
            self.store.register(get_types_from_msg(text, kind))
        plugin = StoragePlugin.MCAP if storage == 'mcap' else StoragePlugin.SQLITE3
        self._writer = Writer(path, version=9, storage_plugin=plugin)
        self._topics: dict[str, Any] = {}

    def __enter__(self) -> Bag:
        self._writer.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def add(self, topic: str, kind: str, at: float, **fields: Any) -> None:
        """Write a message at so many seconds from the start."""
        if topic not in self._topics:
            connection = self._writer.add_connection(topic, kind, typestore=self.store)
            self._topics[topic] = connection
        message = self.store.types[kind](**fields)
        data = self.store.serialize_cdr(message, kind)
        self._writer.write(self._topics[topic], START_NS + round(at * 1e9), data)

    def header(self, at: float, frame: str = 'robot') -> Any:
        types = self.store.types
        sec, nanosec = divmod(START_NS + round(at * 1e9), 10**9)
        return types['std_msgs/msg/Header'](
            types['builtin_interfaces/msg/Time'](sec, nanosec), frame
        )

    def picture(self, word: str, at: float, seed: int = 0, topic: str = '/camera/image') -> None:
        rgb = toy_image(word, seed)
        self.add(
            topic, 'sensor_msgs/msg/Image', at, header=self.header(at), height=rgb.shape[0],
            width=rgb.shape[1], encoding='rgb8', is_bigendian=0, step=3 * rgb.shape[1],
            data=rgb.reshape(-1),
        )  # fmt: skip

    def text(self, words: str, at: float, topic: str = '/text', frame: str = '') -> None:
        self.add(
            topic, 'xsense_ros/msg/TextStamped', at, header=self.header(at, frame), text=words
        )

    def sound(self, word: str, at: float, seconds: float, seed: int = 0) -> None:
        """Chunks of 0.1 s."""
        for number in range(round(seconds * 10)):
            samples = toy_sound(word, seed).samples[:1600]
            pcm = (np.clip(samples, -1, 1) * 32767).astype('<i2')
            begin = at + number / 10
            self.add(
                '/microphone/audio', 'xsense_ros/msg/AudioChunk', begin,
                header=self.header(begin), sample_rate=16000, channels=1, encoding='S16LE',
                data=pcm.view(np.uint8), S16LE='S16LE', S32LE='S32LE', F32LE='F32LE',
            )  # fmt: skip


def robot_bag(path: Path, storage: str = 'mcap') -> Path:
    """Twelve seconds: red, green and blue are seen, heard and read, each of them twice.

    Two seconds each: red, green, blue, red, green, blue. Blue is named 'unknown' by TRUTH.
    """
    words = ('red', 'green', 'blue') * 2
    with Bag(path, storage) as bag:
        for place, word in enumerate(words):
            for step in range(5):
                bag.picture(word, 2 * place + 0.4 * step, seed=10 * place + step)
            bag.text(word, 2 * place + 0.5)
        for place, word in enumerate(words):
            bag.sound(word, 2 * place, 2.0)
    return path


# For `robot_bag`: every sense meets the same.
TRUTH = """\
begin,end,item
0,2,red
2,4,green
4,6,unknown
6,8,red
8,10,green
10,12,unknown
"""
