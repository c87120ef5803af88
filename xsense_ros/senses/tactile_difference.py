# SPDX-License-Identifier: Apache-2.0
"""Frame minus background: what contact changed, without the unit's own light and gel."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.press import UNTOUCHED, Press
from xsense_ros.senses.tactile_profile import TactileProfile

_LEAST = np.ones((4, 1))  # of each channel, as OpenCV takes a scalar


def difference(frame: NDArray[np.uint8], background: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """128 + clip(frame - background, -127, 127), value by value.

    Args:
        frame: uint8 (H, W, 3) RGB, oriented by the profile.
        background: the same without contact, of the same sensor unit.

    Returns:
        uint8 (H, W, 3)

    Raises:
        InputError: the two differ in size.
    """
    if frame.shape != background.shape:
        raise InputError(
            'size of the background (rows, columns)',
            background.shape[:2],
            f'that of the frame, {frame.shape[:2]}',
            'record the background again at the resolution that the sensor has now',
        )
    # Saturates at 0 and 255, in one pass; 0 would be -128, hence the maximum.
    shifted = np.asarray(cv2.addWeighted(frame, 1.0, background, -1.0, UNTOUCHED), np.uint8)
    return np.asarray(cv2.max(shifted, _LEAST, shifted), np.uint8)


def press_of(
    frame: NDArray[np.uint8], background: NDArray[np.uint8], profile: TactileProfile
) -> Press:
    """The press that a raw frame shows, given a raw frame of the same unit without contact.

    Args:
        frame: RGB uint8 (H, W, 3), as the camera gives it.
        background: the same.
        profile: of the sensor.

    Raises:
        InputError: a frame that ``TactileProfile.oriented`` refuses, or two sizes.
    """
    pixels = difference(profile.oriented(frame), profile.oriented(background))
    return Press(pixels, profile.mm_per_pixel_of(frame))
