# SPDX-License-Identifier: Apache-2.0
"""What one sensor unit looks like without contact: learnt, then followed as it drifts."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.contact import Contact, find_contact, in_cells
from xsense_ros.senses.press import Press
from xsense_ros.senses.tactile_difference import difference
from xsense_ros.senses.tactile_profile import TactileProfile
from xsense_ros.senses.tactile_structure import structure_mm2

# The background follows quiet frames like a lag of 13 s: faster than LEDs warm up, and so slow
# that a touch too faint to count leaves little behind. It is moved a few times a second at most;
# after a pause it is not moved further than 5 s would.
_LAG_NS = 13_000_000_000
_REFRESH_NS = 250_000_000
_LONGEST_NS = 5_000_000_000
_LIFT = 'lift the finger off until its background is learnt'


class BackgroundModel:
    """Background and noise of one sensor unit at one resolution.

    It is learnt from the first ``background_frames`` consecutive frames that show no contact: no
    structure of their own (``structure_mm2``), and no change against each other. A frame that does
    not qualify begins the count anew.

    Args:
        profile: of the sensor.
        serial: of the unit, for messages.
        mm_per_pixel: of the frames that it will see.
    """

    def __init__(self, profile: TactileProfile, serial: str, mm_per_pixel: float) -> None:
        self._profile = profile
        self._serial = serial
        self._mm_per_pixel = mm_per_pixel
        self._frames = 0  # accepted so far
        self._mean: NDArray[np.float32] | None = None
        self._cell_mean = self._cell_spread = np.empty(0)  # of the frames in cells (Welford)
        self._background: NDArray[np.uint8] | None = None
        self._noise = 0.0
        self._quiet_ns: int | None = None  # when the background was last known to be right

    @property
    def background(self) -> NDArray[np.uint8] | None:
        """uint8 (H, W, 3), oriented; None while it is being learnt."""
        return self._background

    @property
    def frames(self) -> int:
        """Consecutive frames accepted for learning so far."""
        return self._frames

    @property
    def noise(self) -> float:
        """Standard deviation of the colour of a cell between frames, Euclidean, in levels."""
        return self._noise

    @property
    def threshold(self) -> float:
        """Change of colour from which contact counts, by the profile and the unit's own noise."""
        return max(self._profile.contact_levels, self._profile.contact_sigmas * self._noise)

    def learn(self, gel: NDArray[np.uint8]) -> None:
        """Take one of the first frames.

        Args:
            gel: uint8 (H, W, 3), oriented by the profile.

        Raises:
            InputError: it shows contact, or differs from the frames before; learning has begun
                anew.
        """
        try:
            self._check_structure(gel)
            self._check_steady(gel)
        except InputError:
            self._frames, self._mean = 0, None
            raise
        self._add(gel)
        if self._frames >= self._profile.background_frames:
            assert self._mean is not None
            self._background = _rounded(self._mean)
            variance = self._cell_spread / (self._frames - 1)
            self._noise = math.sqrt(float(np.median(variance.sum(axis=2))))

    def give(self, gel: NDArray[np.uint8]) -> None:
        """Take a background as it is; its noise stays unknown, so the profile's levels count.

        Raises:
            InputError: it shows contact.
        """
        self._check_structure(gel)
        self._mean = gel.astype(np.float32)
        self._background = np.ascontiguousarray(gel)
        self._noise = 0.0

    def press(self, gel: NDArray[np.uint8]) -> Press:
        """The change against the background.

        Raises:
            InputError: the background is not known yet.
        """
        if self._background is None:
            wanted = self._profile.background_frames
            raise InputError(
                f'background of tactile sensor {self._serial!r}',
                f'{self._frames} of {wanted} frames',
                'a background that is known',
                _LIFT,
            )
        return Press(difference(gel, self._background), self._mm_per_pixel)

    def follow(self, gel: NDArray[np.uint8], contact: Contact, stamp_ns: int) -> None:
        """Let the background drift along with a frame that shows no contact; else do nothing.

        Args:
            gel: as for ``learn``.
            contact: that was found in it.
            stamp_ns: when it was taken.
        """
        # Half of what ends a contact: while one begins or fades, its traces are left out.
        if self._mean is None or contact.area_mm2 >= self._profile.off_mm2 / 2:
            self._quiet_ns = None
            return
        if self._quiet_ns is None or stamp_ns < self._quiet_ns:
            self._quiet_ns = stamp_ns
        passed_ns = min(stamp_ns - self._quiet_ns, _LONGEST_NS)
        if passed_ns >= _REFRESH_NS:
            self._quiet_ns = stamp_ns
            cv2.accumulateWeighted(gel, self._mean, -math.expm1(-passed_ns / _LAG_NS))
            self._background = _rounded(self._mean)

    def _check_structure(self, gel: NDArray[np.uint8]) -> None:
        seen = structure_mm2(gel, self._mm_per_pixel)
        allowed = self._profile.background_structure_mm2
        if seen > allowed:
            raise InputError(
                f'background of tactile sensor {self._serial!r}',
                f'a frame with contact ({seen:.1f} mm2 of coloured structure)',
                f'a gel at rest (at most {allowed:g} mm2)',
                f'{_LIFT}; for a gel with markers raise background_structure_mm2 in the profile',
            )

    def _check_steady(self, gel: NDArray[np.uint8]) -> None:
        if self._mean is None:
            return
        change = Press(difference(gel, _rounded(self._mean)), self._mm_per_pixel)
        area = find_contact(change, self._profile.contact_levels).area_mm2
        if area >= self._profile.off_mm2:
            raise InputError(
                f'background of tactile sensor {self._serial!r}',
                f'a change over {area:.1f} mm2 between the frames to learn from',
                'a gel at rest',
                _LIFT,
            )

    def _add(self, gel: NDArray[np.uint8]) -> None:
        cells = in_cells(gel, self._mm_per_pixel).astype(np.float64)
        if self._mean is None:
            self._mean = np.zeros(gel.shape, np.float32)
            self._cell_mean, self._cell_spread = np.zeros_like(cells), np.zeros_like(cells)
        self._frames += 1
        cv2.accumulateWeighted(gel, self._mean, 1.0 / self._frames)
        before = cells - self._cell_mean
        self._cell_mean += before / self._frames
        self._cell_spread += before * (cells - self._cell_mean)


def _rounded(mean: NDArray[np.float32]) -> NDArray[np.uint8]:
    return np.asarray(cv2.convertScaleAbs(mean), np.uint8)
