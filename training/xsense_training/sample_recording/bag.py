# SPDX-License-Identifier: Apache-2.0
"""Writes the messages of the sample recording as a ROS 2 bag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.rosbag2.storage_mcap import McapWriter
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from xsense_ros.names import MODALITIES
from xsense_ros.resources import find_resource

START = 1_767_225_600_000_000_000  # stamp of the first sample [ns]: 2026-01-01 00:00 UTC
_HEADER = 'std_msgs/msg/Header'
LEVEL = 19  # of Zstandard: the bag is written once, and travels with every copy of the package
_STORE_AS = {  # topic -> type
    '/camera/image': 'sensor_msgs/msg/Image',
    '/camera/image/compressed': 'sensor_msgs/msg/CompressedImage',
    '/sketch': 'sensor_msgs/msg/Image',
    '/sketch/compressed': 'sensor_msgs/msg/CompressedImage',
    '/microphone/audio': 'xsense_ros/msg/AudioChunk',
    '/text': 'xsense_ros/msg/TextStamped',
    '/touch/compressed': 'sensor_msgs/msg/CompressedImage',
    '/impact': 'xsense_ros/msg/AudioChunk',
    **{
        f'/truth/{sense}': 'xsense_ros/msg/TextStamped'
        for sense in (*MODALITIES, 'asked', 'template', 'match')
    },
    '/visible/image/compressed': 'sensor_msgs/msg/CompressedImage',
    '/infrared/image/compressed': 'sensor_msgs/msg/CompressedImage',
}


@dataclass(frozen=True)
class Record:
    """One message of the bag.

    Attributes:
        time: when it was received, in ns after START.
        topic: a key of the recording's topics.
        stamp: when it was sensed, in ns after START.
        frame_id: of the header.
        fields: the message without its header.
    """

    time: int
    topic: str
    stamp: int
    frame_id: str
    fields: dict[str, Any]


def truth_record(sense: str, stamp: int, truth: str, kind: str) -> Record:
    """What is there for a sense from a stamp on: the id of an item, and the kind of question.

    Of 'asked': what a question on purpose should find, which begins with a sample of this stamp.
    Of 'template' and 'match': a box and the name of what it is around, see flight.py.
    """
    return Record(stamp, f'/truth/{sense}', stamp, kind, {'text': truth})


def write_bag(folder: Path, records: Sequence[Record]) -> None:
    """An MCAP bag of version 9 (ROS 2 Jazzy), chunks compressed with Zstandard.

    Messages lie topic by topic, since like beside like is compressed best; readers of MCAP go by
    its index, in order of time.
    """
    store = get_typestore(Stores.ROS2_JAZZY)
    for file in sorted(find_resource('msg').glob('*.msg')):
        definition = file.read_text('utf-8')
        store.register(get_types_from_msg(definition, f'xsense_ros/msg/{file.stem}'))
    writer = Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP)
    writer.set_compression(CompressionMode.STORAGE, CompressionFormat.ZSTD)
    with writer:
        if isinstance(writer.storage, McapWriter):
            compress: Any = writer.storage.compressor
            writer.storage.compressor = partial(compress, level=LEVEL)
        connections = {
            topic: writer.add_connection(topic, kind, typestore=store)
            for topic, kind in _STORE_AS.items()
        }
        order = {topic: place for place, topic in enumerate(_STORE_AS)}
        for record in sorted(records, key=lambda record: (order[record.topic], record.time)):
            stamp = START + record.stamp
            time = store.types['builtin_interfaces/msg/Time'](
                sec=stamp // 10**9, nanosec=stamp % 10**9
            )
            header = store.types[_HEADER](stamp=time, frame_id=record.frame_id)
            kind = _STORE_AS[record.topic]
            message = store.types[kind](header=header, **record.fields)
            data = store.serialize_cdr(message, kind)
            writer.write(connections[record.topic], START + record.time, data)
