# SPDX-License-Identifier: Apache-2.0
"""A search all over a frame: tiles of several scales, as many at a time as there is time for."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from xsense_ros.matching.boxes import Floats, suppress
from xsense_ros.matching.geometry import Crop, tiles

# Neighbours overlap by this many sides of the thing, so that it is whole in one of them even where
# it is larger than expected.
_WHOLE = 1.25
# What a matcher searches is wider than the thing, so that windows this close ask the same.
_SAME_THING = 0.3
# Sides of a thing of unknown size: from what fills half of the shorter side of the frame down, by
# the step over which a matcher still knows a thing.
_LARGEST, _STEP, _SIZES = 0.5, 1.6, 5
_SMALLEST = 12.0


@dataclass(frozen=True)
class Candidate:
    """A square (4,) of the frame that may be the thing, and the logit of its presence."""

    square: Floats
    presence: float


@dataclass
class Sweep:
    """One pass over a frame.

    waiting: tiles that were not searched yet, the next one first; total: of all; places: how many
    of them could hold different things, since neighbours show mostly the same.
    """

    waiting: list[Crop]
    total: int
    places: float
    candidates: list[Candidate] = field(default_factory=list)

    def take(self, count: int) -> list[Crop]:
        """The next tiles, all that are left where `count` is 0."""
        count = count or len(self.waiting)
        taken, self.waiting = self.waiting[:count], self.waiting[count:]
        return taken

    def best(self) -> Candidate | None:
        """Of what was found and not yet taken away, once things found twice count once."""
        if not self.candidates:
            return None
        presence = np.array([candidate.presence for candidate in self.candidates])
        squares = np.stack([candidate.square for candidate in self.candidates])
        self.candidates = [self.candidates[i] for i in suppress(squares, presence, _SAME_THING)]
        return self.candidates[0]

    def dismiss(self) -> None:
        """Take the best one away: it was looked at closely, and is something else."""
        del self.candidates[0]


def plan_sweep(
    size: tuple[int, int],
    sides: Sequence[float],
    window: float,
    crop_size: int,
    near: tuple[float, float],
    angle: float = 0.0,
) -> Sweep:
    """Tiles for a thing of about these sides.

    Args:
        size: columns, rows of the frame.
        sides: of the thing, in pixels of the frame, the likeliest first.
        window: times the side that a tile is wide.
        crop_size: pixels of every tile.
        near: point of the frame from which each size is searched outwards.
        angle: by which tiles are turned.
    """
    waiting: list[Crop] = []
    places = 0.0
    for side in sides:
        wide = side * window
        found = tiles(*size, wide, crop_size, min(_WHOLE * side, 0.9 * wide))
        found.sort(key=lambda crop: math.dist(crop.centre, near))
        waiting += [replace(crop, angle=angle) for crop in found]
        places += math.prod(max(length / wide, 1.0) for length in size)
    return Sweep(waiting, len(waiting), places)


def sides_of_any(size: tuple[int, int]) -> list[float]:
    """Sides of a thing of unknown size in a frame, in pixels, the largest first."""
    largest = _LARGEST * min(size)
    return [side for n in range(_SIZES) if (side := largest / _STEP**n) >= _SMALLEST or n == 0]
