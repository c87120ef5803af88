# SPDX-License-Identifier: Apache-2.0
"""Where and how much a press touches, from the size of the colour change."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.senses.press import UNTOUCHED, Press
from xsense_ros.senses.resize import resize

# Contact is found on pixels of about this size: no finer than a gel resolves, averaged over noise.
CELL_MM = 0.12
# The gel also tilts around what is pressed into it. On 72 real presses of a ball, 40 % of the
# strongest change bounds the imprint with the least bias of its radius (see docs/touch.md).
_SHARE_OF_PEAK = 0.4
# The strongest change is read below the few cells that dust or a glint may hold.
_PEAK_RANK = 0.998
_SUM = np.ones((1, 3), np.float32)  # over the channels
_LEAST_CELLS = 6  # of a patch; dust and single bad pixels have fewer


@dataclass(frozen=True, slots=True)
class Contact:
    """The imprint in a press, all its patches together.

    ``area_mm2`` is 0 without contact, ``fraction`` its share of the picture. ``centroid`` is
    (x, y) in pixels of the press, the centre of its first pixel being (0, 0); the middle of the
    picture without contact. ``strength`` is the mean change within, Euclidean over the three
    channels, in levels of 255.
    """

    area_mm2: float
    fraction: float
    centroid: tuple[float, float]
    strength: float


def find_contact(press: Press, threshold: float = 15.0) -> Contact:
    """Measure the imprint: where colour changed by ``threshold`` and by 40 % of the peak.

    Holes are filled, since the floor of an imprint is level and changes no colour; patches of less
    than six cells of 0.12 mm are left out.

    Args:
        press: of any size and scale.
        threshold: least change of colour (Euclidean, levels of 255) that may count.
    """
    cells = in_cells(press.pixels, press.mm_per_pixel).astype(np.float32)
    cells -= UNTOUCHED
    size = np.asarray(cv2.sqrt(cv2.transform(cells * cells, _SUM)), np.float32)
    mask = imprint(size, threshold)
    count = int(np.count_nonzero(mask))
    rows, columns = press.pixels.shape[:2]
    if not count:
        return Contact(0.0, 0.0, ((columns - 1) / 2, (rows - 1) / 2), 0.0)
    fraction = count / mask.size
    moments = cv2.moments(mask, binaryImage=True)
    # From the centres of cells to those of pixels.
    x = (moments['m10'] / moments['m00'] + 0.5) * columns / mask.shape[1] - 0.5
    y = (moments['m01'] / moments['m00'] + 0.5) * rows / mask.shape[0] - 0.5
    area = fraction * rows * columns * press.mm_per_pixel**2
    return Contact(area, fraction, (x, y), float(size[mask > 0].mean()))


def in_cells(pixels: NDArray[np.uint8], mm_per_pixel: float) -> NDArray[np.uint8]:
    """Average a picture over cells of about CELL_MM; (H, W, C) to (H / n, W / n, C)."""
    block = max(round(CELL_MM / mm_per_pixel), 1)
    rows, columns = (max(length // block, 1) for length in pixels.shape[:2])
    return resize(pixels, rows, columns)


def imprint(size: NDArray[np.float32], threshold: float) -> NDArray[np.uint8]:
    """1 inside the imprint, else 0: (H, W) sizes of change to uint8 (H, W)."""
    largest = size.size - round(_PEAK_RANK * (size.size - 1))  # so many are no less than the peak
    changed = size[size > threshold]
    # Below the threshold the peak does not matter, and few values are above it.
    if len(changed) >= largest:
        changed.partition(len(changed) - largest)
        threshold = max(threshold, _SHARE_OF_PEAK * float(changed[-largest]))
    mask = (size > threshold).astype(np.uint8)
    if not mask.any():
        return mask
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(mask, outlines, -1, 1, cv2.FILLED)
    _, patch_of, figures, _ = cv2.connectedComponentsWithStats(mask)
    large = figures[:, cv2.CC_STAT_AREA] >= _LEAST_CELLS
    large[0] = False  # what is untouched
    return np.asarray(large[patch_of], np.uint8)
