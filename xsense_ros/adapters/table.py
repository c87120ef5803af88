# SPDX-License-Identifier: Apache-2.0
"""The table of message types: what each carries, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xsense_ros.adapters.cameras import camera_of
from xsense_ros.adapters.pictures import (
    compressed_to_rgb,
    compressed_to_sketch,
    image_to_rgb,
    image_to_sketch,
)
from xsense_ros.adapters.sounds import (
    SoundFormat,
    audio_data_stamped_to_waveform,
    audio_data_to_waveform,
    audio_stamped_to_waveform,
    chunk_to_waveform,
)
from xsense_ros.adapters.words import string_to_text, text_stamped_to_text
from xsense_ros.errors import InputError

# What a message can carry.
PICTURE, DRAWING, SOUND, WORDS = 'a picture', 'a drawing', 'sound', 'words'
SOUND_FORMAT, CAMERA = 'a format of sound', 'a camera'
_IMAGE, _COMPRESSED = 'sensor_msgs/msg/Image', 'sensor_msgs/msg/CompressedImage'


@dataclass(frozen=True)
class Adapter:
    """How a type of message is read.

    Attributes:
        carries: one of PICTURE, DRAWING, SOUND, WORDS, SOUND_FORMAT and CAMERA.
        kind: type such as 'sensor_msgs/msg/Image'.
        reader: takes a message, and for SOUND the SoundFormat of those that do not say it; gives
            RGB uint8 (H, W, 3), a Waveform, a text, a SoundFormat or a Camera.
        stamped: whether it has a header, without which nobody knows when it was.
        told: whether it has to be told the format of its sound.
        fields: that tell it from another package's type of the same name.
    """

    carries: str
    kind: str
    reader: Callable[..., Any]
    stamped: bool = True
    told: bool = False
    fields: str = ''

    def read(self, message: Any, *told: SoundFormat) -> Any:
        """Read a message.

        Raises:
            InputError: one that cannot be used, or of another type that has the same name.
        """
        try:
            return self.reader(message, *told)
        except AttributeError as error:
            raise InputError(
                f'message of type {self.kind}',
                str(error),
                f'the fields {self.fields}',
                'two packages have this name: install, and record with, the one named in '
                'docs/fitting-in.md',
            ) from error


ADAPTERS: tuple[Adapter, ...] = (
    Adapter(PICTURE, _IMAGE, image_to_rgb),
    Adapter(PICTURE, _COMPRESSED, compressed_to_rgb),
    Adapter(DRAWING, _IMAGE, image_to_sketch),
    Adapter(DRAWING, _COMPRESSED, compressed_to_sketch),
    Adapter(SOUND, 'xsense_ros/msg/AudioChunk', chunk_to_waveform),
    Adapter(
        SOUND,
        'audio_common_msgs/msg/AudioDataStamped',
        audio_data_stamped_to_waveform,
        told=True,
        fields='header, audio.data (ros-drivers/audio_common)',
    ),
    Adapter(
        SOUND,
        'audio_common_msgs/msg/AudioData',
        audio_data_to_waveform,
        stamped=False,
        told=True,
        fields='data (ros-drivers/audio_common)',
    ),
    Adapter(
        SOUND,
        'audio_common_msgs/msg/AudioStamped',
        audio_stamped_to_waveform,
        fields='header, audio.audio_data, audio.info (mgonzs13/audio_common)',
    ),
    Adapter(
        SOUND_FORMAT,
        'audio_common_msgs/msg/AudioInfo',
        SoundFormat.from_info,
        stamped=False,
        fields='channels, sample_rate, sample_format, coding_format (ros-drivers/audio_common)',
    ),
    Adapter(WORDS, 'xsense_ros/msg/TextStamped', text_stamped_to_text),
    Adapter(WORDS, 'std_msgs/msg/String', string_to_text, stamped=False),
    Adapter(CAMERA, 'sensor_msgs/msg/CameraInfo', camera_of),
)


def kinds_of(carries: str) -> tuple[str, ...]:
    """Types that carry something, the preferred one first."""
    return tuple(adapter.kind for adapter in ADAPTERS if adapter.carries == carries)


def adapter(carries: str, kind: str, where: str = 'message type') -> Adapter:
    """The row of a type.

    Args:
        carries: what is wanted of it.
        kind: such as 'sensor_msgs/msg/Image'.
        where: names the topic or parameter in an error.

    Raises:
        InputError: that type does not carry it, as far as we know.
    """
    for row in ADAPTERS:
        if (row.carries, row.kind) == (carries, kind):
            return row
    known = ' or '.join(kinds_of(carries))
    raise InputError(where, kind, f'{carries} as {known}', 'name or record another topic')
