# SPDX-License-Identifier: Apache-2.0
"""Preprocessing of sounds: waveform to the log-mel tensor of a sound tower."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.log_mel import LogMel
from xsense_ros.senses.microphone import Waveform, check_finite, check_sample_rate, resample

_LEVELS = ('rms', 'none')
# Level 'rms' brings the loudest stretch of this length to this root mean square (-20 dBFS).
_LEVEL_SECONDS = 0.1
_LEVEL_RMS = 0.1


class SoundInput:
    """Resample, cut or pad to a fixed length, level and turn into a log-mel spectrogram.

    A shorter sound starts at sample 0 and is followed by zeros. Of a longer one the window of
    most energy is taken (on a grid of one hop, the earliest of equals). The defaults give 200
    frames: 2 s in steps of 10 ms (see LogMel for the framing).

    Args:
        sample_rate: samples per second of the model.
        seconds: length of the model's input.
        mels: number of mel bands.
        n_fft: frame length in samples.
        hop: distance of two frames in samples.
        fmin: lower edge of the lowest band in Hz.
        fmax: upper edge of the highest band in Hz.
        log_floor: power below which a band counts as silent.
        level: 'rms' scales the sound so that its loudest 0.1 s has a root mean square of 0.1, so
            that a distant sound equals a near one and the silence around it does not matter;
            'none' leaves it.

    Raises:
        InputError: a parameter out of range.
    """

    name: ClassVar[str] = 'sound'

    def __init__(
        self,
        sample_rate: int = 16000,
        seconds: float = 2.0,
        mels: int = 64,
        n_fft: int = 400,
        hop: int = 160,
        fmin: float = 50.0,
        fmax: float = 8000.0,
        log_floor: float = 1e-6,
        level: str = 'rms',
    ) -> None:
        check_sample_rate(sample_rate)
        if not 0.0 < seconds <= 60.0:
            raise InputError('seconds', seconds, 'above 0, at most 60', 'correct the parameter')
        if level not in _LEVELS:
            raise InputError('level', level, f'one of {_LEVELS}', 'correct the parameter level')
        self._log_mel = LogMel(sample_rate, n_fft, hop, mels, fmin, fmax, log_floor)
        self._samples = round(seconds * sample_rate)
        if self.frames < 1:
            raise InputError(
                'seconds', seconds, f'at least one hop ({hop} samples)', 'correct the parameter'
            )
        self._sample_rate = sample_rate
        self._level = level
        self._parameters: dict[str, Any] = {
            'sample_rate': sample_rate,
            'seconds': seconds,
            'mels': mels,
            'n_fft': n_fft,
            'hop': hop,
            'fmin': fmin,
            'fmax': fmax,
            'log_floor': log_floor,
            'level': level,
        }

    @property
    def frames(self) -> int:
        """Number of frames of every output."""
        return self._log_mel.frames(self._samples)

    @property
    def seconds(self) -> float:
        """Length of sound that one output covers."""
        return float(self._parameters['seconds'])

    def parameters(self) -> dict[str, Any]:
        """All parameters, JSON-able; ``SoundInput(**parameters)`` is an equal preprocessor."""
        return dict(self._parameters)

    def __call__(self, waveform: Waveform) -> dict[str, NDArray[Any]]:
        """Preprocess one sound.

        Args:
            waveform: mono sound of any length and sample rate.

        Returns:
            {'log_mel': float32 (1, 1, frames, mels)}

        Raises:
            InputError: no Waveform, no samples, samples that are not finite, digital silence.
        """
        if not isinstance(waveform, Waveform):
            raise InputError(
                'sound', type(waveform).__name__, 'a Waveform', 'decode it with decode_audio first'
            )
        if waveform.samples.size == 0:
            raise InputError('sound', 'no samples', 'at least one sample', 'record for longer')
        check_finite(waveform.samples)
        samples = self._loudest(resample(waveform, self._sample_rate).samples)
        if not samples.any():
            raise InputError(
                'sound level',
                'all samples zero',
                'a sound',
                'check that the microphone is connected and not muted',
            )
        if self._level == 'rms':
            samples = samples * np.float32(_LEVEL_RMS / self._loudest_rms(samples))
        fixed = np.zeros(self._samples, np.float32)
        fixed[: samples.size] = samples
        return {'log_mel': self._log_mel(fixed)[None, None]}

    def _loudest(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """The window of most energy, at most ``self._samples`` long."""
        if samples.size <= self._samples:
            return samples
        energy = _running_energy(samples, self._samples)[:: self._log_mel.hop]
        start = int(np.argmax(energy)) * self._log_mel.hop
        return samples[start : start + self._samples]

    def _loudest_rms(self, samples: NDArray[np.float32]) -> float:
        """Root mean square of the loudest 0.1 s; a shorter sound counts as surrounded by zeros."""
        length = round(_LEVEL_SECONDS * self._sample_rate)
        energy = float(_running_energy(samples, min(length, samples.size)).max())
        return float(np.sqrt(energy / length))


def _running_energy(samples: NDArray[np.float32], length: int) -> NDArray[np.float64]:
    """Sum of squares of each run of ``length`` samples: (N,) -> (N - length + 1,)."""
    total = np.empty(samples.size + 1)
    total[0] = 0.0
    np.cumsum(np.square(samples, dtype=np.float64), out=total[1:])
    return np.asarray(total[length:] - total[:-length])
