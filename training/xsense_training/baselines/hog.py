# SPDX-License-Identifier: Apache-2.0
"""Histograms of oriented gradients of what is drawn: the bar for line art against pictures.

Dalal and Triggs 2005 (scikit-image's implementation) on the box of the ink. Nothing is learned:
where a line of the drawing runs, an edge of the picture runs too. The box is what makes it strong,
since two drawings of a thing differ first of all in size and place.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.feature import hog

from xsense_ros.errors import InputError

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class HogSettings:
    """How a picture is described.

    size: side of the square that the ink box is brought to, in pixels; orientations: bins over
    180 degrees; cell: side of a histogram's cell, in pixels; block: cells per side that are
    normalised together; margin: around the box, as a share of its longer side; contrast: 0 to
    255, difference from the border colour in any channel from which a pixel is ink; blur: standard
    deviation of a Gaussian before the gradients, in pixels of the square.
    """

    size: int = 128
    orientations: int = 9
    cell: int = 16
    block: int = 2
    margin: float = 0.05
    contrast: int = 24
    blur: float = 1.0


def ink_box(picture: Picture, contrast: int = 24) -> tuple[int, int, int, int]:
    """Rows and columns (top, bottom, left, right) of what differs from the border, end excluded.

    Serves line art and colour pictures alike: the background is the median colour of the outermost
    pixels, whatever it is. A picture of one colour is a box of its own.

    Args:
        picture: RGB uint8 (H, W, 3).
        contrast: difference in any channel that counts.

    Raises:
        InputError: not such an array.
    """
    away = np.abs(picture.astype(np.int16) - background(picture)).max(axis=2) >= contrast
    rows, columns = np.flatnonzero(away.any(axis=1)), np.flatnonzero(away.any(axis=0))
    if not len(rows):
        return 0, picture.shape[0], 0, picture.shape[1]
    return int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1


def background(picture: Picture) -> NDArray[np.int16]:
    """Median RGB colour (3,) of the outermost pixels of uint8 (H, W, 3).

    Raises:
        InputError: not such an array.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise InputError(
            'picture',
            f'{picture.dtype} {picture.shape}',
            'RGB uint8 (H, W, 3)',
            'lay transparent pictures over white first (data.image.composite)',
        )
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    return np.asarray(np.median(border, axis=0)).astype(np.int16)


def ink_square(picture: Picture, settings: HogSettings) -> Picture:
    """RGB uint8 (H, W, 3) -> the ink box, centred in a square of `size` on the border's colour."""
    top, bottom, left, right = ink_box(picture, settings.contrast)
    height, width = bottom - top, right - left
    side = max(1, round(max(height, width) * (1 + 2 * settings.margin)))
    square = np.empty((side, side, 3), np.uint8)
    square[:] = background(picture).astype(np.uint8)
    y, x = (side - height) // 2, (side - width) // 2
    square[y : y + height, x : x + width] = picture[top:bottom, left:right]
    shrinks = side > settings.size
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    resized = cv2.resize(square, (settings.size, settings.size), interpolation=method)
    return np.asarray(resized, dtype=np.uint8)


def hog_vector(picture: Picture, settings: HogSettings | None = None) -> NDArray[np.float32]:
    """RGB uint8 (H, W, 3) -> unit vector (D,); a picture of one colour gives zeros.

    Raises:
        InputError: not a picture.
    """
    chosen = settings or HogSettings()
    grey = cv2.cvtColor(ink_square(picture, chosen), cv2.COLOR_RGB2GRAY)
    smooth = cv2.GaussianBlur(grey, (0, 0), chosen.blur) if chosen.blur else grey
    vector = hog(
        smooth.astype(np.float32) / 255,
        orientations=chosen.orientations,
        pixels_per_cell=(chosen.cell, chosen.cell),
        cells_per_block=(chosen.block, chosen.block),
        block_norm='L2-Hys',
    ).astype(np.float32)
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12))


def hog_vectors(
    pictures: Iterable[Picture], settings: HogSettings | None = None
) -> NDArray[np.float32]:
    """Unit rows (N, D) of pictures; their products are the cosines to rank by."""
    return np.stack([hog_vector(picture, settings) for picture in pictures])
