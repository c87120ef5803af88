# SPDX-License-Identifier: Apache-2.0
"""What comes from a browser, made harmless: looked at before it is decoded, and encoded again.

Nothing of a file reaches the robot but pixels, samples and printable text: not its name, not its
metadata, not what else hides in it.
"""

from __future__ import annotations

import io
import struct
import unicodedata
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.dashboard.problems import Refused
from xsense_ros.errors import InputError
from xsense_ros.senses.camera import decode_compressed
from xsense_ros.senses.microphone import MAX_SAMPLE_RATE, MIN_SAMPLE_RATE, Waveform
from xsense_ros.senses.picture_size import is_picture, picture_size
from xsense_ros.senses.resize import resize

try:
    import soundfile
except ImportError:  # sounds are then refused with a cure
    soundfile = None

PICTURES = ('sketch', 'image')
SOUNDS = ('sound', 'impact')
TEXTS = ('text',)
MODALITIES = (*PICTURES, *SOUNDS, *TEXTS)

_SOUND_HEADS = (b'RIFF', b'fLaC', b'OggS')
_MOST_CHANNELS = 16
_CONVERT = 'convert it, for example: ffmpeg -i FILE sound.wav'


@dataclass(frozen=True)
class Limits:
    """How much one upload may hold.

    max_bytes: of a whole request; max_pixels: of a picture, from its header; max_side: longest
    side [pixels] to which pictures are shrunk; max_seconds: of a sound; max_text: characters;
    max_files: in one request.
    """

    max_bytes: int = 20_000_000
    max_pixels: int = 50_000_000
    max_side: int = 1280
    max_seconds: float = 60.0
    max_text: int = 1000
    max_files: int = 16


@dataclass(frozen=True)
class Upload:
    """One sample from a browser: a PNG, a mono sound or a text, as ``modality`` says."""

    modality: str
    value: bytes | Waveform | str


def take(modality: str, data: bytes, limits: Limits) -> Upload:
    """A file, or the UTF-8 of a text, as a sample.

    Args:
        modality: one of MODALITIES.
        data: of the upload.
        limits: of it.

    Raises:
        Refused: unknown modality (400), a type that is not taken (415), too much (413), or
            something damaged (400).
    """
    if modality in PICTURES:
        return Upload(modality, picture_png(data, limits, drawn=modality == 'sketch'))
    if modality in SOUNDS:
        return Upload(modality, read_bounded(data, limits.max_seconds))
    if modality in TEXTS:
        return Upload(modality, clean_text(data, limits.max_text))
    cure = 'send one of these'
    raise Refused(400, 'modality', modality[:64], f'one of {list(MODALITIES)}', cure)


def sense_of(data: bytes) -> str:
    """Of a file that does not say: 'sound' or 'image', by how it begins."""
    return 'sound' if data.startswith(_SOUND_HEADS) else 'image'


def picture_png(data: bytes, limits: Limits, *, drawn: bool = False) -> bytes:
    """A JPEG or PNG as a plain PNG of at most ``limits.max_side`` pixels a side.

    Args:
        data: of the file.
        limits: of it.
        drawn: what is transparent is white paper.

    Raises:
        Refused: see ``take``.
    """
    rgb = _decode_picture(data, limits.max_pixels, drawn)
    return _encode('.png', _shrunk(rgb, limits.max_side))


def picture_jpeg(data: bytes, max_side: int, max_pixels: int = Limits.max_pixels) -> bytes:
    """A stored JPEG or PNG as a plain JPEG for the page; Refused where it is none."""
    return _encode('.jpg', _shrunk(_decode_picture(data, max_pixels, True), max_side))


def read_bounded(data: bytes, max_seconds: float) -> Waveform:
    """A WAV, FLAC or Ogg file as mono float32, of which no more is decoded than is allowed.

    Raises:
        Refused: see ``take``.
    """
    if soundfile is None:
        raise Refused(415, 'sound', 'a file', 'the package soundfile', 'pip install soundfile')
    if not data.startswith(_SOUND_HEADS):
        head = f'data beginning {data[:8].hex(" ")}'
        raise Refused(415, 'sound', head, 'a WAV, FLAC or Ogg file', _CONVERT)
    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            rate, channels = int(file.samplerate), int(file.channels)
            if not MIN_SAMPLE_RATE <= rate <= MAX_SAMPLE_RATE or channels > _MOST_CHANNELS:
                found = f'{rate} Hz, {channels} channels'
                expected = f'{MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} Hz, up to {_MOST_CHANNELS}'
                raise Refused(400, 'sound', found, expected, _CONVERT)
            most = int(max_seconds * rate)
            # A header may say anything: what counts is what comes out.
            samples = file.read(min(most + 1, max(file.frames, 0)), 'float32', always_2d=True)
    except (soundfile.LibsndfileError, OSError, ValueError, RuntimeError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(400, 'sound', str(error)[:200], 'a sound file', _CONVERT) from error
    if len(samples) > most:
        expected = f'at most {max_seconds:g} s'
        raise Refused(413, 'length of the sound', 'more', expected, 'cut a piece out of it')
    mono = np.ascontiguousarray(samples.mean(axis=1), np.float32)
    if not mono.size or not np.isfinite(mono).all():
        found = 'nothing' if not mono.size else 'samples that are no numbers'
        raise Refused(400, 'sound', found, 'at least one finite sample', _CONVERT)
    return Waveform(np.clip(mono, -1.0, 1.0), rate)


def wav(sound: Waveform) -> bytes:
    """A sound as a WAV file of 16 bit, which every browser plays."""
    pcm = np.rint(np.clip(sound.samples, -1.0, 1.0) * 32767).astype('<i2').tobytes()
    rate = sound.sample_rate
    form = struct.pack('<4sIHHIIHH', b'fmt ', 16, 1, 1, rate, 2 * rate, 2, 16)
    head = struct.pack('<4sI4s', b'RIFF', 36 + len(pcm), b'WAVE')
    return head + form + struct.pack('<4sI', b'data', len(pcm)) + pcm


def clean_text(data: bytes | str, most: int, what: str = 'text') -> str:
    """Text on one line in Unicode's composed form, without anything that does not print.

    Raises:
        Refused: not UTF-8, empty, or longer than ``most`` characters.
    """
    try:
        text = data.decode() if isinstance(data, bytes) else data.encode().decode()
    except UnicodeError as error:
        raise Refused(400, what, 'bytes', 'UTF-8', 'send it as UTF-8') from error
    if len(text) > 4 * most:
        raise Refused(413, what, f'{len(text)} characters', f'at most {most}', 'shorten it')
    text = ' '.join(unicodedata.normalize('NFC', text).split())
    text = ''.join(letter for letter in text if letter.isprintable()).strip()
    if not 1 <= len(text) <= most:
        status = 413 if text else 400
        expected = f'1 to {most} printable characters'
        raise Refused(status, what, text, expected, f'give another {what}')
    return text


def _decode_picture(data: bytes, max_pixels: int, on_white: bool) -> NDArray[np.uint8]:
    try:
        columns, rows = picture_size(data)
    except InputError as error:
        status = 400 if is_picture(data) else 415
        raise Refused(status, error.what, error.value, error.expected, error.cure) from error
    if columns * rows > max_pixels:
        raise Refused(
            413, 'size of the picture', f'{columns} x {rows} pixels', f'at most {max_pixels}',
            'send a smaller picture',
        )  # fmt: skip
    try:
        rgb = decode_compressed(data, '', on_white=on_white)
    except (InputError, cv2.error) as error:
        raise _damaged(str(error)) from error
    # The orientation of a JPEG may swap both.
    if rgb.shape[0] * rgb.shape[1] != columns * rows:
        raise _damaged(f'{columns} x {rows} in its header, {rgb.shape[1]} x {rgb.shape[0]} inside')
    return rgb


def _shrunk(rgb: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    rows, columns = rgb.shape[:2]
    scale = min(1.0, side / max(rows, columns))
    small = resize(rgb, max(1, round(rows * scale)), max(1, round(columns * scale)))
    return np.ascontiguousarray(small)


def _encode(kind: str, rgb: NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(kind, np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR)))
    if not done:
        raise _damaged(f'{rgb.shape[1]} x {rgb.shape[0]}')
    return data.tobytes()


def _damaged(found: str) -> Refused:
    return Refused(400, 'picture', found[:200], 'a whole JPEG or PNG file', 'send another file')
