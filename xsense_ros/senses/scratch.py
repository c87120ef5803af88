# SPDX-License-Identifier: Apache-2.0
"""Memory that is filled anew for every frame, instead of being allocated for it."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Scratch(threading.local):
    """Arrays by name, kept from one frame to the next.

    Whoever passes one to a preprocessing allows it to use the same memory each time: the result
    holds only until the same thread passes it again. Threads may share one, since each of them has
    arrays of its own.
    """

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """An array of any contents, in the memory of last time where that is large enough."""
        found = self._arrays.get(name)
        if found is not None and found.shape == shape and found.dtype == dtype:
            return found
        count = math.prod(shape)
        room = None if found is None else found.base
        if room is None or room.dtype != dtype or room.size < count:
            room = np.empty(count, dtype)
        found = self._arrays[name] = room[:count].reshape(shape)
        return found
