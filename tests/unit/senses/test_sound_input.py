# SPDX-License-Identifier: Apache-2.0
"""Length, level and refusal of sounds."""

from __future__ import annotations

import json

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.log_mel import LogMel
from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.sound_input import SoundInput

RNG = np.random.default_rng(2)


def noise(seconds, amplitude=0.1, rate=16000):
    return (RNG.normal(size=round(seconds * rate)) * amplitude).astype(np.float32)


def test_default_shape_is_200_frames_of_64_bands():
    make = SoundInput()
    assert make.frames == 200
    assert make.seconds == 2.0
    tensor = make(Waveform(noise(2.0), 16000))['log_mel']
    assert tensor.shape == (1, 1, 200, 64)
    assert tensor.dtype == np.float32


@pytest.mark.parametrize('rate', [8000, 16000, 44100, 48000])
@pytest.mark.parametrize('seconds', [0.01, 0.7, 2.0, 5.3])
def test_shape_of_any_length_and_rate(rate, seconds):
    tensor = SoundInput()(Waveform(noise(seconds, rate=rate), rate))['log_mel']
    assert tensor.shape == (1, 1, 200, 64)
    assert np.isfinite(tensor).all()


def test_without_level_it_is_the_bare_spectrogram():
    samples = noise(2.0)
    found = SoundInput(level='none')(Waveform(samples, 16000))['log_mel']
    np.testing.assert_array_equal(found[0, 0], LogMel()(samples))


def test_a_short_sound_is_followed_by_zeros():
    samples = noise(0.5)
    padded = np.concatenate([samples, np.zeros(24000, np.float32)])
    make = SoundInput()
    short, long = (make(Waveform(s, 16000))['log_mel'] for s in (samples, padded))
    np.testing.assert_allclose(short, long, atol=1e-5)


def test_of_a_long_sound_the_loudest_window_is_taken():
    samples = noise(6.0, amplitude=0.001)
    start = 3 * 16000 + 77 * 160 - 12000
    samples[start : start + 32000] += noise(2.0)
    make = SoundInput()
    found = make(Waveform(samples, 16000))['log_mel']
    expected = make(Waveform(samples[start : start + 32000].copy(), 16000))['log_mel']
    np.testing.assert_array_equal(found, expected)


def test_a_distant_sound_equals_a_near_one():
    samples = noise(1.5)
    make = SoundInput()
    near, far = (make(Waveform(s, 16000))['log_mel'] for s in (samples, samples * 0.01))
    np.testing.assert_allclose(near, far, atol=1e-3)
    as_is = SoundInput(level='none')
    near, far = (as_is(Waveform(s, 16000))['log_mel'] for s in (samples, samples * 0.01))
    assert np.abs(near - far).max() > 5


def test_silence_around_a_sound_does_not_change_its_level():
    burst = noise(0.3)
    alone = np.zeros(32000, np.float32)
    alone[: burst.size] = burst
    found = SoundInput()(Waveform(burst, 16000))['log_mel']
    np.testing.assert_allclose(found, SoundInput()(Waveform(alone, 16000))['log_mel'], atol=1e-5)


def test_level_is_the_rms_of_the_loudest_tenth_of_a_second():
    samples = noise(2.0)
    loudest = max(
        float(np.sqrt(np.mean(samples[i : i + 1600].astype(float) ** 2)))
        for i in range(samples.size - 1599)
    )
    found = SoundInput()(Waveform(samples, 16000))['log_mel'][0, 0]
    expected = LogMel()(samples * np.float32(0.1 / loudest))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_parameters_round_trip_through_json():
    make = SoundInput(seconds=1.0, mels=40, level='none')
    again = SoundInput(**json.loads(json.dumps(make.parameters())))
    assert again.parameters() == make.parameters()
    sound = Waveform(noise(1.0), 16000)
    np.testing.assert_array_equal(again(sound)['log_mel'], make(sound)['log_mel'])


@pytest.mark.parametrize(
    'wrong',
    [{'seconds': 0.0}, {'seconds': 0.001}, {'level': 'loud'}, {'sample_rate': 0}, {'mels': 0}],
)
def test_wrong_parameters(wrong):
    with pytest.raises(InputError, match='Cure'):
        SoundInput(**wrong)


@pytest.mark.parametrize(
    ('sound', 'words'),
    [
        (Waveform(np.zeros(0, np.float32), 16000), 'no samples'),
        (Waveform(np.zeros(16000, np.float32), 16000), 'all samples zero'),
        (Waveform(np.full(16000, np.nan, np.float32), 16000), 'NaN'),
        (Waveform(np.full(16000, np.inf, np.float32), 48000), 'NaN'),
        (np.zeros(16000, np.float32), 'Waveform'),
    ],
)
def test_unusable_sounds(sound, words):
    with pytest.raises(InputError, match=words):
        SoundInput()(sound)
