# SPDX-License-Identifier: Apache-2.0
"""Knocks cut out of a stream of sound, each aligned at its onset: the samples of 'impact'."""

from __future__ import annotations

from collections import deque

import numpy as np

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import Waveform, check_finite
from xsense_ros.senses.onset import OnsetDetector
from xsense_ros.senses.sound_window import Continuity, SoundWindow
from xsense_ros.units import NS

# A sample begins so long before its onset.
BEFORE_SECONDS = 0.02
# A longer chunk is taken in pieces, so that the buffer need not hold it whole.
_PIECE_SECONDS = 0.5
_RESTARTS = (Continuity.GAP, Continuity.BACKWARD, Continuity.RATE_CHANGE)


class ImpactWindow:
    """Listens to the chunks of a microphone and gives a window of sound for every knock.

    Chunks are joined by their stamps (see SoundWindow); across a gap that cannot be bridged
    listening begins anew. A window is given as soon as it has been heard whole. Not thread-safe.

    Args:
        seconds: length of a window, its first 20 ms before the onset.
        rise_db: how far a knock rises over the background (see OnsetDetector).

    Raises:
        InputError: a parameter out of range.
    """

    def __init__(self, seconds: float = 1.0, rise_db: float = 16.0) -> None:
        _check_seconds(seconds)
        self._seconds = seconds
        self._rise_db = rise_db
        # All that a window covers, and the chunk that completes it or its onset.
        self._window = SoundWindow(seconds + 2 * _PIECE_SECONDS)
        self._detector = OnsetDetector(16_000, rise_db)  # until the first chunk tells its rate
        self._rate = 0
        self._fed = 0  # position up to which the detector has heard
        self._origin = 0  # position in the window of the detector's first sample
        self._onsets: deque[int] = deque()  # whose windows are not complete, as positions
        self._continuity = Continuity.CONTIGUOUS

    @property
    def continuity(self) -> Continuity:
        """How the last chunk joined."""
        return self._continuity

    @property
    def end_stamp_ns(self) -> int:
        """Time just after the newest sample; 0 before the first chunk."""
        return self._window.end_stamp_ns

    def push(self, stamp_ns: int, waveform: Waveform) -> list[tuple[int, Waveform]]:
        """Take the next chunk.

        Args:
            stamp_ns: time of its first sample in nanoseconds.
            waveform: at least one sample.

        Returns:
            For every knock whose window is now complete, the time of the window's first sample in
            nanoseconds, and the window.

        Raises:
            InputError: no stamp, no samples, or samples that are not finite; the chunk is left
                out.
        """
        check_finite(waveform.samples)
        rate = waveform.sample_rate
        found: list[tuple[int, Waveform]] = []
        for start in range(0, max(len(waveform.samples), 1), round(_PIECE_SECONDS * rate)):
            piece = waveform.samples[start : start + round(_PIECE_SECONDS * rate)]
            piece_ns = stamp_ns + start * NS // rate
            joined = self._window.push(piece_ns, Waveform(piece, rate))
            if not start:
                self._continuity = joined
            found += self._listen(joined, rate)
        return found

    def clear(self) -> None:
        """Forget the sound and its knocks."""
        self._window.clear()
        self._rate = 0

    def _listen(self, joined: Continuity, rate: int) -> list[tuple[int, Waveform]]:
        """Feed the detector what the window holds beyond what it has heard."""
        window = self._window
        if joined in _RESTARTS or rate != self._rate:
            self._rate = rate
            self._detector = OnsetDetector(rate, self._rise_db)
            self._origin = self._fed = window.first_position
            self._onsets.clear()
        fresh = window.stretch(self._fed, window.position - self._fed)
        if fresh is not None:
            self._fed = window.position
            heard = self._detector.push(fresh[1].samples)
            self._onsets += (self._origin + onset for onset in heard)
        return self._complete(round(self._seconds * rate), round(BEFORE_SECONDS * rate))

    def _complete(self, length: int, before: int) -> list[tuple[int, Waveform]]:
        complete = []
        while self._onsets and self._onsets[0] - before + length <= self._window.position:
            found = self._window.stretch(self._onsets.popleft() - before, length)
            if found is not None:  # else it began before the stream did
                complete.append(found)
        return complete


def align_impact(sound: Waveform, seconds: float = 1.0, rise_db: float = 16.0) -> Waveform:
    """The window of the first knock in a recording, zeros where it reaches beyond.

    Args:
        sound: of any length; around it there is taken to be silence.
        seconds: length of the window, its first 20 ms before the onset.
        rise_db: how far a knock rises over the background.

    Raises:
        InputError: no knock, samples that are not finite, or a parameter out of range.
    """
    _check_seconds(seconds)
    rate = sound.sample_rate
    detector = OnsetDetector(rate, rise_db)
    onsets = detector.push(sound.samples)
    onsets += detector.push(np.zeros(detector.delay, np.float32))
    if not onsets:
        raise InputError(
            'impact',
            f'{sound.seconds:.2f} s of sound without a knock',
            f'a sharp rise by {rise_db:g} dB, then decay',
            'record a single knock in a quiet place, or give it as a sound',
        )
    start = onsets[0] - round(BEFORE_SECONDS * rate)
    samples = np.zeros(round(seconds * rate), np.float32)
    known = sound.samples[max(start, 0) : start + samples.size]
    skip = max(-start, 0)
    samples[skip : skip + known.size] = known
    return Waveform(samples, rate, sound.clipped)


def _check_seconds(seconds: float) -> None:
    if not 0.1 <= seconds <= 30.0:
        raise InputError('seconds of an impact', seconds, '0.1 to 30', 'correct the parameter')
