# SPDX-License-Identifier: Apache-2.0
"""Frames of thermal, near-infrared and depth-like cameras to one value a pixel.

Raw counts stay raw counts: what a matcher needs of them it stretches itself, crop by crop, and a
gain applied before would only clip. Which frames cannot be what they are said to be is told here.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.camera import SINGLE_CHANNEL, decode_image, decode_values
from xsense_ros.senses.compressed_frame import decode_stored
from xsense_ros.senses.levels import is_flat, robust_range, to_8_bit
from xsense_ros.senses.palette import PALETTES, values_in
from xsense_ros.senses.raw import RawData

__all__ = [
    'PALETTES',
    'celsius',
    'decode_infrared',
    'decode_infrared_compressed',
    'infrared_values',
    'require_contrast',
    'require_visible',
    'same_frame',
]

# What a camera for visible light does not send. Grey pictures ('mono8') can be of either.
_RAW_COUNTS = ('mono16', '16UC1', '32FC1')
_GRID_PIXELS = 20_000  # about as many pixels of a frame are looked at to judge it
_COLOURFUL = 12.0  # levels between channels that a JPEG of a grey picture stays far below


def decode_infrared(
    data: RawData,
    *,
    height: int,
    width: int,
    encoding: str,
    step: int,
    is_bigendian: bool = False,
    palette: str = '',
) -> NDArray[Any]:
    """Convert a raw frame to one value a pixel.

    Args:
        data: see `camera.decode_image`, as are height, width, step and is_bigendian.
        height: rows.
        width: columns.
        encoding: 'mono8', 'mono16', '16UC1', '32FC1': the values as they are; one of colour: a
            grey picture, or one in false colours.
        step: bytes of a row.
        is_bigendian: byte order of values wider than 8 bit.
        palette: of false colours, one of PALETTES; '' for none.

    Returns:
        uint8, uint16 or float32 (height, width), possibly a read-only view of ``data``.

    Raises:
        InputError: what `camera.decode_image` and `infrared_values` refuse.
    """
    if encoding in SINGLE_CHANNEL:
        pixels = decode_values(
            data,
            height=height,
            width=width,
            encoding=encoding,
            step=step,
            is_bigendian=is_bigendian,
        )
    else:
        pixels = decode_image(
            data,
            height=height,
            width=width,
            encoding=encoding,
            step=step,
            is_bigendian=is_bigendian,
        )
    return infrared_values(pixels, palette)


def decode_infrared_compressed(data: RawData, format: str, palette: str = '') -> NDArray[Any]:
    """Decode a CompressedImage to one value a pixel; a PNG of 16 bit keeps them.

    Args:
        data: the bytes of the message or of a file: JPEG, PNG or compressedDepth with PNG.
        format: the field of that name, see `compressed_frame.decode_compressed`.
        palette: of false colours, one of PALETTES; '' for none.

    Returns:
        uint8, uint16 or float32 (H, W)

    Raises:
        InputError: what `compressed_frame.decode_compressed` and `infrared_values` refuse.
    """
    stored = decode_stored(data, format)
    return infrared_values(stored if stored.ndim == 2 else stored[..., 2::-1], palette)


def infrared_values(pixels: NDArray[Any], palette: str = '') -> NDArray[Any]:
    """Decoded pixels to one value each.

    Args:
        pixels: (H, W) of one value, or RGB (H, W, 3) of uint8 or uint16.
        palette: of false colours, one of PALETTES; '' for none.

    Returns:
        (H, W) of one value; without a palette that of any channel, since they are equal.

    Raises:
        InputError: a palette for a frame without colours; a colourful frame without a palette,
            which may well be the visible one; a frame in other colours than its palette's.
    """
    if pixels.ndim == 2:
        if palette:
            raise InputError(
                'infrared palette', palette, "'' for frames with one value a pixel",
                'clear the palette, or set the camera to the picture in colours',
            )  # fmt: skip
        return pixels
    if palette:
        rgb = to_8_bit(np.ascontiguousarray(pixels)) if pixels.dtype == np.uint16 else pixels
        return values_in(rgb, palette)
    full = 1.0 if pixels.dtype == np.uint8 else 257.0
    seen = _on_grid(pixels).astype(np.float32)
    apart = float((seen.max(axis=2) - seen.min(axis=2)).mean()) / full
    if apart > _COLOURFUL:
        raise InputError(
            'colours of the infrared frame', f'{apart:.0f} levels between channels',
            'one channel, or three equal ones',
            'if the visible and the infrared topic are swapped, swap them; if the camera sends '
            f'false colours, name their palette, one of {list(PALETTES)}',
        )  # fmt: skip
    return np.ascontiguousarray(pixels[..., 1])


def require_visible(encoding: str) -> None:
    """InputError for an encoding that only thermal and depth cameras use."""
    if encoding in _RAW_COUNTS:
        raise InputError(
            'encoding of the visible frame', encoding, 'a picture, such as rgb8 or mono8',
            'raw counts are of a thermal or depth camera: if the visible and the infrared topic '
            'are swapped, swap them',
        )  # fmt: skip


def require_contrast(values: NDArray[Any]) -> None:
    """InputError for a frame (H, W) in which there is nothing to be seen anywhere."""
    seen = _on_grid(values)
    finite = seen[np.isfinite(seen)]
    if 2 * finite.size < seen.size:
        raise InputError(
            'infrared frame', f'{1 - finite.size / seen.size:.0%} of it not finite',
            'numbers', 'check the camera driver',
        )  # fmt: skip
    low, high = robust_range(finite)
    if is_flat(low, high):
        raise InputError(
            'infrared frame', f'all about {low:g}', 'a scene with contrast',
            'check the lens cap, the shutter and the range of the camera',
        )  # fmt: skip


def celsius(values: NDArray[Any], scale: float, offset: float) -> NDArray[np.float32]:
    """Raw counts to degrees Celsius: scale * value + offset, float32 of the same shape."""
    return np.asarray(values.astype(np.float32) * np.float32(scale) + np.float32(offset))


def same_frame(one: NDArray[Any] | None, other: NDArray[Any]) -> bool:
    """Whether a frame repeats the one before, as a thermal camera does while its shutter closes.

    Two frames of a live sensor are never equal, since their noise differs.
    """
    if one is None or one.shape != other.shape or one.dtype != other.dtype:
        return False
    # The first rows settle it for nearly every frame.
    if one[:2].tobytes() != other[:2].tobytes():
        return False
    return one.tobytes() == other.tobytes()


def _on_grid(pixels: NDArray[Any]) -> NDArray[Any]:
    step = max(1, int(np.sqrt(pixels.shape[0] * pixels.shape[1] / _GRID_PIXELS)))
    return pixels[::step, ::step]
