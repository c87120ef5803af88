# SPDX-License-Identifier: Apache-2.0
"""Controls: so little of a sample that nothing of its kind can be recognised in it.

A system whose score such a row reaches has learned a shortcut of the data (one renderer's level,
one style's palette). Three numbers of a rendered sound have beaten a learned map from log-mel
features; a control row shows it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError

SOUND_CONTROLS = ('duration', 'loudness', 'spectral centroid', 'late-to-early level')
SILENCE = 1e-6  # of full scale, RMS: -120 dB, below 16 bits
AUDIBLE = 0.01  # of the loudest frame's RMS: 40 dB below it a sound counts as over


def mean_colours(pictures: Iterable[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Mean red, green and blue of each picture, 0 to 1: uint8 (H, W, 3) each -> (N, 3).

    Raises:
        InputError: not RGB uint8.
    """
    found = []
    for picture in pictures:
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise InputError(
                'picture',
                f'{picture.dtype} {picture.shape}',
                'RGB uint8 (H, W, 3)',
                'lay transparent pictures over white first (data.image.composite)',
            )
        found.append(picture.reshape(-1, 3).mean(axis=0) / 255)
    return np.array(found, dtype=np.float64).reshape(-1, 3)


def sound_controls(
    wave: NDArray[np.floating], rate: int, frame: float = 0.02
) -> NDArray[np.float64]:
    """The four numbers of SOUND_CONTROLS of a waveform (T,), full scale 1 -> (4,).

    duration: seconds from the first to the last frame within 40 dB of the loudest; loudness: RMS
    in dB of full scale over that stretch; spectral centroid: log2 of its mean frequency in Hz,
    weighted by power; late-to-early level: dB of the second half of the stretch over the first.
    A silent waveform gives 0 s, -120 dB, a centroid of 1 Hz (0) and 0 dB.

    Args:
        wave: one channel.
        rate: samples per second.
        frame: length of the frames that the stretch is found by, in seconds.

    Raises:
        InputError: not one channel, empty, or not finite.
    """
    x = np.asarray(wave, dtype=np.float64)
    if x.ndim != 1 or not len(x) or not np.isfinite(x).all():
        raise InputError(
            'waveform',
            f'shape {x.shape}',
            'finite samples of one channel (T,)',
            'mix channels down',
        )
    size = max(1, round(frame * rate))
    frames = np.pad(x, (0, -len(x) % size)).reshape(-1, size)
    levels = np.sqrt((frames**2).mean(axis=1))
    loud = np.flatnonzero(levels >= max(AUDIBLE * levels.max(), SILENCE))
    if not len(loud):
        return np.array([0.0, _decibels(0.0), 0.0, 0.0])
    heard = x[loud[0] * size : (loud[-1] + 1) * size]
    half = len(heard) // 2
    power = np.abs(np.fft.rfft(heard)) ** 2
    frequency = np.fft.rfftfreq(len(heard), 1 / rate)
    centroid = float(power[1:] @ frequency[1:] / max(float(power[1:].sum()), 1e-30))
    return np.array(
        [
            len(heard) / rate,
            _decibels(_rms(heard)),
            np.log2(max(centroid, 1.0)),
            _decibels(_rms(heard[half:])) - _decibels(_rms(heard[:half])),
        ]
    )


def _rms(x: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(x**2))) if len(x) else 0.0


def _decibels(level: float) -> float:
    return float(20 * np.log10(max(level, SILENCE)))
