# SPDX-License-Identifier: Apache-2.0
"""What is kept of an enrolled sample, losslessly, so that another model can embed it again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.gallery.png_text import read_text, with_text
from xsense_ros.gallery.thumbnail import thumbnail
from xsense_ros.senses.camera import decode_compressed
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.press import Press

try:
    import soundfile
except ImportError:  # sounds are then enrolled without a copy
    soundfile = None


_PICTURES = ('image', 'sketch')
_SOUNDS = ('sound', 'impact')
# Keyword of the text in the PNG of a press; a number as Python writes it, hence exact.
_SCALE = 'mm_per_pixel'
# Of all channels together: ten minutes in stereo at 48 kHz.
MAX_SOUND_VALUES = 60_000_000
_PIP = 'pip install soundfile'


def encode_media(modality: str, sample: Any) -> tuple[bytes | None, str]:
    """The sample as a file and its media type: PNG, FLAC (24 bit) or UTF-8 text.

    A press is a PNG whose scale is a text in it. None and '' for what cannot be kept: a sound
    where `soundfile` is not installed.

    Raises:
        InputError: the picture does not fit into a PNG.
    """
    if modality in _PICTURES:
        return _png(modality, sample), 'image/png'
    if modality == 'touch':
        data = _png(modality, sample.pixels)
        return with_text(data, _SCALE, repr(float(sample.mm_per_pixel))), 'image/png'
    if modality in _SOUNDS:
        return _flac(sample)
    return str(sample).encode(), 'text/plain'


def decode_media(modality: str, media: bytes) -> Any:
    """The sample that was kept, as the encoder takes it: the inverse of ``encode_media``.

    Raises:
        InputError: data that are no file of the modality, or a sound without `soundfile`.
    """
    if modality in _PICTURES:
        return decode_compressed(media, 'png')
    if modality == 'touch':
        return _press(media)
    if modality in _SOUNDS:
        return read_sound(media)
    try:
        return media.decode()
    except UnicodeDecodeError as error:
        raise InputError('kept text', media[:20], 'UTF-8', 'enrol this text again') from error


def media_thumbnail(modality: str, sample: Any) -> bytes | None:
    """A small JPEG of the sample where it can be seen (picture, sketch, press), else None."""
    if modality in _PICTURES:
        return thumbnail(sample)
    return thumbnail(sample.pixels) if modality == 'touch' else None


def read_sound(file: Path | bytes) -> Waveform:
    """A sound file (WAV, FLAC, Ogg, MP3), or its content, as mono float32.

    Raises:
        InputError: it cannot be read, or is longer than MAX_SOUND_VALUES.
    """
    if soundfile is None:
        raise InputError('sound file', _told(file), 'the package soundfile', _PIP)
    cure = 'convert it, for example: ffmpeg -i FILE sound.wav'
    try:
        with soundfile.SoundFile(io.BytesIO(file) if isinstance(file, bytes) else file) as opened:
            # A header may say anything: what counts is what comes out.
            most = MAX_SOUND_VALUES // opened.channels
            samples = opened.read(most + 1, dtype='float32', always_2d=True)
            rate = int(opened.samplerate)
    except (soundfile.LibsndfileError, OSError, ValueError, RuntimeError) as error:
        expected = f'WAV, FLAC or Ogg ({error})'
        raise InputError('sound file', _told(file), expected, cure) from error
    if len(samples) > most:
        cure = 'cut a piece out of it'
        raise InputError('sound file', _told(file), f'at most {most / rate:.0f} s', cure)
    if not len(samples) or not np.isfinite(samples).all():
        raise InputError('sound file', _told(file), 'at least one finite sample', cure)
    return Waveform(np.ascontiguousarray(samples.mean(axis=1), np.float32), rate)


def _told(file: Path | bytes) -> str:
    return f'{len(file)} bytes' if isinstance(file, bytes) else str(file)


def _png(modality: str, rgb: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode('.png', cv2.cvtColor(np.ascontiguousarray(rgb), cv2.COLOR_RGB2BGR))
    if not done:
        raise InputError(modality, rgb.shape, 'a picture that PNG can hold', 'shrink it')
    return bytes(data.tobytes())


def _press(media: bytes) -> Press:
    pixels = decode_compressed(media, 'png')
    scale = read_text(media, _SCALE)
    try:
        return Press(pixels, float(scale or ''))
    except ValueError as error:
        cure = 'enrol this touch again'
        expected = f'a PNG with the text {_SCALE}'
        raise InputError('kept touch', scale, expected, cure) from error


def _flac(sound: Waveform) -> tuple[bytes | None, str]:
    if soundfile is None:
        return None, ''
    buffer = io.BytesIO()
    soundfile.write(buffer, sound.samples, sound.sample_rate, format='FLAC', subtype='PCM_24')
    return buffer.getvalue(), 'audio/flac'
