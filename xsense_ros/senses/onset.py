# SPDX-License-Identifier: Apache-2.0
"""Finds knocks in a stream of sound: a sharp rise over the background, then decay.

The stream is cut into blocks of a millisecond on a grid that begins with its first sample, so
that the onsets are the same to the sample however the stream comes in chunks.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.microphone import check_finite, check_sample_rate

# All in blocks of a millisecond.
_RISE = 5  # a knock has reached its power after so long
_JUST_BEFORE = 10  # what it must rise over: any of these ...
_BACKGROUND = 200  # ... and the mean of these
_FALL = (50, 3)  # three stretches of 50 blocks, over which its power falls
_AHEAD = _FALL[0] * _FALL[1]
# Beating modes of a long ring may raise the power from one stretch to the next by so much.
_BEAT = 1.12
# Attenuates the hum and rumble that microphones of robots pick up.
_EMPHASIS = np.float32(0.95)
# The knock begins with the first sample that stands out of noise (its square is this many times
# the background's power, 4.5 standard deviations) and is no less than this share of its peak.
_START_POWER = 20.0
_START_SHARE = 0.02
# Below this power (full scale is 1) there is no background, only rounding.
_QUIET = 1e-9


class OnsetDetector:
    """Tells at which samples knocks begin.

    A knock rises by ``rise_db`` within 5 ms, over the loudest of the 10 ms before and over the
    mean of the 200 ms before. Then its power falls over three times 50 ms, by ``decay_db`` from
    the first to the third. Speech rises slower or grows after its first burst; steady noise does
    not rise. Not thread-safe.

    Args:
        sample_rate: of the stream.
        rise_db: least rise of power.
        decay_db: least loss of power.
        floor_dbfs: power of the loudest millisecond (after a pre-emphasis of 0.95) that a knock
            has at least.
        dead_seconds: no other onset for so long after one: an object that bounces is one knock.

    Raises:
        InputError: a parameter out of range.
    """

    def __init__(
        self,
        sample_rate: int,
        rise_db: float = 16.0,
        decay_db: float = 1.0,
        floor_dbfs: float = -50.0,
        dead_seconds: float = 0.2,
    ) -> None:
        check_sample_rate(sample_rate)
        for name, value, low, high in (
            ('rise_db', rise_db, 3.0, 60.0),
            ('decay_db', decay_db, 0.0, 60.0),
            ('floor_dbfs', floor_dbfs, -120.0, 0.0),
            ('dead_seconds', dead_seconds, 0.0, 60.0),
        ):
            # Written so that NaN fails too.
            if not low <= value <= high:
                raise InputError(name, value, f'{low} to {high}', 'correct the parameter')
        self._block = max(round(sample_rate / 1000), 1)
        self._rise = 10.0 ** (rise_db / 10)
        self._decay = 10.0 ** (-decay_db / 10)
        self._floor = 10.0 ** (floor_dbfs / 10)
        self._dead = round(dead_seconds * 1000)
        self.reset()

    @property
    def delay(self) -> int:
        """Samples after an onset that must have come before it is told, at most."""
        return (_AHEAD + _RISE + 1) * self._block

    def reset(self) -> None:
        """Begin a new stream, whose first sample has index 0; before it there was silence."""
        self._rest: NDArray[np.float32] = np.empty(0, np.float32)  # of a block not complete yet
        self._last = np.float32(0.0)  # the sample before ``_rest``
        # Squares of the emphasised samples, (blocks, samples), and their means. Silence before
        # the stream lets a knock at its very beginning be one.
        self._squares: NDArray[np.float32] = np.zeros((_BACKGROUND, self._block), np.float32)
        self._powers = np.zeros(_BACKGROUND)
        self._first = -_BACKGROUND  # block number of the first row kept
        self._next = 0  # block to be judged next

    def push(self, samples: NDArray[np.float32]) -> list[int]:
        """Take the next samples of the stream.

        Args:
            samples: float32 (N,), N may be 0.

        Returns:
            Indices in the stream of the first samples of knocks, ascending.

        Raises:
            InputError: samples that are not finite; they are left out.
        """
        check_finite(samples)
        self._append(samples)
        end = self._first + len(self._powers)
        found = []
        for block in self._candidates(end - _AHEAD - _RISE):
            if block >= self._next and self._is_knock(block):
                found.append(self._start(block))
                self._next = block + max(self._dead, _RISE)
        self._next = max(self._next, end - _AHEAD - _RISE)
        self._forget()
        return found

    def _append(self, samples: NDArray[np.float32]) -> None:
        fresh = np.concatenate((self._rest, samples))
        blocks = fresh.size // self._block
        whole = fresh[: blocks * self._block]
        self._rest = fresh[blocks * self._block :]
        if not blocks:
            return
        before = np.concatenate((np.atleast_1d(self._last), whole[:-1]))
        self._last = whole[-1]
        emphasised = (whole - _EMPHASIS * before).reshape(blocks, self._block)
        squares = emphasised * emphasised
        # Summed sample after sample for all blocks at once: this order does not depend on how
        # many blocks there are, so that the sums are the same to the bit.
        powers = np.zeros(blocks)
        for column in squares.T:
            powers += column
        self._squares = np.concatenate((self._squares, squares))
        self._powers = np.concatenate((self._powers, powers / self._block))

    def _candidates(self, end: int) -> list[int]:
        """Blocks before ``end``, not judged yet, in which the power rises sharply."""
        offset = self._next - self._first
        count = end - self._next
        if count <= 0:
            return []
        after = self._extreme(offset, count, range(_RISE))
        before = self._extreme(offset, count, range(-_JUST_BEFORE, 0))
        rises = (after >= self._floor) & (after >= self._rise * np.maximum(before, _QUIET))
        return [self._next + int(number) for number in np.flatnonzero(rises)]

    def _extreme(self, offset: int, count: int, shifts: range) -> NDArray[np.float64]:
        """Largest power among the blocks at ``shifts`` of each of ``count`` blocks."""
        start = offset + shifts.start
        loudest = self._powers[start : start + count].copy()
        for shift in shifts[1:]:
            np.maximum(loudest, self._powers[offset + shift :][:count], out=loudest)
        return loudest

    def _is_knock(self, block: int) -> bool:
        at = block - self._first
        peak = max(self._powers[at : at + _RISE])
        if peak < self._rise * self._background(at):
            return False
        length, count = _FALL
        starts = range(at, at + length * count, length)
        means = [math.fsum(self._powers[start : start + length]) for start in starts]
        falls = all(later <= _BEAT * earlier for earlier, later in pairwise(means))
        return falls and means[-1] <= self._decay * means[0]

    def _background(self, at: int) -> float:
        return max(math.fsum(self._powers[at - _BACKGROUND : at]) / _BACKGROUND, _QUIET)

    def _start(self, block: int) -> int:
        """First sample of the knock that rises in ``block`` or the next few."""
        at = block - self._first
        near = self._squares[at - 1 : at + _RISE].reshape(-1)
        peak = near.max()
        limit = max(_START_POWER * self._background(at), _START_SHARE * peak)
        first = int(np.argmax(near >= min(limit, peak)))
        return max((block - 1) * self._block + first, 0)

    def _forget(self) -> None:
        """Keep what the next block to be judged looks back on."""
        surplus = self._next - _BACKGROUND - self._first
        surplus = min(max(surplus, 0), len(self._powers))
        # Copied, so that the memory of the whole chunk is not held.
        self._squares = self._squares[surplus:].copy()
        self._powers = self._powers[surplus:].copy()
        self._first += surplus
