# SPDX-License-Identifier: Apache-2.0
"""Centre lines of drawn strokes: the two-pass parallel thinning of Guo and Hall.

Z. Guo, R. W. Hall, "Parallel thinning with two-subiteration algorithms", CACM 32 (3), 1989,
algorithm A1. OpenCV has it only in its contributed modules, which the standard wheels leave out.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

# The eight neighbours of a pixel as bits of one number, clockwise from the one above.
_BITS = np.array([[128, 1, 2], [64, 0, 4], [32, 16, 8]], np.float32)


def thin(ink: NDArray[np.uint8], passes: int) -> NDArray[np.uint8]:
    """Peel ink from both sides until lines are one pixel wide, keeping what is connected so.

    Args:
        ink: uint8 (H, W), 1 where there is ink and 0 elsewhere. Ink at the border of the picture
            is peeled as if there were none beyond.
        passes: peels at most; a stroke of W pixels needs about W / 2. What is wider than that
            stays a blob.

    Returns:
        uint8 (H, W), 1 on the lines and in what is left of blobs.
    """
    ink = ink.copy()
    for _ in range(passes):
        peeled = 0
        for keep in _KEEP:
            code = cv2.filter2D(ink, cv2.CV_8U, _BITS, borderType=cv2.BORDER_CONSTANT)
            kept = cv2.bitwise_and(ink, cv2.LUT(code, keep))
            peeled += cv2.countNonZero(ink) - cv2.countNonZero(kept)
            ink = np.asarray(kept, np.uint8)
        if peeled == 0:
            break
    return ink


def _keep_table(second: bool) -> NDArray[np.uint8]:
    """For each of the 256 neighbourhoods 1 where the pixel stays in this half of a pass."""
    codes = np.arange(256)
    n, ne, e, se, s, sw, w, nw = (((codes >> bit) & 1).astype(bool) for bit in range(8))
    crossings = (~n & (ne | e)).astype(int) + (~e & (se | s)) + (~s & (sw | w)) + (~w & (nw | n))
    pairs_one = (nw | n).astype(int) + (ne | e) + (se | s) + (sw | w)
    pairs_two = (n | ne).astype(int) + (e | se) + (s | sw) + (w | nw)
    pairs = np.minimum(pairs_one, pairs_two)
    facing = (n | ne | ~se) & e if second else (s | sw | ~nw) & w
    remove = (crossings == 1) & (pairs >= 2) & (pairs <= 3) & ~facing
    return np.asarray((~remove).astype(np.uint8))


_KEEP = (_keep_table(second=False), _keep_table(second=True))
