# SPDX-License-Identifier: Apache-2.0
"""Sound out of the messages of three packages: ours, and both that are named audio_common_msgs.

- ros-drivers/audio_common: AudioData and AudioDataStamped hold bytes and do not say of what; that
  is told once, as an AudioInfo on a topic of its own.
- mgonzs13/audio_common: AudioStamped holds an array for each type of sample, and says which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import ENCODINGS, Waveform, check_sample_rate, decode_audio

# Sample formats of PortAudio, which AudioInfo.format holds -> field, encoding of its samples, and
# how they become so.
_PORTAUDIO: dict[int, tuple[str, str, Callable[[NDArray[Any]], NDArray[Any]]]] = {
    1: ('float32_data', 'F32LE', lambda values: values),
    2: ('int32_data', 'S32LE', lambda values: values),
    8: ('int16_data', 'S16LE', lambda values: values),
    16: ('int8_data', 'S16LE', lambda values: values.astype(np.int16) * 256),
    32: ('uint8_data', 'S16LE', lambda values: (values.astype(np.int16) - 128) * 256),
}
_UNCODED = ('wave', 'wav', 'raw', 'pcm', '')


@dataclass(frozen=True)
class SoundFormat:
    """What the bytes of a sound are: encoding of ``ENCODINGS``, samples a second, channels."""

    encoding: str = 'S16LE'
    sample_rate: int = 16_000
    channels: int = 1

    @classmethod
    def from_text(cls, text: str) -> SoundFormat:
        """From a text such as 'S16LE,16000,1'; InputError where it says something else."""
        parts = [part.strip() for part in text.split(',')]
        numbers = parts[1:]
        good = len(parts) == 3 and parts[0] in ENCODINGS and all(n.isdecimal() for n in numbers)
        if not good or not int(numbers[1]):
            raise InputError(
                'format of sound',
                text,
                f"ENCODING,RATE,CHANNELS such as 'S16LE,16000,1', with one of {sorted(ENCODINGS)}",
                'give that of the driver',
            )
        check_sample_rate(int(numbers[0]))
        return cls(parts[0], int(numbers[0]), int(numbers[1]))

    @classmethod
    def from_info(cls, message: Any) -> SoundFormat:
        """From an AudioInfo of ros-drivers; InputError for a coded sound such as MP3."""
        coding = message.coding_format
        if coding.lower() not in _UNCODED:
            raise InputError(
                'coding of sound',
                coding,
                "samples that are not compressed ('wave')",
                'start audio_capture with the parameter format:=wave',
            )
        return cls(message.sample_format, message.sample_rate, message.channels)


def chunk_to_waveform(message: Any, told: SoundFormat | None = None) -> Waveform:
    """Mono float32 of an AudioChunk; InputError for a bad encoding, length, rate or NaN."""
    return decode_audio(
        message.data,
        encoding=message.encoding,
        channels=message.channels,
        sample_rate=message.sample_rate,
    )


def audio_data_to_waveform(message: Any, told: SoundFormat) -> Waveform:
    """Mono float32 of an AudioData of ros-drivers; errors as of ``decode_audio``.

    Args:
        message: with the field ``data``.
        told: what its bytes are.
    """
    return decode_audio(
        message.data,
        encoding=told.encoding,
        channels=told.channels,
        sample_rate=told.sample_rate,
    )


def audio_data_stamped_to_waveform(message: Any, told: SoundFormat) -> Waveform:
    """Mono float32 of an AudioDataStamped of ros-drivers; as ``audio_data_to_waveform``."""
    return audio_data_to_waveform(message.audio, told)


def audio_stamped_to_waveform(message: Any, told: SoundFormat | None = None) -> Waveform:
    """Mono float32 of an AudioStamped of mgonzs13/audio_common.

    Raises:
        InputError: a format of samples other than float32, int32, int16, int8 and uint8, or as of
            ``decode_audio``.
    """
    info = message.audio.info
    if info.format not in _PORTAUDIO:
        known = {number: field for number, (field, _, _) in _PORTAUDIO.items()}
        cure = 'set the format of the audio capturer to 8 (16-bit integers)'
        raise InputError('format of audio.info', info.format, f'one of {known}', cure)
    field, encoding, convert = _PORTAUDIO[info.format]
    values = convert(np.asarray(getattr(message.audio.audio_data, field)))
    little_endian = np.ascontiguousarray(values, ENCODINGS[encoding])
    return decode_audio(
        little_endian, encoding=encoding, channels=info.channels, sample_rate=info.rate
    )
