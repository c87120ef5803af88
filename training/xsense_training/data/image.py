# SPDX-License-Identifier: Apache-2.0
"""Reads the picture of a concept as RGB."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from xsense_ros.errors import InputError

WHITE = (255, 255, 255)


def load_rgba(path: Path) -> NDArray[np.uint8]:
    """Pixels and opacity.

    Returns:
        uint8 (H, W, 4), colour not multiplied by alpha.

    Raises:
        InputError: the file is missing or is not an image.
    """
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert('RGBA'))
    except (OSError, UnidentifiedImageError) as error:
        raise InputError(
            'image file', str(path), 'a readable PNG, JPEG or WebP', 'xsense-train data check all'
        ) from error


def composite(
    rgba: NDArray[np.uint8], background: tuple[int, int, int] | NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Lays a picture over a background.

    Args:
        rgba: uint8 (H, W, 4).
        background: one RGB colour, or an RGB picture uint8 (H, W, 3).

    Returns:
        uint8 (H, W, 3), rounded to nearest.
    """
    alpha = rgba[..., 3:].astype(np.float32) / 255.0
    below = np.asarray(background, dtype=np.float32)
    mixed = rgba[..., :3].astype(np.float32) * alpha + below * (1.0 - alpha)
    return cast('NDArray[np.uint8]', np.rint(mixed).astype(np.uint8))


def load_image(path: Path, background: tuple[int, int, int] | None = None) -> NDArray[np.uint8]:
    """The picture without transparency.

    Args:
        path: raster file, as in Concept.images.
        background: RGB colour 0 to 255 under the transparent parts; None means white.

    Returns:
        RGB uint8 (H, W, 3).

    Raises:
        InputError: the file is missing or is not an image, or the colour is not one.
    """
    colour = WHITE if background is None else background
    if len(colour) != 3 or not all(0 <= value <= 255 for value in colour):
        raise InputError('background', background, 'three values 0 to 255', 'give an RGB colour')
    rgba = load_rgba(path)
    if rgba[..., 3].min() == 255:  # nothing shows through: camera frames need not be mixed
        return np.ascontiguousarray(rgba[..., :3])
    return composite(rgba, colour)
