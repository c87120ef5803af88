# SPDX-License-Identifier: Apache-2.0
"""The last seconds of a microphone as a picture: time to the right, pitch upwards."""

from __future__ import annotations

import threading

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.dashboard.tiles import Picture
from xsense_ros.senses.log_mel import LogMel
from xsense_ros.senses.microphone import Waveform

_COLUMNS_PER_SECOND = 60
_MELS = 64
_FRAME_SECONDS = 0.032
_FLOOR = 1e-5
_RANGE = 14.0  # natural logarithms of power from black to white: 60 dB
_LOW_HZ, _TOP_HZ = 60.0, 8000.0


class Spectrogram:
    """Keeps the newest sound of one microphone. Thread-safe.

    Args:
        seconds: that the picture shows.
    """

    def __init__(self, seconds: float = 4.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._rate = 0
        self._kept = np.zeros(0, np.float32)
        self._mel: LogMel | None = None

    def add(self, sound: Waveform) -> None:
        """Take the next chunk; one of another sample rate begins a new picture."""
        with self._lock:
            if sound.sample_rate != self._rate:
                self._rate = sound.sample_rate
                self._kept = np.zeros(round(self._seconds * self._rate), np.float32)
                self._mel = None
            new = sound.samples[-len(self._kept) :]
            keep = len(self._kept) - len(new)
            # Copied, not rolled in place: a picture may be in work on the array before.
            self._kept = np.concatenate((self._kept[len(self._kept) - keep :], new))

    def clear(self) -> None:
        """Forget what was heard."""
        with self._lock:
            self._kept = np.zeros_like(self._kept)

    def picture(self) -> Picture | None:
        """The last seconds; None before anything was heard."""
        with self._lock:
            kept, rate, mel = self._kept, self._rate, self._mel
            if not rate:
                return None
            if mel is None:
                mel = self._mel = _mel(rate)
        levels = mel(kept)
        # A full-scale sine has a power of (n_fft / 4)^2 in its bin.
        top = 2.0 * np.log(_FRAME_SECONDS * rate / 4.0)
        shares = np.clip((levels.T[::-1] - top) / _RANGE + 1.0, 0.0, 1.0)
        grey = np.ascontiguousarray((shares * 255).astype(np.uint8))
        bgr: NDArray[np.uint8] = np.asarray(cv2.applyColorMap(grey, cv2.COLORMAP_MAGMA), np.uint8)
        rows, columns = grey.shape
        more = {'seconds': self._seconds, 'hertz': [_LOW_HZ, min(_TOP_HZ, rate / 2)]}
        return Picture(bgr[..., ::-1], (columns, rows), more=more)


def _mel(rate: int) -> LogMel:
    length = round(_FRAME_SECONDS * rate)
    return LogMel(
        rate,
        length,
        max(1, min(length, rate // _COLUMNS_PER_SECOND)),
        _MELS if rate >= 8000 else _MELS // 4,
        _LOW_HZ,
        min(_TOP_HZ, rate / 2),
        _FLOOR,
    )
