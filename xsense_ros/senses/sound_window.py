# SPDX-License-Identifier: Apache-2.0
"""The last seconds of a microphone: a bounded ring buffer that trusts stamps, not arrival."""

from __future__ import annotations

import threading
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import Waveform
from xsense_ros.units import NS


class Continuity(Enum):
    """How a chunk joined the chunks before it."""

    CONTIGUOUS = 'contiguous'
    FILLED = 'filled'  # a short gap, bridged with silence so that the time axis stays true
    GAP = 'gap'  # a gap too long to bridge: the window starts anew
    OVERLAP = 'overlap'  # its beginning was known already and has been left out
    BACKWARD = 'backward'  # earlier than the chunk before (clock set, bag looped): starts anew
    RATE_CHANGE = 'rate change'  # another sample rate: the window starts anew


class SoundWindow:
    """Ring buffer of contiguous sound; memory is fixed by its capacity. Safe between threads.

    The stamp of a chunk is the time of its first sample. It is compared with the end of the chunk
    before, so that slow drift of the audio clock against the system clock never adds up.

    Args:
        capacity_seconds: how much sound is kept.
        tolerance_seconds: jitter of stamps that still counts as contiguous; keep it shorter than a
            chunk, or one lost chunk goes unseen.
        fill_seconds: longest gap that is bridged with silence.

    Raises:
        InputError: a parameter out of range.
    """

    def __init__(
        self,
        capacity_seconds: float = 10.0,
        tolerance_seconds: float = 0.008,
        fill_seconds: float = 0.1,
    ) -> None:
        if not 0.01 <= capacity_seconds <= 600.0:
            raise InputError(
                'capacity_seconds', capacity_seconds, '0.01 to 600', 'correct the parameter'
            )
        if not 0.0 <= tolerance_seconds <= fill_seconds:
            raise InputError(
                'tolerance_seconds',
                tolerance_seconds,
                f'0 to fill_seconds ({fill_seconds})',
                'correct the parameter',
            )
        self._capacity_seconds = capacity_seconds
        self._tolerance_ns = round(tolerance_seconds * NS)
        self._fill_ns = round(fill_seconds * NS)
        self._lock = threading.Lock()
        self._ring: NDArray[np.float32] = np.empty(0, np.float32)
        self._rate = 0
        self._next = 0  # ring position of the next sample
        self._count = 0  # valid samples before it
        self._position = 0
        self._last_stamp_ns = 0
        self._end_stamp_ns = 0
        self._seen = dict.fromkeys(Continuity, 0)

    @property
    def counts(self) -> dict[Continuity, int]:
        """How many chunks joined in which way since construction."""
        with self._lock:
            return dict(self._seen)

    @property
    def gaps(self) -> int:
        """Number of gaps, bridged or not, since construction."""
        counts = self.counts
        return counts[Continuity.FILLED] + counts[Continuity.GAP]

    @property
    def end_stamp_ns(self) -> int:
        """Time just after the newest sample; 0 before the first chunk."""
        with self._lock:
            return self._end_stamp_ns

    @property
    def seconds(self) -> float:
        """Contiguous sound available now."""
        with self._lock:
            return self._count / self._rate if self._rate else 0.0

    @property
    def position(self) -> int:
        """Number of samples ever appended, bridged gaps included: the index of the next one."""
        with self._lock:
            return self._position

    @property
    def first_position(self) -> int:
        """Index of the oldest sample of the unbroken sound that is kept."""
        with self._lock:
            return self._position - self._count

    def clear(self) -> None:
        """Forget the sound (not the counts)."""
        with self._lock:
            self._restart(0)

    def push(self, stamp_ns: int, waveform: Waveform) -> Continuity:
        """Append a chunk.

        Args:
            stamp_ns: time of the chunk's first sample in nanoseconds.
            waveform: the chunk, at least one sample.

        Returns:
            How it joined; a chunk is never lost without being counted here.

        Raises:
            InputError: no stamp or no samples.
        """
        if stamp_ns <= 0:
            raise InputError(
                'audio stamp',
                stamp_ns,
                'nanoseconds above 0',
                'let the driver stamp each chunk with the time of its first sample',
            )
        if waveform.samples.size == 0:
            raise InputError('audio chunk', 'no samples', 'at least one', 'send no empty chunks')
        with self._lock:
            continuity, samples = self._join(stamp_ns, waveform)
            self._append(samples)
            self._seen[continuity] += 1
            return continuity

    def window(self, seconds: float) -> tuple[int, Waveform] | None:
        """Copy the newest ``seconds`` of contiguous sound.

        Returns:
            The time of its first sample in nanoseconds and the sound; None while less is there.

        Raises:
            InputError: ``seconds`` not above 0, or above the capacity.
        """
        if not 0.0 < seconds <= self._capacity_seconds:
            raise InputError(
                'window seconds',
                seconds,
                f'above 0, at most the capacity of {self._capacity_seconds} s',
                'ask for a shorter window or construct with more capacity',
            )
        with self._lock:
            wanted = max(round(seconds * self._rate), 1)
            return self._copy(wanted, wanted)

    def stretch(self, position: int, count: int) -> tuple[int, Waveform] | None:
        """Copy ``count`` samples from index ``position`` on.

        Returns:
            The time of the first one in nanoseconds and the sound; None where not all of them are
            kept.
        """
        with self._lock:
            back = self._position - position
            return self._copy(back, count) if 0 < count <= back else None

    def _copy(self, back: int, count: int) -> tuple[int, Waveform] | None:
        """``count`` samples, the first of them ``back`` before the end."""
        if self._count < back:
            return None
        start = (self._next - back) % self._ring.size
        head = self._ring[start : start + count]
        samples = np.concatenate((head, self._ring[: count - head.size]))
        start_ns = self._end_stamp_ns - _duration_ns(back, self._rate)
        return start_ns, Waveform(samples, self._rate)

    def _join(self, stamp_ns: int, waveform: Waveform) -> tuple[Continuity, NDArray[np.float32]]:
        """Prepare the buffer for a chunk; how it joins and which of its samples are new."""
        rate, samples = waveform.sample_rate, waveform.samples
        end_ns = stamp_ns + _duration_ns(samples.size, rate)
        continuity = Continuity.CONTIGUOUS
        if rate != self._rate:
            if self._rate:
                continuity = Continuity.RATE_CHANGE
            self._restart(rate)
        elif self._count:
            late_ns = stamp_ns - self._end_stamp_ns
            if stamp_ns < self._last_stamp_ns:
                continuity = Continuity.BACKWARD
                self._restart(rate)
            elif late_ns > self._fill_ns:
                continuity = Continuity.GAP
                self._restart(rate)
            elif late_ns > self._tolerance_ns:
                continuity = Continuity.FILLED
                self._append(np.zeros(round(late_ns * rate / NS), np.float32))
            elif late_ns < -self._tolerance_ns:
                continuity = Continuity.OVERLAP
                samples = samples[round(-late_ns * rate / NS) :]
                end_ns = max(end_ns, self._end_stamp_ns)
        self._last_stamp_ns, self._end_stamp_ns = stamp_ns, end_ns
        return continuity, samples

    def _restart(self, rate: int) -> None:
        if rate != self._rate:
            self._ring = np.empty(round(self._capacity_seconds * rate), np.float32)
            self._rate = rate
        self._next = self._count = 0
        self._last_stamp_ns = self._end_stamp_ns = 0

    def _append(self, samples: NDArray[np.float32]) -> None:
        size = self._ring.size
        self._position += samples.size
        samples = samples[-size:]
        head = min(samples.size, size - self._next)
        self._ring[self._next : self._next + head] = samples[:head]
        self._ring[: samples.size - head] = samples[head:]
        self._next = (self._next + samples.size) % size
        self._count = min(self._count + samples.size, size)


def _duration_ns(samples: int, rate: int) -> int:
    return round(samples * NS / rate)
