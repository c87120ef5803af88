# SPDX-License-Identifier: Apache-2.0
"""Which stretches of a microphone's sound are asked: a window whenever a hop has gone by."""

from __future__ import annotations

from xsense_ros.senses.microphone import Waveform
from xsense_ros.senses.sound_window import Continuity, SoundWindow
from xsense_ros.units import NS

# Longest window that may be asked (the limit of the parameter), plus one hop.
_CAPACITY_SECONDS = 31.0
_RESTARTS = (Continuity.BACKWARD, Continuity.GAP, Continuity.RATE_CHANGE)


class SoundQuestions:
    """Joins chunks, and cuts a window out at each step of a grid of hops.

    The grid begins with the first whole window, and anew after a break; lengths of chunks do not
    stretch it. Only the newest window waits to be taken: those that it replaces were missed.
    """

    def __init__(self) -> None:
        self._window = SoundWindow(_CAPACITY_SECONDS)
        self._due: tuple[int, Waveform] | None = None
        self._asked_until_ns = 0
        self.missed = 0

    @property
    def seconds(self) -> float:
        """Unbroken sound that is there."""
        return self._window.seconds

    @property
    def end_stamp_ns(self) -> int:
        """Time just after the newest sample; 0 before the first chunk."""
        return self._window.end_stamp_ns

    def push(
        self, stamp_ns: int, waveform: Waveform, window_seconds: float, hop_seconds: float
    ) -> Continuity:
        """Take the next chunk.

        Args:
            stamp_ns: time of its first sample.
            waveform: at least one sample.
            window_seconds: length of a window.
            hop_seconds: new sound between two windows.

        Returns:
            How it joined those before.

        Raises:
            InputError: no stamp, no samples, or a window of no or too much length.
        """
        continuity = self._window.push(stamp_ns, waveform)
        if continuity in _RESTARTS:
            self._asked_until_ns = 0
        if self._window.seconds >= window_seconds and self._step(round(hop_seconds * NS)):
            self.missed += self._due is not None
            self._due = self._window.window(window_seconds)
        return continuity

    def take(self) -> tuple[int, Waveform] | None:
        """The window that is due: time of its first sample, and the sound; None for none."""
        due, self._due = self._due, None
        return due

    def newest(self, seconds: float) -> tuple[int, Waveform] | None:
        """The newest sound, off the grid; None while too little was heard."""
        return self._window.window(seconds)

    def _step(self, hop_ns: int) -> bool:
        """Whether a hop has gone by; the windows of further hops were missed."""
        end_ns = self._window.end_stamp_ns
        if not self._asked_until_ns:
            self._asked_until_ns = end_ns
            return True
        hops = (end_ns - self._asked_until_ns) // hop_ns
        if hops < 1:
            return False
        self.missed += hops - 1
        self._asked_until_ns += hops * hop_ns
        return True


def stamp_or_end(stamp_ns: int, end_ns: int) -> int:
    """Time of a chunk: its stamp, or where it has none the end of the chunk before.

    Without stamps, chunks can only be taken as unbroken; the first one is at one second.
    """
    return stamp_ns if stamp_ns > 0 else end_ns or NS
