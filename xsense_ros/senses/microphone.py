# SPDX-License-Identifier: Apache-2.0
"""Raw microphone chunks to mono waveforms, resampling, and how loud or damaged a sound is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.raw import RawData, as_bytes

# Name and layout of one sample. The byte order is part of the name, so no flag is needed.
ENCODINGS: dict[str, np.dtype[Any]] = {
    'S16LE': np.dtype('<i2'),
    'S32LE': np.dtype('<i4'),
    'F32LE': np.dtype('<f4'),
}
MIN_SAMPLE_RATE = 1_000
MAX_SAMPLE_RATE = 384_000

# The largest positive 16 bit sample; 24 bit converters in S32LE and clipped floats reach it too.
_FULL_SCALE = 32767 / 32768
# Floats may overshoot full scale a little (and are clipped); far beyond they are unscaled ints.
_MAX_FLOAT_PEAK = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Waveform:
    """A mono sound.

    Args:
        samples: float32 (N,), full scale is [-1, 1].
        sample_rate: samples per second.
        clipped: share of the raw samples, all channels, that sat at full scale before mixdown;
            0 where the raw samples are not known.

    Raises:
        InputError: samples that are not float32 (N,), or a sample rate out of range.
    """

    samples: NDArray[np.float32]
    sample_rate: int
    clipped: float = 0.0

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.samples.dtype != np.float32:
            raise InputError(
                'waveform samples',
                f'{self.samples.dtype} {self.samples.shape}',
                'float32 (N,)',
                'convert to float32 in [-1, 1] and mix the channels down first',
            )
        check_sample_rate(self.sample_rate)

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.sample_rate


def check_sample_rate(sample_rate: int) -> None:
    """Refuse a sample rate that no microphone has.

    Raises:
        InputError: outside MIN_SAMPLE_RATE..MAX_SAMPLE_RATE, 0 from an unset field included.
    """
    if not MIN_SAMPLE_RATE <= sample_rate <= MAX_SAMPLE_RATE:
        raise InputError(
            'sample rate',
            sample_rate,
            f'{MIN_SAMPLE_RATE} to {MAX_SAMPLE_RATE} samples per second',
            'let the audio driver fill sample_rate in',
        )


def check_finite(samples: NDArray[np.float32]) -> None:
    """Refuse samples that are not numbers.

    Raises:
        InputError: NaN or infinite values.
    """
    if not np.isfinite(samples).all():
        raise InputError(
            'sound', 'NaN or infinite samples', 'finite samples', 'check the audio source'
        )


def decode_audio(data: RawData, *, encoding: str, channels: int, sample_rate: int) -> Waveform:
    """Decode one chunk of interleaved samples to mono float32.

    Channels are averaged, which keeps full scale at [-1, 1] and favours no microphone of an
    array; choose one channel in the driver where microphones point to different scenes.

    Args:
        data: the bytes of the chunk.
        encoding: 'S16LE', 'S32LE' or 'F32LE'.
        channels: number of interleaved channels, at least 1.
        sample_rate: frames per second.

    Returns:
        The chunk, one sample a frame.

    Raises:
        InputError: unknown encoding, no channels, bad sample rate, no samples, a length that is
            no whole number of frames, floats that are not finite or far beyond full scale.
    """
    if encoding not in ENCODINGS:
        raise InputError(
            'audio encoding',
            encoding,
            f'one of {sorted(ENCODINGS)}',
            'let the driver convert to signed 16 bit little-endian (S16LE)',
        )
    if channels < 1:
        raise InputError('audio channels', channels, 'at least 1', 'correct the driver')
    check_sample_rate(sample_rate)
    raw = as_bytes(data)
    sample = ENCODINGS[encoding]
    frame = sample.itemsize * channels
    if raw.size == 0 or raw.size % frame:
        raise InputError(
            'audio data length',
            raw.size,
            f'a positive multiple of {frame} bytes ({channels} x {encoding})',
            'check channels and encoding against the driver; send no empty chunks',
        )
    if sample.kind == 'f':
        values = _checked_floats(raw.view(sample))
    else:
        # Exact for 16 bit; 32 bit samples keep the 24 bits that float32 has.
        values = raw.view(sample).astype(np.float32) * np.float32(
            1 / 2 ** (8 * sample.itemsize - 1)
        )
    clipped = float(np.mean(np.abs(values) >= _FULL_SCALE))
    if channels > 1:
        values = values.reshape(-1, channels).mean(axis=1, dtype=np.float32)
    return Waveform(values, sample_rate, clipped)


def _checked_floats(values: NDArray[Any]) -> NDArray[np.float32]:
    low, high = float(values.min()), float(values.max())
    # min and max are NaN as soon as one value is, and infinite as soon as one is.
    peak = max(-low, high)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise InputError(
            'audio samples',
            f'{np.count_nonzero(~np.isfinite(values))} of {values.size} not finite',
            'finite floats',
            'check the driver or the filter before this node',
        )
    if peak > _MAX_FLOAT_PEAK:
        raise InputError(
            'audio peak',
            peak,
            'floats in [-1, 1]',
            'scale integer samples by full scale (32768 for 16 bit) before sending them as F32LE',
        )
    clipped: NDArray[np.float32] = np.clip(values, -1.0, 1.0).astype(np.float32, copy=False)
    return clipped


def resample(waveform: Waveform, sample_rate: int) -> Waveform:
    """Change the sample rate with a band-limited (antialiased) filter, soxr quality HQ.

    Resample whole windows, never chunk by chunk: each call filters against silence at its ends.

    Returns:
        The waveform at ``sample_rate``; ``waveform`` itself where it has that rate.

    Raises:
        InputError: a sample rate out of range.
    """
    check_sample_rate(sample_rate)
    if waveform.sample_rate == sample_rate:
        return waveform
    samples = soxr.resample(waveform.samples, waveform.sample_rate, sample_rate, quality='HQ')
    return Waveform(samples.astype(np.float32, copy=False), sample_rate, waveform.clipped)


def rms_dbfs(waveform: Waveform) -> float:
    """Level in decibels below full scale: 20 log10 of the root mean square.

    A full-scale square wave is 0, a full-scale sine -3.01, digital silence and an empty waveform
    -inf. The gate for "is anybody making a sound" compares this with a threshold such as -60.
    """
    if waveform.samples.size == 0:
        return -math.inf
    power = float(np.mean(np.square(waveform.samples, dtype=np.float64)))
    return 10.0 * math.log10(power) if power > 0.0 else -math.inf


def is_clipped(waveform: Waveform, share: float = 0.001) -> bool:
    """Tell whether more than ``share`` of the samples sit at full scale (microphone overdriven).

    Uses the raw share noted by decode_audio, which sees a single clipped channel of a mixdown,
    and the samples themselves.
    """
    if waveform.samples.size == 0:
        return waveform.clipped > share
    at_full_scale = float(np.mean(np.abs(waveform.samples) >= _FULL_SCALE))
    return max(waveform.clipped, at_full_scale) > share
