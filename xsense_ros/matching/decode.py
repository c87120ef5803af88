# SPDX-License-Identifier: Apache-2.0
"""What a search network says of the cells of its grid -> one box with a score.

Cells are counted row by row. Every cell gives two logits (something of the template here, nothing)
and a box (middle x, middle y, width, height) in shares of the crop, as in "Transformer Tracking"
(Chen et al., CVPR 2021).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, around


@dataclass(frozen=True)
class Found:
    """Best box of a crop: box (4,) in its pixels; score: the cell's share of 'here', 0 to 1."""

    box: Floats
    score: float


@lru_cache(maxsize=8)
def hanning(cells: int) -> Floats:
    """(cells * cells,) outer product of two Hanning windows: 0 at the edge, 1 in the middle."""
    line = np.hanning(cells)
    window = np.outer(line, line).ravel()
    window.setflags(write=False)  # it is shared by all who ask
    return np.asarray(window)


def best_box(
    logits: NDArray[np.floating], boxes: NDArray[np.floating], size: int, prior: float = 0.0
) -> Found:
    """The box of the best cell.

    Args:
        logits: (N, 2), 'here' first.
        boxes: (N, 4) middle and sides in shares of the crop.
        size: pixels of the crop along each axis.
        prior: share w of the Hanning window in (1 - w) score + w window, which prefers the middle
            of the crop; 0.49 in the original, right only where the middle is a prediction. The
            score returned is without it.

    Raises:
        InputError: the cells do not form a square grid, or a number is not finite.
    """
    cells = math.isqrt(len(logits))
    if logits.shape != (cells * cells, 2) or boxes.shape != (cells * cells, 4) or not cells:
        raise InputError(
            'cells', (logits.shape, boxes.shape), '(N, 2) and (N, 4), N a square',
            'use the outputs of one search',
        )  # fmt: skip
    if not (np.isfinite(logits).all() and np.isfinite(boxes).all()):
        raise InputError('cells', 'not finite', 'finite numbers', 'look at the frame that went in')
    margin = logits[:, 1].astype(np.float64) - logits[:, 0]
    score = 1 / (1 + np.exp(np.clip(margin, -60, 60)))  # softmax of two
    best = int(np.argmax((1 - prior) * score + prior * hanning(cells) if prior else score))
    share = np.asarray(boxes[best], dtype=np.float64) * size
    return Found(around(share[:2], np.maximum(share[2:], 1.0)), float(score[best]))
