# SPDX-License-Identifier: Apache-2.0
"""Ink told from paper: pencil on uneven paper, chalk on a board and black on white alike."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.resize import resize

# The level of the paper is looked for in a small copy of about this many pixels a side, as the
# median over a window of a quarter of it: a stroke covers less than half of any such window.
_PAPER_SIDE = 96
_PAPER_WINDOW = 25
_EDGE = 2
_MID = 128
# Where something drawn does fill the window, the median is ink: paper is nowhere darker than this
# fraction of what the edge of the page lets expect.
_PAPER_FLOOR = 0.5
# Ink must stand out of the paper by this much of its level, and by so many times its noise.
_LEAST_CONTRAST = 0.1
_LEAST_SIGMAS = 6.0
_MOST_NOISE = 0.3
_MOST_INK = 0.6
_DRAW = 'draw dark lines on light paper (or light on dark) with a margin around the drawing'


@dataclass(frozen=True)
class Ink:
    """Where the ink is.

    Args:
        soft: float32 (H, W), 0 on paper to 1 in full ink, with the soft edges of the picture.
        mask: uint8 (H, W), 1 where there is more than half as much ink as in a full stroke;
            specks are left out.
        stroke: typical width of a stroke in pixels.
    """

    soft: NDArray[np.float32]
    mask: NDArray[np.uint8]
    stroke: float


def find_ink(grey: NDArray[np.uint8]) -> Ink:
    """Separate a drawing from its paper; light strokes on dark count as ink as well.

    Args:
        grey: uint8 (H, W), at least 8 x 8.

    Raises:
        InputError: nothing drawn, or ink nearly everywhere.
    """
    paper, light_on_dark = _light(grey)
    darker = paper - grey
    if light_on_dark:
        paper, darker = 255.0 - paper, -darker
    # Chalk adds light, it does not take away a part: a board of mid grey would inflate noise.
    least_level = _MID if light_on_dark else 16
    contrast = darker / np.maximum(paper, np.float32(least_level))
    beside = np.abs(contrast[::2, ::2])
    # Where the median was ink, its paper is far off: not noise.
    quiet = beside[beside < _MOST_NOISE]
    noise = 1.4826 * float(np.median(quiet)) if quiet.size else 1.0
    least = max(_LEAST_CONTRAST, _LEAST_SIGMAS * noise)
    strong = contrast[contrast > least]
    if strong.size < 4:
        raise InputError(
            'sketch', 'an empty page', 'a drawing that stands out of its paper', _DRAW
        )
    # Half of the level of full strokes: thereby blurred edges leave the width of a stroke as is.
    full = float(np.quantile(strong, 0.75))
    threshold = max(least, 0.5 * full)
    mask = (contrast > threshold).astype(np.uint8)
    if float(mask.mean()) > _MOST_INK:
        raise InputError(
            'sketch', f'{100 * float(mask.mean()):.0f} % ink', 'lines on mostly empty paper', _DRAW
        )
    stroke = stroke_width(mask)
    mask = _without_specks(mask, stroke)
    if not mask.any():
        raise InputError('sketch', 'only specks', 'a drawing of strokes', _DRAW)
    soft = np.clip(contrast * np.float32(0.5 / threshold), 0.0, 1.0)
    # Beside what was kept the soft edges stay; of specks and paper nothing does.
    near = cv2.dilate(mask, np.ones((3, 3), np.uint8))
    return Ink(np.where(near > 0, soft, np.float32(0.0)).astype(np.float32), mask, stroke)


def stroke_width(mask: NDArray[np.uint8]) -> float:
    """Typical width in pixels of the strokes of a mask (1 = ink): median along the middle lines.

    Half the width is the distance to the next paper there, so small dots and large filled areas
    count only as much as they are long.
    """
    framed = cv2.copyMakeBorder(mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_5)
    crest = (distance >= cv2.dilate(distance, np.ones((3, 3), np.uint8))) & (framed > 0)
    # To the centre of the next paper pixel: half a pixel more than to the edge of the ink; and
    # the middle of a stroke of even width lies between two pixels.
    return max(2.0 * float(np.median(distance[crest])) - 0.5, 1.0)


def _light(grey: NDArray[np.uint8]) -> tuple[NDArray[np.float32], bool]:
    """How light falls on the page, and whether the ink is lighter than its paper.

    A plane is fitted to the edge of the page, without what lies far off it (strokes that reach
    it); what deviates from the plane follows as a local median, whichever polarity the ink has.

    Returns:
        float32 (H, W), level of the paper at each pixel; and the polarity.
    """
    rows, columns = grey.shape
    scale = min(_PAPER_SIDE / max(rows, columns), 1.0)
    small = resize(grey, max(round(rows * scale), 1), max(round(columns * scale), 1))
    plane = _edge_plane(small)
    above = small - plane
    # Cubed, the few pixels of ink outweigh the many of paper, whatever its noise.
    light_on_dark = float((above * above * above).sum(dtype=np.float64)) > 0.0
    shifted = np.clip(above + _MID, 0.0, 255.0).astype(np.uint8)
    median = cv2.medianBlur(shifted, _PAPER_WINDOW).astype(np.float32) - np.float32(_MID)
    level = cv2.blur(median, (9, 9), borderType=cv2.BORDER_REPLICATE) + plane
    if light_on_dark:
        level = np.minimum(level, 255.0 - _PAPER_FLOOR * (255.0 - plane))
    else:
        level = np.maximum(level, _PAPER_FLOOR * plane)
    return np.asarray(resize(np.asarray(level, np.float32), rows, columns)), light_on_dark


def _edge_plane(small: NDArray[np.uint8]) -> NDArray[np.float32]:
    rows, columns = small.shape
    y, x = np.mgrid[:rows, :columns].astype(np.float64)
    terms = np.stack([np.ones_like(x), x / columns, y / rows], axis=-1)
    edge = np.ones((rows, columns), bool)
    edge[_EDGE:-_EDGE, _EDGE:-_EDGE] = False
    design, levels = terms[edge], small[edge].astype(np.float64)
    plane = np.array([np.median(levels), 0.0, 0.0])
    for _ in range(3):
        off = np.abs(design @ plane - levels)
        near = off <= max(2.0 * float(np.median(off)), 8.0)
        plane = np.linalg.lstsq(design[near], levels[near], rcond=None)[0]
    return np.asarray((terms @ plane).astype(np.float32))


def _without_specks(mask: NDArray[np.uint8], stroke: float) -> NDArray[np.uint8]:
    """Leave out what no pen of this width can have drawn."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    keep = (stats[:, cv2.CC_STAT_AREA] >= max(4.0, 0.4 * stroke * stroke)).astype(np.uint8)
    keep[0] = 0
    return np.asarray(keep[labels]) if count > 1 else mask
