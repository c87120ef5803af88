# SPDX-License-Identifier: Apache-2.0
"""Made pairs to train and judge on: photographs laid over land, with their made infrared image.

A scene is a piece of a satellite picture or of coloured clouds with photographs of things (the
Tux Paint stamps) laid over it, turned and scaled; the outline of every thing is known, so it can
have a temperature of its own. Things and land are split once, by the SHA-256 of their name: what
is held out is never trained on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from xsense_ros.matching.geometry import Crop
from xsense_ros.senses.resize import resize
from xsense_training.data.concepts import load_concepts
from xsense_training.data.image import load_rgba
from xsense_training.data.infrared import (
    Kind,
    make_infrared,
    moved_box,
    seen_from_beside,
    small_homography,
)
from xsense_training.data.landsat import DATASET
from xsense_training.data.registered_pair import PairSet, Pixels, RegisteredPair, Target
from xsense_training.data.root import data_root, require

SIDE = 288  # of a scene, in pixels
BOX = 64  # of a target
LARGEST = 200  # longer side of a thing
LAND = 'localtileserver/localtileserver/tiler/data/landsat7.tif'
_HELD_OUT = 0.2  # share of the things
_TURNED = 0.5**0.5  # from the middle of a turned square to its farthest corner, of its side
_LAND_SPLIT = 0.7  # share of the land's columns that is trained on


@dataclass(frozen=True)
class Material:
    """What scenes are made of: pictures of things, and land RGB uint8 (H, W, 3)."""

    things: tuple[Path, ...]
    land: Pixels


@lru_cache(maxsize=2)
def load_material(part: str, root: Path | None = None) -> Material:
    """Things and land of 'train' or 'test'.

    Raises:
        InputError: tuxpaint or landsat is not fetched.
    """
    folder = data_root(root)
    chosen = [
        c for c in load_concepts(folder, ['tuxpaint'], manifest=None)
        if c.images and c.images[0].suffix == '.png' and _held_out(c.id) == (part == 'test')
    ]  # fmt: skip
    with Image.open(require(folder, LAND, DATASET)) as image:
        land = np.asarray(image.convert('RGB'))
    cut = int(land.shape[1] * _LAND_SPLIT)
    # No scene of one side shares a pixel with one of the other.
    own = land[:, :cut] if part == 'train' else land[:, cut + SIDE :]
    return Material(tuple(c.images[0] for c in chosen), np.ascontiguousarray(own))


def made_pair(material: Material, seed: int, kind: Kind = 'thermal') -> RegisteredPair:
    """One scene, the same for the same seed."""
    rng = np.random.default_rng(seed)
    visible, things = made_scene(material, rng)
    infrared = make_infrared(visible, rng, things, kind)
    beside = seen_from_beside(infrared, parallax(seed))
    return RegisteredPair(f'made {kind} {seed}', visible, beside)


def parallax(seed: int) -> NDArray[np.float64]:
    """(3, 3) visible to infrared pixels of the scene of that seed: up to 3 pixels at a corner."""
    return small_homography(np.random.default_rng([seed, 1]), SIDE, SIDE)


def made_scene(material: Material, rng: np.random.Generator) -> tuple[Pixels, NDArray[np.int64]]:
    """RGB uint8 (SIDE, SIDE, 3) and the number of the thing at each pixel, 0 for the ground."""
    scene: NDArray[np.float32] = _ground(material.land, rng).astype(np.float32)
    things = np.zeros((SIDE, SIDE), np.int64)
    for number in range(1, int(rng.integers(3, 9))):
        laid = _placed(_thing(material.things[int(rng.integers(len(material.things)))]), rng)
        alpha = laid[..., 3:].astype(np.float32) / 255
        scene = np.asarray(scene * (1 - alpha) + laid[..., :3] * alpha, np.float32)
        things[alpha[..., 0] > 0.5] = number
    return np.rint(scene).astype(np.uint8), things


def made_set(material: Material, seeds: Sequence[int], kind: Kind = 'thermal') -> PairSet:
    """Fixed scenes as a set, each made when it is loaded, with a 3 x 3 grid of targets."""
    load: Callable[[int], RegisteredPair] = lru_cache(maxsize=64)(
        lambda number: made_pair(material, seeds[number], kind)
    )
    names = tuple(f'made {kind} {seed}' for seed in seeds)
    places = [float(v) for v in np.linspace(8, SIDE - BOX - 8, 3)]
    targets = tuple(
        Target(number, (x, y, BOX, BOX), moved=moved_box((x, y, BOX, BOX), parallax(seed)))
        for number, seed in enumerate(seeds)
        for y in places
        for x in places
    )
    return PairSet(f'made {kind}', names, load, targets, {name: name for name in names})


@lru_cache(maxsize=1024)
def _thing(path: Path) -> Pixels:
    """RGBA uint8 (h, w, 4), no larger than it is ever laid down."""
    rgba = load_rgba(path)
    factor = LARGEST / max(rgba.shape[:2])
    if factor >= 1:
        return rgba
    rows, columns = (max(round(n * factor), 1) for n in rgba.shape[:2])
    return np.asarray(resize(rgba, rows, columns), np.uint8)


def _held_out(name: str) -> bool:
    number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], 'big')
    return number < _HELD_OUT * 2**32


def _ground(land: Pixels, rng: np.random.Generator) -> Pixels:
    """Land at random size and angle, or coloured clouds."""
    if rng.random() < 0.6:
        rows, columns = land.shape[:2]
        side = SIDE * float(np.exp(rng.uniform(np.log(0.4), np.log(1.6))))
        side = min(side, min(rows, columns) / (2 * _TURNED))
        reach = side * _TURNED
        middle = (rng.uniform(reach, columns - reach), rng.uniform(reach, rows - reach))
        return np.asarray(Crop(middle, side, SIDE, rng.uniform(0, 360)).cut(land))[
            ..., rng.permutation(3)
        ]
    clouds = np.zeros((SIDE, SIDE, 3), np.float32)
    for cells in (3, 9, 27, 81):
        coarse = rng.standard_normal((cells, cells, 3)).astype(np.float32)
        clouds += cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) * cells**-0.6
    spread = rng.uniform(15, 70) / clouds.std()
    return np.asarray(np.clip(rng.uniform(60, 190, 3) + spread * clouds, 0, 255), np.uint8)


def _placed(rgba: Pixels, rng: np.random.Generator) -> Pixels:
    """A thing turned, scaled and moved, on an empty scene: uint8 (SIDE, SIDE, 4)."""
    rows, columns = rgba.shape[:2]
    wanted = float(
        np.exp(rng.uniform(np.log(30), np.log(LARGEST)))
    )  # its longer side in the scene
    middle = rng.uniform(0, SIDE, 2)
    angle = float(rng.normal(0, 25))
    # The scene as a crop of the thing's picture: its middle lies where the thing's does.
    turn, scale = np.deg2rad(angle), max(rows, columns) / wanted
    away = (SIDE / 2 - middle) * scale
    x = columns / 2 + np.cos(turn) * away[0] - np.sin(turn) * away[1]
    y = rows / 2 + np.sin(turn) * away[0] + np.cos(turn) * away[1]
    return np.asarray(Crop((float(x), float(y)), SIDE * scale, SIDE, angle).cut(rgba, 0))
