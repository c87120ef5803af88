# SPDX-License-Identifier: Apache-2.0
"""What the things of a made scene lie on: land, clouds, patches, plates and blocks.

Every ground comes with the number of the surface at each pixel (0: one surface), so that surfaces
can have temperatures of their own.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.matching.geometry import Crop
from xsense_training.data.registered_pair import Pixels

Labels = NDArray[np.int64]
_TURNED = 0.5**0.5  # from the middle of a turned square to its farthest corner, of its side
_SHARES = {'land': 0.25, 'clouds': 0.05, 'patches': 0.2, 'plates': 0.25, 'blocks': 0.25}


def make_ground(land: Pixels, side: int, rng: np.random.Generator) -> tuple[Pixels, Labels]:
    """RGB uint8 (side, side, 3) and int64 (side, side), numbers of surfaces.

    Args:
        land: RGB uint8 (H, W, 3) that pieces are cut from.
        side: pixels.
        rng: the same state gives the same ground.
    """
    kind = rng.choice(list(_SHARES), p=list(_SHARES.values()))
    if kind == 'land':
        return _land(land, side, rng), np.zeros((side, side), np.int64)
    if kind == 'clouds':
        spread = rng.uniform(15, 70)
        return _to_8_bit(rng.uniform(60, 190, 3) + spread * _clouds(side, 3, rng)), np.zeros(
            (side, side), np.int64
        )
    labels = {'patches': _patches, 'plates': _plates, 'blocks': _blocks}[kind](side, rng)
    return _coloured(labels, rng), labels


def _land(land: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    """A piece at random size and angle, its channels in any order."""
    rows, columns = land.shape[:2]
    wide = side * float(np.exp(rng.uniform(np.log(0.4), np.log(1.6))))
    wide = min(wide, min(rows, columns) / (2 * _TURNED))
    reach = wide * _TURNED
    middle = (rng.uniform(reach, columns - reach), rng.uniform(reach, rows - reach))
    piece = Crop(middle, wide, side, rng.uniform(0, 360)).cut(land)
    return np.ascontiguousarray(piece[..., rng.permutation(3)])


def _clouds(side: int, channels: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(side, side, channels) of standard deviation about 1: slow changes are the largest."""
    grown: NDArray[np.float32] = np.zeros((1, 1, channels), np.float32)
    for cells in (3, 9, 27, 81):  # each finer than the one before, which is grown to it
        larger = cv2.resize(grown, (cells, cells), interpolation=cv2.INTER_CUBIC)
        grown = np.asarray(larger, np.float32).reshape(cells, cells, channels)
        grown += rng.standard_normal(grown.shape, np.float32) * np.float32(cells**-0.6)
    grown /= max(float(grown.std()), 1e-6)
    found = cv2.resize(grown, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.asarray(found.reshape(side, side, channels), np.float32)


def _patches(side: int, rng: np.random.Generator) -> Labels:
    """Levels of smooth clouds, as of camouflage or a map."""
    clouds = _clouds(side, 1, rng)[..., 0]
    soft = cv2.GaussianBlur(clouds, (0, 0), rng.uniform(1, 4))
    cuts = np.sort(rng.normal(0, 1, int(rng.integers(2, 6))))
    return np.asarray(np.digitize(soft, cuts), np.int64)


def _plates(side: int, rng: np.random.Generator) -> Labels:
    """Cells around random points, their borders bent."""
    count = int(rng.integers(5, 50))
    away = np.ones((side, side), np.uint8)
    points = rng.integers(0, side, (count, 2))
    away[points[:, 0], points[:, 1]] = 0
    _, nearest = cv2.distanceTransformWithLabels(
        away, cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    bend = rng.uniform(0, side / 20) * cv2.GaussianBlur(_clouds(side, 2, rng), (0, 0), 3)
    down, across = np.mgrid[:side, :side].astype(np.float32)
    bent = cv2.remap(
        nearest.astype(np.uint8), across + bend[..., 0], down + bend[..., 1],
        cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT,
    )  # fmt: skip
    return np.asarray(bent, np.int64)


def _blocks(side: int, rng: np.random.Generator) -> Labels:
    """Upright or turned rectangles and roads over one another, as of buildings."""
    labels = np.zeros((side, side), np.uint8)
    turn = float(rng.uniform(-20, 20)) if rng.random() < 0.6 else 0.0
    for number in range(1, int(rng.integers(8, 40))):
        middle = tuple(float(v) for v in rng.uniform(0, side, 2))
        sides = np.exp(rng.uniform(np.log(side / 30), np.log(side / 2.5), 2))
        if rng.random() < 0.15:
            sides[int(rng.integers(2))] = 2 * side  # a road, a wall
        corners = cv2.boxPoints((middle, (float(sides[0]), float(sides[1])), turn))
        cv2.fillConvexPoly(labels, np.rint(corners).astype(np.int32), number)
    return labels.astype(np.int64)


def _coloured(labels: Labels, rng: np.random.Generator) -> Pixels:
    """Each surface in its own colour, with its own amount of texture."""
    count = int(labels.max()) + 1
    colours = rng.uniform(0, 1, (count, 1)) * 160 + rng.uniform(0, 80, (count, 3))
    texture = np.where(rng.random(count) < 0.5, rng.uniform(3, 35, count), 2.0)
    grain = texture.astype(np.float32)[labels] * _clouds(labels.shape[0], 1, rng)[..., 0]
    planes = [_to_8_bit(colour.astype(np.float32)[labels] + grain) for colour in colours.T]
    return np.asarray(cv2.merge(planes), np.uint8)


def _to_8_bit(image: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.clip(image, 0, 255), np.uint8)
