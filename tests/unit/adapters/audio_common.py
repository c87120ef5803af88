# SPDX-License-Identifier: Apache-2.0
"""Messages of both packages named audio_common_msgs, made from their definitions without ROS."""

from __future__ import annotations

from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

_HEADER = 'std_msgs/Header header\n'
ROS_DRIVERS = {
    'AudioData': 'uint8[] data\n',
    'AudioDataStamped': f'{_HEADER}audio_common_msgs/AudioData audio\n',
    'AudioInfo': 'uint8 channels\nuint32 sample_rate\nstring sample_format\nuint32 bitrate\n'
    'string coding_format\n',
}
MGONZS13 = {
    'AudioData': 'float32[] float32_data\nint32[] int32_data\nint16[] int16_data\n'
    'int8[] int8_data\nuint8[] uint8_data\n',
    'AudioInfo': 'int32 format\nint32 channels\nint32 rate\nint32 chunk\n',
    'Audio': 'audio_common_msgs/AudioData audio_data\naudio_common_msgs/AudioInfo info\n',
    'AudioStamped': f'{_HEADER}audio_common_msgs/Audio audio\n',
}


class Package:
    """The message types of one of the two packages."""

    def __init__(self, definitions: dict[str, str]) -> None:
        self.store = get_typestore(Stores.ROS2_JAZZY)
        for name, text in definitions.items():
            self.store.register(get_types_from_msg(text, f'audio_common_msgs/msg/{name}'))

    def make(self, name: str, **fields: Any) -> Any:
        """A message that has been serialised and read again, as from a bag."""
        kind = f'audio_common_msgs/msg/{name}'
        message = self.store.types[kind](**fields)
        return self.store.deserialize_cdr(self.store.serialize_cdr(message, kind), kind)

    def header(self, stamp_ns: int = 0, frame: str = 'microphone') -> Any:
        types = self.store.types
        sec, nanosec = divmod(stamp_ns, 10**9)
        stamp = types['builtin_interfaces/msg/Time'](sec=sec, nanosec=nanosec)
        return types['std_msgs/msg/Header'](stamp=stamp, frame_id=frame)


def stamped_bytes(package: Package, data: bytes, stamp_ns: int = 0) -> Any:
    """An AudioDataStamped of ros-drivers."""
    audio = package.store.types['audio_common_msgs/msg/AudioData'](np.frombuffer(data, np.uint8))
    return package.make('AudioDataStamped', header=package.header(stamp_ns), audio=audio)


def audio_stamped(
    package: Package, field: str, values: Any, sample_format: int, rate: int = 8000,
    channels: int = 1,
) -> Any:  # fmt: skip
    """An AudioStamped of mgonzs13/audio_common."""
    types = package.store.types
    kinds = {
        'float32_data': np.float32,
        'int32_data': np.int32,
        'int16_data': np.int16,
        'int8_data': np.int8,
        'uint8_data': np.uint8,
    }
    arrays = {name: np.array([], kind) for name, kind in kinds.items()}
    arrays[field] = np.asarray(values, kinds[field])
    data = types['audio_common_msgs/msg/AudioData'](**arrays)
    info = types['audio_common_msgs/msg/AudioInfo'](sample_format, channels, rate, len(values))
    audio = types['audio_common_msgs/msg/Audio'](data, info)
    return package.make('AudioStamped', header=package.header(), audio=audio)
