# SPDX-License-Identifier: Apache-2.0
"""A view of raw message bytes as numpy, without a copy."""

from __future__ import annotations

import array
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError

# What a uint8[] field arrives as: array.array from rclpy, ndarray from a bag, bytes from a file.
RawData: TypeAlias = 'bytes | bytearray | memoryview | array.array[int] | NDArray[Any]'


def as_bytes(data: RawData) -> NDArray[np.uint8]:
    """View raw data as uint8 (N,); shares memory with ``data`` wherever that is contiguous.

    Raises:
        InputError: ``data`` is not a buffer of bytes.
    """
    try:
        if isinstance(data, np.ndarray):
            return np.ascontiguousarray(data).reshape(-1).view(np.uint8)
        if len(data) == 0:
            return np.empty(0, np.uint8)
        return np.frombuffer(data, np.uint8)
    except (TypeError, ValueError) as error:
        raise InputError(
            'raw data',
            type(data).__name__,
            'a buffer of bytes',
            'pass the data field of a message',
        ) from error
