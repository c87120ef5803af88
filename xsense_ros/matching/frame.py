# SPDX-License-Identifier: Apache-2.0
"""One frame that is searched: cut and preprocessed once, however many templates ask."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.matching.geometry import Crop
from xsense_ros.senses.infrared import require_contrast
from xsense_ros.senses.matcher_input import SearchInput
from xsense_ros.senses.scratch import Scratch

# What lies outside the frame gets its mean; every 8th pixel along each axis tells it well enough.
_GRID = 8
# A search everywhere looks at five crops a frame; each of 192 pixels takes 0.6 MB at most.
_KEPT_CROPS = 64


class CropMemory:
    """What the frames of one stream, searched one after the other, keep their tensors in.

    It grows to as many crops as a frame was searched in, up to `_KEPT_CROPS`; then the memory of
    the oldest is used again.
    """

    def __init__(self) -> None:
        self._kept: list[Scratch] = []

    def of(self, number: int) -> Scratch:
        """Memory of the crop of a frame, counted from 0."""
        place = number % _KEPT_CROPS
        if place == len(self._kept):
            self._kept.append(Scratch())
        return self._kept[place]


class SearchFrame:
    """Values of one frame, and the tensors of the crops that were asked for.

    Args:
        values: (H, W) uint8, uint16 or float32; read, never changed or copied.
        prepare: preprocessing of the matcher that will search it.
        memory: of the tensors, which hold until it is given to the next frame, or until
            `_KEPT_CROPS` other crops were asked for; None allocates.

    Raises:
        InputError: another dtype or shape.

    Attributes:
        values: as given.
        size: columns, rows.
    """

    def __init__(
        self, values: NDArray[Any], prepare: SearchInput, memory: CropMemory | None = None
    ) -> None:
        kinds = (np.uint8, np.uint16, np.float32)
        if not isinstance(values, np.ndarray) or values.dtype not in kinds or values.ndim != 2:
            raise InputError(
                'infrared frame', _kind(values), 'one channel (H, W) of uint8, uint16 or float32',
                'decode it with xsense_ros.senses.infrared; a visible frame is the other argument',
            )  # fmt: skip
        self.values = values
        self.size = (values.shape[1], values.shape[0])
        self._prepare = prepare
        self._memory = CropMemory() if memory is None else memory
        self._tensors: dict[Crop, dict[str, NDArray[Any]]] = {}  # the oldest first
        self._made = 0
        self._mean: float | None = None

    def tensor(self, crop: Crop) -> dict[str, NDArray[Any]]:
        """The crop as the search model takes it.

        Raises:
            InputError: it has no contrast, or too few of its values are finite.
        """
        found = self._tensors.get(crop)
        if found is None:
            border = 0.0 if self._inside(crop) else self._border()
            if len(self._tensors) == _KEPT_CROPS:
                del self._tensors[next(iter(self._tensors))]
            scratch = self._memory.of(self._made)
            cut = crop.cut(self.values, border, scratch)
            found = self._tensors[crop] = self._prepare(cut, scratch)
            self._made += 1
        return found

    def require_contrast(self) -> None:
        """InputError if there is nothing to be seen anywhere in the frame."""
        require_contrast(self.values)

    def _inside(self, crop: Crop) -> bool:
        reach = crop.side / 2 * (1 if crop.angle == 0 else 2**0.5)
        return all(
            reach <= middle <= length - reach
            for middle, length in zip(crop.centre, self.size, strict=True)
        )

    def _border(self) -> float:
        if self._mean is None:
            grid = self.values[::_GRID, ::_GRID]
            good = grid[np.isfinite(grid)]
            self._mean = float(good.mean(dtype=np.float64)) if good.size else 0.0
        return self._mean


def _kind(values: object) -> str:
    if isinstance(values, np.ndarray):
        return f'{values.dtype} {values.shape}'
    return type(values).__name__
