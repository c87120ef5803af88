# SPDX-License-Identifier: Apache-2.0
"""What a finger felt: the sample of the sense of touch."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError

# A pixel that contact has not changed.
UNTOUCHED = 128
_MM_PER_PIXEL = (1e-4, 10.0)


@dataclass(frozen=True, slots=True, eq=False)
class Press:
    """Change of a gel's picture by contact, from which the sensor unit itself has been removed.

    Args:
        pixels: uint8 (H, W, 3) RGB, 128 + frame - background (see ``difference``).
        mm_per_pixel: on the gel, the same along both axes.

    Raises:
        InputError: pixels of another kind, or a scale that no sensor has.
    """

    pixels: NDArray[np.uint8]
    mm_per_pixel: float

    def __post_init__(self) -> None:
        pixels = self.pixels
        good = isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8
        if not good or pixels.ndim != 3 or pixels.shape[2] != 3 or not pixels.size:
            raise InputError(
                'press pixels',
                f'{getattr(pixels, "dtype", type(pixels).__name__)} {np.shape(pixels)}',
                'uint8 (H, W, 3), not empty',
                'make it with xsense_ros.senses.tactile_difference.press_of',
            )
        low, high = _MM_PER_PIXEL
        if not math.isfinite(self.mm_per_pixel) or not low <= self.mm_per_pixel <= high:
            raise InputError(
                'mm_per_pixel',
                self.mm_per_pixel,
                f'{low} to {high}',
                'correct mm_per_pixel in the profile of the sensor',
            )
