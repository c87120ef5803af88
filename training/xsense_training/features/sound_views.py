# SPDX-License-Identifier: Apache-2.0
"""Variants of a recording as a robot's microphone might hear it. Waveform in, waveform out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.microphone import Waveform, resample

VERSION = 1  # part of the cache key: raise it when any line below changes what a variant is
RATE = 16000
Samples = NDArray[np.float32]


def vary(waveform: Waveform, rng: np.random.Generator, seconds: float = 2.0) -> Waveform:
    """Cut, shift, change pitch, filter, scale and add noise, each by chance.

    Args:
        waveform: the recording, any length and rate.
        rng: decides everything.
        seconds: length of the window that the model hears.

    Returns:
        Waveform at 16 kHz, at most `seconds` long.
    """
    x = resample(waveform, RATE).samples
    if rng.random() < 0.5:
        x = _pitch(x, float(rng.uniform(-2, 2)))
    x = _cut(x, round(seconds * RATE), rng)
    if rng.random() < 0.5:
        x = _tilt(x, rng)
    if rng.random() < 0.3:  # silence before the onset
        x = np.concatenate([np.zeros(int(rng.integers(0, RATE // 2)), np.float32), x])
        x = x[: round(seconds * RATE)]
    noisy = x + _noise(x, rng) if rng.random() < 0.7 else x
    peak = float(np.abs(noisy).max(initial=1e-9))
    return Waveform((noisy * (rng.uniform(0.2, 0.95) / peak)).astype(np.float32), RATE)


def recolour(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """The same sound at the same time through another microphone, with noise in most cases.

    For sounds whose onset must stay where it is and whose pitch says what they are: knocks.
    """
    x = _tilt(resample(waveform, RATE).samples, rng)
    noisy = x + _noise(x, rng) if rng.random() < 0.7 else x
    peak = float(np.abs(noisy).max(initial=1e-9))
    return Waveform((noisy * (0.9 / peak)).astype(np.float32), RATE)


def _cut(x: Samples, length: int, rng: np.random.Generator) -> Samples:
    """A window of the recording, drawn in proportion to its energy."""
    if len(x) <= length:
        return x
    starts = np.arange(0, len(x) - length + 1, RATE // 20)
    energy = np.concatenate([[0.0], np.cumsum(np.square(x, dtype=np.float64))])
    inside = energy[starts + length] - energy[starts] + 1e-12
    start = int(rng.choice(starts, p=inside / inside.sum()))
    return x[start : start + length]


def _pitch(x: Samples, semitones: float) -> Samples:
    """Faster and higher, or slower and lower, as a tape does."""
    factor = 2.0 ** (semitones / 12)
    positions = np.arange(0, len(x) - 1, factor)
    return np.asarray(np.interp(positions, np.arange(len(x)), x), dtype=np.float32)


def _tilt(x: Samples, rng: np.random.Generator) -> Samples:
    """A smooth random equaliser of up to 9 dB, as rooms and small microphones impose."""
    spectrum = np.fft.rfft(x)
    knots = rng.uniform(-9, 9, 6)
    octaves = np.log2(np.linspace(1, 256, len(spectrum)))
    gain = np.interp(octaves, np.linspace(0, 8, 6), knots)
    return np.asarray(np.fft.irfft(spectrum * 10 ** (gain / 20), len(x)), dtype=np.float32)


def _noise(x: Samples, rng: np.random.Generator) -> Samples:
    """White to brown noise, 5 to 35 dB below the recording."""
    spectrum = np.fft.rfft(rng.standard_normal(max(len(x), 2)))
    slope = rng.uniform(0, 1)
    spectrum /= np.maximum(np.arange(len(spectrum)), 1) ** slope
    noise = np.fft.irfft(spectrum, max(len(x), 2))[: len(x)]
    level = np.sqrt(np.mean(np.square(x)) + 1e-12) / np.sqrt(np.mean(np.square(noise)) + 1e-12)
    return np.asarray(noise * level * 10 ** (-rng.uniform(5, 35) / 20), dtype=np.float32)
