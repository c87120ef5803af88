# SPDX-License-Identifier: Apache-2.0
"""Thermal pictures in false colours back to one value a pixel.

Many thermal cameras send a picture for people, in a palette; the order of its colours is all that
is known of the temperatures. Every colour gets the number of the nearest one of the palette.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError

_MAPS = {
    'hot': cv2.COLORMAP_HOT,
    'inferno': cv2.COLORMAP_INFERNO,
    'ironbow': cv2.COLORMAP_INFERNO,  # black, violet, orange, yellow: its name on cameras
    'jet': cv2.COLORMAP_JET,
    'magma': cv2.COLORMAP_MAGMA,
    'plasma': cv2.COLORMAP_PLASMA,
    'rainbow': cv2.COLORMAP_RAINBOW,
    'turbo': cv2.COLORMAP_TURBO,
    'viridis': cv2.COLORMAP_VIRIDIS,
}
PALETTES = tuple(_MAPS)
_BITS = 5  # of each channel that the table of nearest colours tells apart: 60 ms to make it
_PIXELS = 20_000  # about as many are looked at to see whether a picture is in the palette at all
_FAR = 40.0  # levels from its nearest colour that a JPEG of the palette does not reach on average
_PART = 1 << 13


def values_in(rgb: NDArray[np.uint8], palette: str) -> NDArray[np.uint8]:
    """A picture in false colours -> the number of the nearest colour of its palette.

    Args:
        rgb: uint8 (H, W, 3).
        palette: one of PALETTES.

    Returns:
        uint8 (H, W), 0 the first colour of the palette.

    Raises:
        InputError: unknown palette, or a picture in other colours.
    """
    if palette not in _MAPS:
        raise InputError(
            'palette', palette, f'one of {list(PALETTES)}', 'correct the name of the palette'
        )
    numbers, distances = _table(palette)
    keys = _keys(rgb)
    step = max(1, int(np.sqrt(keys.size / _PIXELS)))
    off = float(distances[keys[::step, ::step]].mean())
    if off > _FAR:
        raise InputError(
            f'colours of a picture in the palette {palette!r}', f'{off:.0f} levels away from it',
            f'at most {_FAR:.0f} on average',
            f'name the palette that the camera uses, of {list(PALETTES)}, or set the camera to '
            'grey; a visible frame is the other input',
        )  # fmt: skip
    return numbers[keys]


def prepare(palette: str) -> None:
    """Make the table of a palette now, half a second that the first picture then does not take."""
    _table(palette)


def _keys(rgb: NDArray[np.uint8]) -> NDArray[np.int32]:
    """(H, W, 3) -> (H, W): the high bits of its channels in a row."""
    keys = np.zeros(rgb.shape[:2], np.int32)
    for channel in range(3):
        keys <<= _BITS
        keys |= rgb[..., channel] >> (8 - _BITS)
    return keys


@lru_cache(maxsize=4)
def _table(palette: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Nearest colour of the palette, and the distance to it, of every key."""
    line = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, None], _MAPS[palette])
    colours = np.asarray(line)[:, 0, ::-1].astype(np.float32)  # OpenCV's are BGR
    level = np.arange(1 << _BITS, dtype=np.float32) * (1 << (8 - _BITS)) + (1 << (7 - _BITS))
    grid = np.stack(np.meshgrid(level, level, level, indexing='ij'), axis=-1).reshape(-1, 3)
    numbers = np.empty(len(grid), np.uint8)
    distances = np.empty(len(grid), np.uint8)
    for start in range(0, len(grid), _PART):  # all at once would take 34 MB
        part = slice(start, start + _PART)
        apart = (colours**2).sum(axis=1) - 2 * grid[part] @ colours.T
        nearest = apart.argmin(axis=1)
        numbers[part] = nearest
        away = np.linalg.norm(grid[part] - colours[nearest], axis=1)
        distances[part] = np.minimum(away, 255)
    return numbers, distances
