# SPDX-License-Identifier: Apache-2.0
"""A plain picture to draw figures on, by OpenCV: a robot has no plotting library."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError

Picture = NDArray[np.uint8]
Colour = tuple[int, int, int]
GROUND: Colour = (255, 255, 255)
INK: Colour = (40, 44, 52)
FAINT: Colour = (214, 218, 224)
# Told apart by the colour-blind (Okabe and Ito 2008), but for its yellow, which white swallows.
COLOURS: tuple[Colour, ...] = (
    (0, 114, 178), (213, 94, 0), (0, 158, 115), (204, 121, 167),
    (230, 159, 0), (86, 180, 233), (110, 110, 110),
)  # fmt: skip
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class Canvas:
    """RGB pixels; places are (x, y) from the upper left.

    Attributes:
        pixels: uint8 (H, W, 3).
    """

    def __init__(self, width: int, height: int) -> None:
        self.pixels: Picture = np.full((height, width, 3), GROUND, np.uint8)

    def line(self, points: NDArray[np.floating], colour: Colour, thick: int = 1) -> None:
        """A line through points (N, 2)."""
        places = np.rint(points).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(self.pixels, [places], False, colour, thick, cv2.LINE_AA)

    def dot(self, x: float, y: float, colour: Colour, radius: int = 5) -> None:
        """A filled circle with a white rim."""
        centre = (round(x), round(y))
        cv2.circle(self.pixels, centre, radius + 1, GROUND, -1, cv2.LINE_AA)
        cv2.circle(self.pixels, centre, radius, colour, -1, cv2.LINE_AA)

    def text(
        self, words: str, x: float, y: float, size: float = 0.45, colour: Colour = INK
    ) -> None:
        """Words whose baseline begins at (x, y)."""
        # The only letters that OpenCV can draw are those of ASCII.
        shown = words.encode('ascii', 'replace').decode()
        cv2.putText(self.pixels, shown, (round(x), round(y)), _FONT, size, colour, 1, cv2.LINE_AA)

    def paste(self, picture: Picture, x: float, y: float, rim: Colour) -> None:
        """A picture centred at (x, y) with a rim, as far as it lies within."""
        height, width = picture.shape[:2]
        left, top = round(x - width / 2), round(y - height / 2)
        if left < 1 or top < 1:
            return
        part = self.pixels[top : top + height, left : left + width]
        if part.shape != picture.shape:
            return
        part[:] = picture
        corner = (left + width, top + height)
        cv2.rectangle(self.pixels, (left - 1, top - 1), corner, rim, 1)

    def save(self, path: Path) -> None:
        """Write a PNG file; InputError where it cannot be written."""
        done, data = cv2.imencode('.png', cv2.cvtColor(self.pixels, cv2.COLOR_RGB2BGR))
        assert done  # a picture of this kind always can be
        try:
            path.write_bytes(data.tobytes())
        except OSError as error:
            expected = f'a file that can be written ({error.strerror})'
            raise InputError('picture file', str(path), expected, 'correct the path') from error
