# SPDX-License-Identifier: Apache-2.0
"""Made pairs to train and judge on: pictures laid over a ground, with their made infrared image.

A scene is a ground (see `grounds`) with pictures of things (stamps of Tux Paint, drawings of
OpenMoji and Twemoji, photographs of GCompris) laid over it, turned and scaled; the outline of
every thing is known, so it can have a temperature of its own. Things are split once by the
SHA-256 of their name, in whatever source ('dog' is on one side in all of them), and land by its
columns: what is held out is never trained on.

A place is asked for (`is_findable`) where both bands vary by at least CONTRAST grey levels over
the box, the rule of Landsat, and where both, blurred by 4 pixels against noise, have outlines in
more than one direction: the lesser eigenvalue of the mean structure tensor (Shi and Tomasi, "Good
features to track", CVPR 1994) is at least STRUCTURE. It is the same for every method.
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
from xsense_training.data.landsat import CONTRAST, DATASET
from xsense_training.data.registered_pair import PairSet, Pixels, RegisteredPair, Target, grey
from xsense_training.data.root import data_root, require
from xsense_training.data.structure import structure
from xsense_training.data.visible_light import lit
from xsense_training.recipes.hetero.grounds import make_ground

SIDE = 288  # of a scene, in pixels
BOX = 64  # of a target
LARGEST = 200  # longer side of a thing
PARALLAX = 3.0  # pixels by which a corner of the scene moves at most
STRUCTURE = 0.5  # squared grey levels a pixel
LAND = 'localtileserver/localtileserver/tiler/data/landsat7.tif'
SOURCES = ('tuxpaint', 'emoji', 'gcompris')
_HELD_OUT = 0.2  # share of the things
_STREAMS = {'train': 2, 'test': 3}  # 1 is that of the parallax
_LAND_SPLIT = 0.7  # share of the land's columns that is trained on


@dataclass(frozen=True)
class Material:
    """What scenes are made of: pictures of things, and land RGB uint8 (H, W, 3).

    stream: of random numbers; with one stream, grounds of the same seed would be the same ones
    whatever the things are.
    """

    things: tuple[Path, ...]
    land: Pixels
    stream: int = 0


@lru_cache(maxsize=2)
def load_material(part: str, root: Path | None = None) -> Material:
    """Things and land of 'train' or 'test'.

    Raises:
        InputError: tuxpaint, emoji, gcompris or landsat is not fetched.
    """
    folder = data_root(root)
    with Image.open(require(folder, LAND, DATASET)) as image:
        land = np.asarray(image.convert('RGB'))
    things = tuple(p for name, p in _pictures(folder) if _held_out(name) == (part == 'test'))
    cut = int(land.shape[1] * _LAND_SPLIT)
    # No scene of one side shares a pixel with one of the other.
    own = land[:, :cut] if part == 'train' else land[:, cut + SIDE :]
    return Material(things, np.ascontiguousarray(own), _STREAMS[part])


def made_pair(
    material: Material, seed: int, kind: Kind = 'thermal', largest: float = PARALLAX
) -> RegisteredPair:
    """One scene, the same for the same seed; `largest` as in `parallax`."""
    rng = np.random.default_rng([seed, material.stream])
    visible, things = made_scene(material, rng)
    infrared = make_infrared(visible, rng, things, kind)
    beside = seen_from_beside(infrared, parallax(seed, largest))
    return RegisteredPair(f'made {kind} {seed}', lit(visible, rng), beside)


def parallax(seed: int, largest: float = PARALLAX) -> NDArray[np.float64]:
    """(3, 3) visible to infrared pixels of the scene of that seed.

    Args:
        seed: of the scene.
        largest: pixels by which a corner moves at most along an axis.
    """
    return small_homography(np.random.default_rng([seed, 1]), SIDE, SIDE, largest)


def made_scene(material: Material, rng: np.random.Generator) -> tuple[Pixels, NDArray[np.int64]]:
    """RGB uint8 (SIDE, SIDE, 3), evenly lit, and the number of the thing or surface at each pixel.

    The first surface of the ground is 0; things have the highest numbers.
    """
    scene, things = make_ground(material.land, SIDE, rng)
    first = int(things.max()) + 1
    for number in range(first, first + int(rng.integers(2, 9))):
        laid = _placed(_thing(material.things[int(rng.integers(len(material.things)))]), rng)
        alpha = np.ascontiguousarray(laid[..., 3])
        left, top, width, height = cv2.boundingRect(alpha)
        part = np.s_[top : top + height, left : left + width]
        share = alpha[part][..., None].astype(np.float32) / 255
        mixed = scene[part] * (1 - share) + laid[part][..., :3] * share
        scene[part] = np.rint(mixed).astype(np.uint8)
        things[part][alpha[part] > 127] = number
    return scene, things


def is_findable(pair: RegisteredPair, target: Target) -> bool:
    """Whether both bands hold enough in the target's box; the rule is the module's."""
    for image, box in ((pair.visible, target.box), (pair.infrared, target.there)):
        left, top, width, height = (round(v) for v in box)
        part = grey(image[max(top, 0) : top + height, max(left, 0) : left + width])
        if float(part.std()) < CONTRAST or structure(part) < STRUCTURE:
            return False
    return True


def made_set(
    material: Material, seeds: Sequence[int], kind: Kind = 'thermal', largest: float = PARALLAX
) -> PairSet:
    """Fixed scenes as a set, with those places of a 3 x 3 grid that can be found."""
    load: Callable[[int], RegisteredPair] = lru_cache(maxsize=64)(
        lambda number: made_pair(material, seeds[number], kind, largest)
    )
    names = tuple(f'made {kind} {seed}' for seed in seeds)
    places = [float(v) for v in np.linspace(8, SIDE - BOX - 8, 3)]
    targets = []
    for number, seed in enumerate(seeds):
        matrix = parallax(seed, largest)
        grid = [(x, y, float(BOX), float(BOX)) for y in places for x in places]
        asked = (Target(number, box, moved=moved_box(box, matrix)) for box in grid)
        targets += [target for target in asked if is_findable(load(number), target)]
    return PairSet(f'made {kind}', names, load, tuple(targets), {name: name for name in names})


@lru_cache(maxsize=1)
def _pictures(root: Path) -> tuple[tuple[str, Path], ...]:
    """Name of the thing and file, of every picture but Noto's, whose 64 pixels are too few."""
    return tuple(
        (concept.name, picture)
        for concept in load_concepts(root, SOURCES, manifest=None)
        for picture, style in zip(
            concept.images, concept.styles or ('',) * len(concept.images), strict=True
        )
        if style != 'noto'
    )


@lru_cache(maxsize=4096)  # 0.16 MB each at most
def _thing(path: Path) -> Pixels:
    """RGBA uint8 (h, w, 4), no larger than it is ever laid down."""
    rgba = load_rgba(path)
    factor = LARGEST / max(rgba.shape[:2])
    if factor >= 1:
        return rgba
    rows, columns = (max(round(n * factor), 1) for n in rgba.shape[:2])
    return np.asarray(resize(rgba, rows, columns), np.uint8)


def _held_out(name: str) -> bool:
    number = int.from_bytes(hashlib.sha256(name.lower().encode()).digest()[:4], 'big')
    return number < _HELD_OUT * 2**32


def _placed(rgba: Pixels, rng: np.random.Generator) -> Pixels:
    """A thing turned, scaled and moved, on an empty scene: uint8 (SIDE, SIDE, 4)."""
    rows, columns = rgba.shape[:2]
    wanted = float(np.exp(rng.uniform(np.log(30), np.log(LARGEST))))  # its longer side there
    middle = rng.uniform(0, SIDE, 2)
    angle = float(rng.normal(0, 25))
    # The scene as a crop of the thing's picture: its middle lies where the thing's does.
    turn, scale = np.deg2rad(angle), max(rows, columns) / wanted
    away = (SIDE / 2 - middle) * scale
    x = columns / 2 + np.cos(turn) * away[0] - np.sin(turn) * away[1]
    y = rows / 2 + np.sin(turn) * away[0] + np.cos(turn) * away[1]
    return np.asarray(Crop((float(x), float(y)), SIDE * scale, SIDE, angle).cut(rgba, 0))
