# SPDX-License-Identifier: Apache-2.0
"""Pictures in files, of a visible and of an infrared camera."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.senses.compressed_frame import decode_compressed, decode_stored
from xsense_ros.senses.infrared import infrared_values, require_visible
from xsense_ros.senses.levels import to_8_bit

_TIFF = (b'II*\0', b'MM\0*')
_COUNTS = {np.dtype(np.uint16): 'mono16', np.dtype(np.float32): '32FC1'}


def file_bytes(path: Path) -> bytes:
    """Content of a file; InputError where it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        expected = f'a file that can be read ({error.strerror})'
        raise InputError('file', str(path), expected, 'correct the path') from error


def read_visible(path: Path) -> NDArray[np.uint8]:
    """A PNG, JPEG or TIFF file as RGB uint8 (H, W, 3).

    Raises:
        InputError: it cannot be read, is cut off or damaged, or holds one channel of more than 8
            bit, which a thermal or depth camera has counted.
    """
    data = file_bytes(path)
    pixels = _stored(data, path)
    if pixels.ndim == 2 and pixels.dtype != np.uint8:
        require_visible(_COUNTS[pixels.dtype])
    if not data.startswith(_TIFF):
        return decode_compressed(data, path.suffix)
    if pixels.dtype == np.uint16:
        pixels = to_8_bit(pixels)
    if pixels.ndim == 2:
        return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)
    return np.ascontiguousarray(pixels[..., 2::-1])


def read_infrared(path: Path, palette: str = '') -> NDArray[Any]:
    """A PNG, JPEG or TIFF file as one value a pixel, uint8, uint16 or float32 (H, W).

    Args:
        path: of the file.
        palette: of false colours, see `infrared.infrared_values`; '' for none.

    Raises:
        InputError: it cannot be read, is cut off or damaged, or is what `infrared_values` refuses.
    """
    stored = _stored(file_bytes(path), path)
    return infrared_values(stored if stored.ndim == 2 else stored[..., 2::-1], palette)


def _stored(data: bytes, path: Path) -> NDArray[Any]:
    """Grey, BGR or BGRA, uint8 or uint16; grey float32."""
    if not data.startswith(_TIFF):
        return decode_stored(data, path.suffix)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    if pixels is not None and pixels.dtype == np.float64:
        pixels = pixels.astype(np.float32)
    good = pixels is not None and pixels.dtype in (np.uint8, np.uint16, np.float32)
    if pixels is None or not good or (pixels.ndim == 3 and pixels.dtype == np.float32):
        found = 'damaged' if pixels is None else f'{pixels.dtype} {pixels.shape}'
        raise InputError(
            'TIFF file', f'{path}: {found}', 'colour of 8 or 16 bit, or one channel of numbers',
            'convert it, for example to a PNG of 16 bit',
        )  # fmt: skip
    return np.asarray(pixels)
