# SPDX-License-Identifier: Apache-2.0
"""A picture of two sensors, pixel on pixel: what matchers are trained and judged on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class RegisteredPair:
    """visible: RGB uint8 (H, W, 3); infrared: uint8 (H, W), of any other sensor; name: for people.

    A point of one lies at the same pixel of the other, up to what the targets of its set say.
    """

    name: str
    visible: Pixels
    infrared: Pixels

    @property
    def size(self) -> tuple[int, int]:
        """Columns, rows."""
        return self.visible.shape[1], self.visible.shape[0]


Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Target:
    """Something to find.

    pair: its number in the set; box: left, top, width, height in pixels of the visible image;
    label: what it is; moved: the box in the other image, None where it is the same.
    """

    pair: int
    box: Box
    label: str = ''
    moved: Box | None = None

    @property
    def there(self) -> Box:
        """The box in the other sensor's image."""
        return self.box if self.moved is None else self.moved


@dataclass(frozen=True)
class PairSet:
    """A set of registered pairs with targets.

    Attributes:
        dataset: name.
        names: of the pairs, unique.
        load: number -> pair; reads a file or gives what is in memory.
        targets: what may be a template, in any order.
        sequence: pair's name -> the drive, walk or region it is of; pairs of one sequence are
            never on both sides of a split.
    """

    dataset: str
    names: tuple[str, ...]
    load: Callable[[int], RegisteredPair]
    targets: tuple[Target, ...]
    sequence: dict[str, str]

    def of(self, names: set[str]) -> tuple[Target, ...]:
        """Targets in the named pairs."""
        return tuple(t for t in self.targets if self.names[t.pair] in names)


def grey(image: Pixels) -> NDArray[np.float32]:
    """RGB or grey uint8 -> float32 (H, W), ITU-R BT.601 weights."""
    if image.ndim == 2:
        return image.astype(np.float32)
    return np.asarray(image @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)
