# SPDX-License-Identifier: Apache-2.0
"""Memory that is filled anew for every frame, instead of being allocated for it."""

from __future__ import annotations

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
        """An array of any contents: the one of last time, if it had this shape and dtype."""
        found = self._arrays.get(name)
        if found is None or found.shape != shape or found.dtype != dtype:
            found = self._arrays[name] = np.empty(shape, dtype)
        return found
