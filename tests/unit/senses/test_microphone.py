# SPDX-License-Identifier: Apache-2.0
"""Chunks of every encoding, broken chunks, resampling and levels."""

from __future__ import annotations

import array
import math
import struct

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import (
    Waveform,
    decode_audio,
    is_clipped,
    resample,
    rms_dbfs,
)


def sine(frequency=440.0, rate=16000, seconds=0.5, amplitude=0.5):
    t = np.arange(round(rate * seconds)) / rate
    return Waveform((amplitude * np.sin(2 * np.pi * frequency * t)).astype(np.float32), rate)


@pytest.mark.parametrize(
    ('encoding', 'code', 'scale'),
    [('S16LE', 'h', 2**15), ('S32LE', 'i', 2**31), ('F32LE', 'f', 1)],
)
@pytest.mark.parametrize('channels', [1, 2, 3])
def test_decoding_sample_by_sample(encoding, code, scale, channels):
    frames = [[0.5, -0.25, 0.125], [-1.0, 0.75, 0.0], [0.0, 0.25, -0.5]]
    flat = [value for frame in frames for value in frame[:channels]]
    stored = [value * scale if code == 'f' else round(value * scale) for value in flat]
    data = struct.pack(f'<{len(stored)}{code}', *stored)
    found = decode_audio(data, encoding=encoding, channels=channels, sample_rate=8000)
    expected = [sum(frame[:channels]) / channels for frame in frames]
    assert found.samples.dtype == np.float32
    assert found.sample_rate == 8000
    np.testing.assert_allclose(found.samples, expected, atol=1e-7)


@pytest.mark.parametrize('kind', [bytes, bytearray, lambda b: array.array('B', b)])
def test_any_buffer(kind):
    data = kind(struct.pack('<2h', 16384, -16384))
    found = decode_audio(data, encoding='S16LE', channels=1, sample_rate=8000)
    assert found.samples.tolist() == [0.5, -0.5]


def test_small_overshoot_of_floats_is_clipped_and_flagged():
    data = np.array([1.5, -1.2, 0.0, 0.1], '<f4')
    found = decode_audio(data, encoding='F32LE', channels=1, sample_rate=8000)
    np.testing.assert_allclose(found.samples, [1.0, -1.0, 0.0, 0.1])
    assert found.clipped == 0.5
    assert is_clipped(found)


@pytest.mark.parametrize(
    ('data', 'change', 'words'),
    [
        (b'', {}, 'length'),
        (b'\0', {}, 'length'),
        (b'\0' * 6, {'channels': 2}, 'length'),
        (b'\0\0', {'channels': 0}, 'channels'),
        (b'\0\0', {'sample_rate': 0}, 'sample rate'),
        (b'\0\0', {'sample_rate': 10**9}, 'sample rate'),
        (b'\0\0', {'encoding': 'S16BE'}, 'encoding'),
        (b'\0\0', {'encoding': ''}, 'encoding'),
        (struct.pack('<2f', 0.1, math.nan), {'encoding': 'F32LE'}, '1 of 2 not finite'),
        (struct.pack('<2f', 0.1, math.inf), {'encoding': 'F32LE'}, 'not finite'),
        (struct.pack('<2f', 0.1, -2000.0), {'encoding': 'F32LE'}, 'peak'),
        (None, {}, 'raw data'),
    ],
)
def test_broken_chunks(data, change, words):
    good = {'encoding': 'S16LE', 'channels': 1, 'sample_rate': 16000}
    with pytest.raises(InputError, match=words):
        decode_audio(data, **(good | change))


def test_a_waveform_is_mono_float32():
    for samples in (np.zeros(3), np.zeros((3, 2), np.float32)):
        with pytest.raises(InputError, match='float32'):
            Waveform(samples, 16000)


@pytest.mark.parametrize('rate', [8000, 22050, 48000])
def test_resampling_keeps_frequency_and_level(rate):
    source = sine(rate=rate, seconds=1.0)
    found = resample(source, 16000)
    assert found.sample_rate == 16000
    assert abs(found.samples.size - 16000) <= 1
    spectrum = np.abs(np.fft.rfft(found.samples, 16000))
    assert int(np.argmax(spectrum)) == 440
    middle = found.samples[2000:-2000]
    assert abs(np.sqrt(np.mean(middle**2)) - 0.5 / np.sqrt(2)) < 1e-3


def test_resampling_removes_what_would_alias():
    found = resample(sine(frequency=15000, rate=48000), 16000)
    assert np.abs(found.samples[200:-200]).max() < 1e-3


def test_resampling_to_the_same_rate_is_the_same_object():
    source = sine()
    assert resample(source, 16000) is source


def test_levels():
    assert rms_dbfs(sine(amplitude=1.0)) == pytest.approx(-3.01, abs=0.01)
    assert rms_dbfs(sine(amplitude=0.1)) == pytest.approx(-23.01, abs=0.01)
    assert rms_dbfs(Waveform(np.ones(10, np.float32), 8000)) == 0.0
    assert rms_dbfs(Waveform(np.zeros(10, np.float32), 8000)) == -math.inf
    assert rms_dbfs(Waveform(np.zeros(0, np.float32), 8000)) == -math.inf


def test_clipping():
    assert not is_clipped(sine(amplitude=0.9))
    overdriven = np.clip(3 * sine().samples, -1, 1)
    assert is_clipped(Waveform(overdriven, 16000))
    stored = (overdriven * 32767).astype('<i2')
    assert is_clipped(decode_audio(stored, encoding='S16LE', channels=1, sample_rate=16000))
    assert not is_clipped(Waveform(np.zeros(0, np.float32), 8000))


def test_one_clipped_channel_shows_through_the_mixdown():
    loud, quiet = np.full(100, 32767), np.zeros(100)
    stored = np.stack([loud, quiet], 1).astype('<i2')
    found = decode_audio(stored, encoding='S16LE', channels=2, sample_rate=16000)
    assert found.samples.max() < 0.51
    assert found.clipped == 0.5
    assert is_clipped(found)
