# SPDX-License-Identifier: Apache-2.0
"""Whether a single frame shows contact, told without any background.

A gel at rest is lit smoothly: over a millimetre its hue hardly changes, while the rim of an
imprint turns from one LED's colour to another's. So a frame is compared with itself, smoothed,
brightness left out (dust and vignetting change brightness, not hue). On the 74 real frames of
taxim the two at rest show at most 1.1 mm2 of such structure, and the 72 presses at least 5.7 mm2.
What this cannot see: faint contact, and contact without a rim in the picture, such as a plate
that covers the gel. BackgroundModel therefore watches for change as well.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.contact import in_cells

_SMOOTH_MM = 0.9
_FINE_CELLS = 1.5
_LEVELS = 7.0


def structure_mm2(gel: NDArray[np.uint8], mm_per_pixel: float) -> float:
    """Area whose hue differs by more than 7 levels from that around it.

    Args:
        gel: uint8 (H, W, 3) RGB, oriented by the profile.
        mm_per_pixel: its scale.
    """
    cells = in_cells(gel, mm_per_pixel).astype(np.float32)
    cells -= cells.mean(axis=2, keepdims=True)
    cell_mm = float(mm_per_pixel * gel.shape[0] / cells.shape[0])
    fine = _smooth(cells, _FINE_CELLS)
    around = _smooth(cells, _SMOOTH_MM / cell_mm)
    size = np.linalg.norm(fine - around, axis=2)
    return float(np.count_nonzero(size > _LEVELS)) * cell_mm**2


def _smooth(cells: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    smooth = cv2.GaussianBlur(cells, (0, 0), sigma, borderType=cv2.BORDER_REFLECT)
    return np.asarray(smooth, np.float32)
