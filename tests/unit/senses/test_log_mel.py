# SPDX-License-Identifier: Apache-2.0
"""The spectrogram against a naive Fourier sum and, where it is installed, scipy."""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.log_mel import LogMel, mel_filters

RNG = np.random.default_rng(11)


def naive_hz(mel):
    return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)


def naive_filters(rate, n_fft, mels, fmin, fmax):
    low = 2595.0 * math.log10(1 + fmin / 700.0)
    high = 2595.0 * math.log10(1 + fmax / 700.0)
    out = np.zeros((n_fft // 2 + 1, mels))
    for m in range(mels):
        left, peak, right = (naive_hz(low + (high - low) * (m + i) / (mels + 1)) for i in range(3))
        for k in range(n_fft // 2 + 1):
            f = k * rate / n_fft
            if left < f <= peak:
                out[k, m] = (f - left) / (peak - left)
            elif peak < f < right:
                out[k, m] = (right - f) / (right - peak)
    return out


def naive_log_mel(samples, rate, n_fft, hop, mels, fmin, fmax, floor):
    filters = naive_filters(rate, n_fft, mels, fmin, fmax)
    rows = []
    for frame in range(len(samples) // hop):
        powers = []
        for k in range(n_fft // 2 + 1):
            total = 0j
            for n in range(n_fft):
                position = frame * hop - n_fft // 2 + n
                if 0 <= position < len(samples):
                    window = 0.5 - 0.5 * math.cos(2 * math.pi * n / n_fft)
                    turn = cmath.exp(-2j * math.pi * k * n / n_fft)
                    total += float(samples[position]) * window * turn
            powers.append(abs(total) ** 2)
        rows.append([math.log(max(v, floor)) for v in np.array(powers) @ filters])
    return np.array(rows)


@pytest.mark.parametrize('length', [64, 95, 200])
def test_naive_fourier_sum(length):
    samples = (RNG.normal(size=length) * 0.2).astype(np.float32)
    settings = {'n_fft': 48, 'hop': 20, 'mels': 6, 'fmin': 100.0, 'fmax': 4000.0}
    found = LogMel(8000, **settings, log_floor=1e-5)(samples)
    expected = naive_log_mel(samples, 8000, **settings, floor=1e-5)
    assert found.dtype == np.float32
    assert found.shape == (length // 20, 6)
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_default_filters_are_the_naive_ones():
    np.testing.assert_allclose(
        mel_filters(16000, 400, 64, 50.0, 8000.0),
        naive_filters(16000, 400, 64, 50.0, 8000.0),
        atol=1e-6,
    )


def test_equals_scipy():
    signal = pytest.importorskip('scipy.signal', reason='scipy is not installed')
    samples = (RNG.normal(size=32000) * 0.1).astype(np.float32)
    window = signal.get_window('hann', 400, fftbins=True)
    transform = signal.ShortTimeFFT(window, hop=160, fs=16000, mfft=400, fft_mode='onesided')
    # scipy centres its slice p on sample p * hop, as LogMel does, and pads with zeros.
    spectrum = transform.stft(samples, p0=0, p1=200)
    expected = np.log(
        np.maximum((np.abs(spectrum) ** 2).T @ mel_filters(16000, 400, 64, 50, 8000), 1e-6)
    )
    found = LogMel()(samples)
    assert found.shape == (200, 64)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_silence_is_the_floor_everywhere():
    found = LogMel(log_floor=1e-4)(np.zeros(1600, np.float32))
    np.testing.assert_allclose(found, math.log(1e-4), rtol=1e-6)


def test_a_tone_lights_its_band():
    t = np.arange(16000) / 16000
    found = LogMel()(np.sin(2 * np.pi * 1000 * t).astype(np.float32))
    band = int(found[50].argmax())
    filters = mel_filters(16000, 400, 64, 50.0, 8000.0)
    assert filters[1000 // 40, band] == filters[1000 // 40].max()
    assert found[50].max() == pytest.approx(math.log(100**2), abs=1.0)


def test_the_input_is_left_alone():
    samples = RNG.normal(size=1000).astype(np.float32)
    before = samples.copy()
    LogMel()(samples)
    np.testing.assert_array_equal(samples, before)


@pytest.mark.parametrize(
    'wrong',
    [
        {'hop': 0},
        {'hop': 500},
        {'fmax': 9000.0},
        {'fmin': -1.0},
        {'fmin': 8000.0},
        {'log_floor': 0.0},
        {'mels': 0},
        {'mels': 128},
    ],
)
def test_wrong_parameters(wrong):
    with pytest.raises(InputError, match='Cure'):
        LogMel(**wrong)


def test_too_short():
    with pytest.raises(InputError, match='160 samples'):
        LogMel()(np.zeros(159, np.float32))
