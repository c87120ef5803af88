# SPDX-License-Identifier: Apache-2.0
"""What is looked for: a box in a visible picture, cut and encoded once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, require_inside
from xsense_ros.matching.geometry import Crop, square_around
from xsense_ros.matching.matcher import Kept, Matcher

BORDER = 128.0  # of a template that reaches out of the frame, as in training


@dataclass(frozen=True)
class Template:
    """A thing to look for.

    name: that its user knows it by; box: (4,) in the visible picture; square: the part of it that
    was encoded; pixels: RGB uint8 (T, T, 3), that part; kept: of the matcher; frame_size: columns,
    rows of the picture; placed: whether the picture is a frame of the visible camera, so that the
    box tells where the thing is and how large.
    """

    name: str
    box: Floats
    square: Crop
    pixels: NDArray[np.uint8]
    kept: Kept
    frame_size: tuple[int, int]
    placed: bool = True


def cut_template(
    matcher: Matcher,
    image: NDArray[Any],
    box: ArrayLike | None = None,
    name: str = '',
    *,
    placed: bool = True,
) -> Template:
    """Cut a template out of a visible picture and encode it.

    The square around the box may reach out of the picture; the box itself may not.

    Args:
        matcher: that will look for it.
        image: RGB uint8 (H, W, 3).
        box: left, top, width, height in its pixels, pixel i covers [i, i + 1); None: all of it.
        name: for messages.
        placed: False for a picture that another camera took; the thing may then be anywhere in the
            infrared frame, and of any size.

    Raises:
        InputError: no picture in colour, a box outside of it or under 10 pixels, no contrast.
        EngineError: inference failed.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.shape[2:] != (3,):
        raise InputError(
            'visible picture',
            f'{getattr(image, "dtype", type(image).__name__)} {np.shape(image)}',
            'RGB uint8 (H, W, 3)',
            'give the visible picture here and the infrared one as the frame to search',
        )
    rows, columns = image.shape[:2]
    whole = (0, 0, columns, rows)
    inside = require_inside(whole if box is None else box, columns, rows)
    square = square_around(inside, matcher.template_size)
    pixels = square.cut(image, BORDER)
    return Template(name, inside, square, pixels, matcher.encode(pixels), (columns, rows), placed)
