# SPDX-License-Identifier: Apache-2.0
"""Files of browsers: what is taken, what is refused before it is decoded, what is left of it."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
import soundfile

from tests.unit.dashboard.pages import picture_file, scene, sound_file
from xsense_ros.dashboard.problems import Refused
from xsense_ros.dashboard.uploads import (
    Limits,
    clean_text,
    picture_png,
    read_bounded,
    sense_of,
    take,
    wav,
)
from xsense_ros.senses.picture_size import picture_size

LIMITS = Limits(max_pixels=200_000, max_side=100, max_seconds=2.0, max_text=40)


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack('>I', len(data)) + name + data + struct.pack('>I', zlib.crc32(name + data))


def png_that_says(columns: int, rows: int) -> bytes:
    header = struct.pack('>IIBBBBB', columns, rows, 8, 2, 0, 0, 0)
    content = chunk(b'IHDR', header) + chunk(b'IDAT', zlib.compress(bytes(1000)))
    return b'\x89PNG\r\n\x1a\n' + content + chunk(b'IEND', b'')


def test_pixels_stay_and_everything_else_goes() -> None:
    secret = chunk(b'tEXt', b'Comment\0' + b'where the safe is')
    data = picture_file()
    hidden = data[:33] + secret + data[33:] + b'<script>alert(1)</script>'
    upload = take('image', hidden, LIMITS)
    assert isinstance(upload.value, bytes)
    assert b'safe' not in upload.value and b'script' not in upload.value
    pixels = cv2.imdecode(np.frombuffer(upload.value, np.uint8), cv2.IMREAD_UNCHANGED)
    np.testing.assert_array_equal(pixels, scene())


def test_large_pictures_are_shrunk_in_proportion() -> None:
    small = picture_png(picture_file('.jpg', rows=160, columns=400), LIMITS)
    assert picture_size(small) == (100, 40)


def test_what_is_transparent_in_a_drawing_is_paper() -> None:
    sheet = np.zeros((20, 20, 4), np.uint8)
    sheet[5:8, :, 3] = 255
    data = cv2.imencode('.png', sheet)[1].tobytes()
    drawn = cv2.imdecode(np.frombuffer(picture_png(data, LIMITS, drawn=True), np.uint8), 1)
    assert drawn[0].min() == 255 and drawn[6].max() == 0


@pytest.mark.parametrize('size', [(100_000, 100_000), (2**31, 2**31), (500, 401)])
def test_a_decompression_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    with pytest.raises(Refused, match='size of the picture') as caught:
        take('image', png_that_says(*size), LIMITS)
    assert caught.value.status == 413


@pytest.mark.parametrize(
    ('data', 'status'),
    [
        (b'', 415),
        (b'GIF89a' + bytes(50), 415),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', 415),
        (b'\x89PNG\r\n\x1a\n', 400),
        (b'\xff\xd8\xff', 400),
        (png_that_says(0, 10), 400),
        (b'\xff\xd8\xff\xe0\x00\x00' + bytes(50), 400),
        (picture_file('.jpg')[:200], 400),
        (png_that_says(10, 10)[:-20], 400),
        (picture_file()[:60], 400),
    ],
)
def test_what_is_no_picture_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(Refused) as caught:
        take('sketch', data, LIMITS)
    assert caught.value.status == status


@pytest.mark.parametrize('kind', ['WAV', 'FLAC', 'OGG'])
def test_sounds_become_mono_samples(kind: str) -> None:
    upload = take('sound', sound_file(kind), LIMITS)
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(2000) / 8000)
    assert upload.value.sample_rate == 8000
    np.testing.assert_allclose(upload.value.samples, tone, atol=0.1 if kind == 'OGG' else 1e-4)


def test_a_sound_that_is_too_long_is_not_decoded() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.zeros(8000 * 3600, np.int16), 8000, format='FLAC')
    assert len(file.getvalue()) < 200_000  # an hour of silence
    with pytest.raises(Refused, match='length of the sound') as caught:
        take('impact', file.getvalue(), LIMITS)
    assert caught.value.status == 413


def test_channels_are_averaged_and_numbers_checked() -> None:
    file = io.BytesIO()
    soundfile.write(file, np.array([[0.5, -0.5], [1.0, 0.0]]), 16000, format='WAV')
    np.testing.assert_allclose(read_bounded(file.getvalue(), 1.0).samples, [0, 0.5], atol=1e-4)
    file = io.BytesIO()
    soundfile.write(file, np.array([0.5, np.nan]), 16000, format='WAV', subtype='FLOAT')
    with pytest.raises(Refused, match='no numbers'):
        read_bounded(file.getvalue(), 1.0)


@pytest.mark.parametrize(
    ('data', 'status'),
    [(b'', 415), (b'ID3' + bytes(90), 415), (b'RIFF' + bytes(90), 400), (b'fLaC' + bytes(9), 400)],
)
def test_what_is_no_sound_is_refused(data: bytes, status: int) -> None:
    with pytest.raises(Refused) as caught:
        take('sound', data, LIMITS)
    assert caught.value.status == status


def test_a_sound_is_played_as_wav() -> None:
    sound = read_bounded(sound_file(), 1.0)
    again, rate = soundfile.read(io.BytesIO(wav(sound)), dtype='float32')
    assert rate == 8000
    np.testing.assert_allclose(again, sound.samples, atol=1e-4)


def test_text_is_composed_and_printable() -> None:
    given = b' a  cu\xcc\x88p\n\t\x00\x1b[1m of\xe2\x80\xaetea '
    assert clean_text(given, 40) == 'a c\u00fcp [1m oftea'


@pytest.mark.parametrize(
    ('text', 'status'), [(b'', 400), (b' \x00 ', 400), (b'\xff\xfe', 400), (b'x' * 41, 413)]
)
def test_text_that_cannot_be_asked(text: bytes, status: int) -> None:
    with pytest.raises(Refused) as caught:
        clean_text(text, 40)
    assert caught.value.status == status


def test_files_that_do_not_say_what_they_are() -> None:
    assert sense_of(sound_file('FLAC')) == 'sound' and sense_of(picture_file()) == 'image'
    with pytest.raises(Refused, match='modality'):
        take('smell', b'', LIMITS)
