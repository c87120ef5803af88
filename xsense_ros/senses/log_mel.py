# SPDX-License-Identifier: Apache-2.0
"""Log-mel spectrogram by numpy: the picture of a sound that a sound tower looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError


class LogMel:
    """Natural logarithm of the power in mel bands, per short frame.

    Frame i is centred on sample ``i * hop`` (the sound is preceded and followed by zeros), carries
    a periodic Hann window of ``n_fft`` samples, and there are exactly ``N // hop`` frames: 2 s at
    16 kHz with hop 160 give 200. Mel scale of HTK (2595 log10(1 + f / 700)), triangles of peak 1
    over frequency, no area normalisation.

    Args:
        sample_rate: samples per second of what will be passed in.
        n_fft: frame length in samples.
        hop: distance of two frames in samples.
        mels: number of bands.
        fmin: lower edge of the lowest band in Hz.
        fmax: upper edge of the highest band in Hz, at most half the sample rate.
        log_floor: power below which a band counts as silent; the smallest output is its log.
            A sine of amplitude 1 has a power of (n_fft / 4) ** 2 in its bin.

    Raises:
        InputError: a parameter out of range, or bands so narrow that one holds no frequency bin.
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        n_fft: int = 400,
        hop: int = 160,
        mels: int = 64,
        fmin: float = 50.0,
        fmax: float = 8000.0,
        log_floor: float = 1e-6,
    ) -> None:
        if not 1 <= hop <= n_fft:
            raise InputError('hop', hop, f'1 to n_fft ({n_fft})', 'correct the parameter hop')
        if not 0 <= fmin < fmax <= sample_rate / 2:
            raise InputError(
                'fmin, fmax',
                (fmin, fmax),
                f'0 <= fmin < fmax <= {sample_rate / 2} Hz',
                'correct the frequency range or the sample rate',
            )
        if log_floor <= 0:
            raise InputError('log_floor', log_floor, 'above 0', 'correct the parameter log_floor')
        self.hop = hop
        self.mels = mels
        self._n_fft = n_fft
        self._floor = np.float32(log_floor)
        turn = 2.0 * np.pi * np.arange(n_fft) / n_fft
        self._window = (0.5 - 0.5 * np.cos(turn)).astype(np.float32)
        self._filters = mel_filters(sample_rate, n_fft, mels, fmin, fmax)

    def frames(self, samples: int) -> int:
        """Number of frames for a sound of that many samples."""
        return samples // self.hop

    def __call__(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Analyse a sound.

        Args:
            samples: float32 (N,), N >= hop.

        Returns:
            float32 (N // hop, mels)

        Raises:
            InputError: shorter than one hop.
        """
        frames = self.frames(samples.size)
        if frames < 1:
            raise InputError(
                'sound length', samples.size, f'at least {self.hop} samples', 'record for longer'
            )
        before = self._n_fft // 2
        padded = np.zeros(before + samples.size + self._n_fft, np.float32)
        padded[before : before + samples.size] = samples
        views = np.lib.stride_tricks.sliding_window_view(padded, self._n_fft)
        spectrum = np.fft.rfft(views[: frames * self.hop : self.hop] * self._window)
        power = (np.square(spectrum.real) + np.square(spectrum.imag)).astype(
            np.float32, copy=False
        )
        bands: NDArray[np.float32] = power @ self._filters
        return np.log(np.maximum(bands, self._floor, out=bands), out=bands)


def mel_filters(
    sample_rate: int, n_fft: int, mels: int, fmin: float, fmax: float
) -> NDArray[np.float32]:
    """Triangular bands, equally spaced on the mel scale of HTK.

    Returns:
        float32 (n_fft // 2 + 1, mels), weights of each frequency bin in each band.

    Raises:
        InputError: no bands, or a band that holds no frequency bin.
    """
    if mels < 1:
        raise InputError('mels', mels, 'at least 1', 'correct the parameter mels')
    low, high = (2595.0 * np.log10(1.0 + edge / 700.0) for edge in (fmin, fmax))
    edges = 700.0 * (10.0 ** (np.linspace(low, high, mels + 2) / 2595.0) - 1.0)
    bins = np.arange(n_fft // 2 + 1)[:, None] * (sample_rate / n_fft)
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32)
    if not filters.any(axis=0).all():
        raise InputError(
            'mels',
            mels,
            f'bands that each hold a frequency bin ({sample_rate / n_fft:.1f} Hz apart)',
            'use fewer mels, a longer n_fft or a higher fmin',
        )
    return filters
