# SPDX-License-Identifier: Apache-2.0
"""What the robot's microphone hears: sounds in a room with echo and a little noise."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import fftconvolve

from xsense_ros.senses.microphone import Waveform, resample

Samples = NDArray[np.float32]
RATE = 16_000
LONGEST = 2.2  # seconds kept of a sound
NOISE_LEVEL = 10 ** (-72 / 20)  # root mean square of the room's own noise
_REVERBERATION = 0.25  # seconds until the echo has fallen by 60 dB


def heard(sound: Waveform, rng: np.random.Generator) -> Samples:
    """A sound as it arrives: its loudest stretch, with echo, at some distance.

    Returns:
        float32 (N,) at RATE; at most LONGEST plus the echo.
    """
    samples = _loudest(resample(sound, RATE).samples, round(LONGEST * RATE))
    fade = min(len(samples) // 4, round(0.03 * RATE))
    samples[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    echo = rng.normal(0, 1, round(_REVERBERATION * RATE))
    echo *= np.exp(-6.9 * np.arange(len(echo)) / len(echo))
    response = 0.25 * echo / np.linalg.norm(echo)
    response[0] = 1.0
    wet = fftconvolve(samples, response)
    level = float(rng.uniform(0.3, 0.7))
    return np.asarray(wet * (level / np.abs(wet).max()), np.float32)


def noise(count: int, rng: np.random.Generator) -> Samples:
    """The room when nothing sounds: low-pass noise of level NOISE_LEVEL, (count,)."""
    white = rng.normal(0, 1, count + 64)
    smooth = np.convolve(white, np.hanning(16), mode='same')[:count]
    return np.asarray(smooth * (NOISE_LEVEL / np.sqrt(np.mean(smooth**2))), np.float32)


def to_s16le(samples: Samples) -> bytes:
    """16-bit little-endian samples."""
    return np.clip(np.rint(samples * 32767), -32768, 32767).astype('<i2').tobytes()


def _loudest(samples: Samples, count: int) -> Samples:
    """A copy of the stretch of `count` samples with the most energy; all where there are fewer."""
    if len(samples) <= count:
        return samples.copy()
    energy = np.concatenate([[0.0], np.cumsum(np.square(samples, dtype=np.float64))])
    start = int(np.argmax(energy[count:] - energy[:-count]))
    return samples[start : start + count].copy()
