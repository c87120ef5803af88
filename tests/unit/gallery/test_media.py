# SPDX-License-Identifier: Apache-2.0
"""What is kept of touches and knocks is what was felt and heard."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsense_ros.errors import InputError
from xsense_ros.gallery.media import decode_media, encode_media, media_thumbnail
from xsense_ros.gallery.png_text import read_text, with_text
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.press import Press

LATIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
PNG = encode_media('image', np.arange(48, dtype=np.uint8).reshape(4, 4, 3))[0]


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-4, 10), st.integers(1, 40), st.integers(1, 40), st.integers(0, 99))
def test_press_comes_back_exactly(scale, rows, columns, seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns, 3)).astype(np.uint8)
    media, kind = encode_media('touch', Press(pixels, scale))
    assert kind == 'image/png'
    kept = decode_media('touch', media)
    assert kept.mm_per_pixel == scale
    np.testing.assert_array_equal(kept.pixels, pixels)
    # Any viewer shows it.
    bgr = cv2.imdecode(np.frombuffer(media, np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(bgr[..., ::-1], pixels)


def test_picture_without_a_scale_is_no_press():
    with pytest.raises(InputError, match='mm_per_pixel'):
        decode_media('touch', PNG)
    with pytest.raises(InputError, match='mm_per_pixel'):
        decode_media('touch', with_text(PNG, 'mm_per_pixel', 'wide'))
    with pytest.raises(InputError, match='mm_per_pixel'):
        decode_media('touch', with_text(PNG, 'mm_per_pixel', '-1'))


def test_impact_is_kept_as_sound_is():
    pytest.importorskip('soundfile')
    samples = np.random.default_rng(0).uniform(-0.9, 0.9, 16000).astype(np.float32)
    media, kind = encode_media('impact', Waveform(samples, 16000))
    assert kind == 'audio/flac'
    kept = decode_media('impact', media)
    assert kept.sample_rate == 16000
    np.testing.assert_allclose(kept.samples, samples, atol=2**-23)


def test_thumbnails_of_what_can_be_seen():
    pixels = np.full((240, 320, 3), (128, 140, 100), np.uint8)
    assert media_thumbnail('touch', Press(pixels, 0.06)) == media_thumbnail('image', pixels)
    assert media_thumbnail('sketch', pixels).startswith(b'\xff\xd8')
    assert media_thumbnail('impact', Waveform(np.zeros(9, np.float32), 16000)) is None
    assert media_thumbnail('text', 'mug') is None


@settings(max_examples=50, deadline=None)
@given(LATIN)
def test_text_in_a_png(text):
    png = with_text(with_text(PNG, 'other', 'x'), 'mine', text)
    assert read_text(png, 'mine') == text
    assert read_text(png, 'other') == 'x'
    assert read_text(png, 'min') is None


def test_chunk_is_as_the_specification_says():
    """IHDR stays first; every chunk has the checksum of its type and data."""
    png, at, kinds = with_text(PNG, 'key', 'value'), 8, []
    while at < len(png):
        length, kind = struct.unpack_from('>I4s', png, at)
        body = png[at + 4 : at + 8 + length]
        assert struct.unpack_from('>I', png, at + 8 + length)[0] == zlib.crc32(body)
        kinds.append(kind)
        at += 12 + length
    assert kinds[:2] == [b'IHDR', b'tEXt'] and kinds[-1] == b'IEND' and at == len(png)
