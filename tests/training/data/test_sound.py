# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from xsense_ros.errors import InputError
from xsense_training.data.concept import SoundClip
from xsense_training.data.sound import load_sound


def test_stereo_is_averaged_at_the_native_rate(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-0.5, 0.5, (1000, 2)).astype(np.float32)
    soundfile.write(tmp_path / 'x.wav', samples, 11025, subtype='FLOAT')
    waveform = load_sound(SoundClip(tmp_path / 'x.wav'))
    assert waveform.sample_rate == 11025
    assert waveform.samples.dtype == np.float32
    np.testing.assert_allclose(waveform.samples, samples.mean(axis=1), atol=1e-6)


def test_a_clip_is_cut_out(tmp_path: Path) -> None:
    ramp = np.linspace(-1, 1, 1000, dtype=np.float32)
    soundfile.write(tmp_path / 'x.wav', ramp, 1000, subtype='FLOAT')
    waveform = load_sound(SoundClip(tmp_path / 'x.wav', start=0.2, seconds=0.1))
    np.testing.assert_array_equal(waveform.samples, ramp[200:300])


def test_overshoot_is_limited(tmp_path: Path) -> None:
    soundfile.write(tmp_path / 'x.wav', np.full(10, 1.5), 1000, subtype='FLOAT')
    assert load_sound(SoundClip(tmp_path / 'x.wav')).samples.max() == 1.0


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r'none\.ogg'):
        load_sound(SoundClip(tmp_path / 'none.ogg'))
    soundfile.write(tmp_path / 'x.wav', np.zeros(100), 1000)
    with pytest.raises(InputError, match='start of the sound clip'):
        load_sound(SoundClip(tmp_path / 'x.wav', start=1.0))
