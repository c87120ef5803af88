# SPDX-License-Identifier: Apache-2.0
"""What a matcher is asked: fixed lists of searches, the same for every method.

The published protocol cuts the search image around the target itself: a constant box in the middle
is then right without a look at the image. It is kept, as 'centred', to show what it measures; all
others move the search image, and some of their searches do not hold the target at all.

Every method looks for the same square around the target (`square_around`), and the target's box is
carried along with the square that it finds; how large its pictures of the two are is its `Look`.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats, centres
from xsense_ros.matching.geometry import (
    Crop,
    around_box,
    carry,
    search_around,
    square_around,
)
from xsense_training.data.registered_pair import PairSet, Pixels, RegisteredPair, Target

TEMPLATE_SIZE, SEARCH_SIZE = 64, 192
WINDOW = 3.0  # sides of the template's square that a search is wide
_TRIES = 200
# Contexts of the published crops, see `around_box`.
_TEMPLATE_CONTEXT, _SEARCH_CONTEXT = 1.0, 3.0
# What that is in sides of a square box: of the template, of the search.
PUBLISHED_SIDES = (1 + _TEMPLATE_CONTEXT, 1 + _SEARCH_CONTEXT)
# By which a square must grow until a published crop, four sides wide, fits in as well.
_WIDEST = PUBLISHED_SIDES[1] / WINDOW


@dataclass(frozen=True)
class Jitter:
    """How far a search is from the easiest one.

    shift: largest offset of the target from the middle along an axis, in shares of the search
    image (less where the target would not be whole in it); scale: range of the factor by which the
    search image shows more than it should, drawn evenly on a logarithmic scale; angle: largest
    turn in degrees; blur: largest sigma in pixels of the search image; noise: largest standard
    deviation, in shares of that of the search image.
    """

    shift: float = 0.4
    scale: tuple[float, float] = (1.0, 1.0)
    angle: float = 0.0
    blur: float = 0.0
    noise: float = 0.0


# 'harder' is what a second camera does to a picture when it is a little off in everything.
JITTERS = {
    'centred': Jitter(shift=0.0),
    'shifted': Jitter(),
    'scaled': Jitter(scale=(0.8, 1.25)),
    'turned': Jitter(scale=(0.8, 1.25), angle=10.0),
    'harder': Jitter(scale=(0.93, 1.07), angle=4.0, blur=1.0, noise=0.1),
}


@dataclass(frozen=True)
class Search:
    """One question: is the target in this part of the other sensor's image, and where?

    target: what the template shows; pair: number of the pair whose image is searched; crop: the
    part of it; present: whether the target is in it, whole; blur, noise: as in Jitter; seed: of
    the noise.
    """

    target: Target
    pair: int
    crop: Crop
    present: bool
    blur: float
    noise: float
    seed: int


@dataclass(frozen=True)
class Look:
    """How a method looks at a search.

    template, search: pixels of its two pictures along each axis; published: whether they are the
    published crops, of the box with its surroundings and of four times its side, in which the box
    itself is asked for instead of the square around it.
    """

    template: int = TEMPLATE_SIZE
    search: int = SEARCH_SIZE
    published: bool = False

    def template_crop(self, target: Target) -> Crop:
        """The part of the visible image that is the template."""
        if self.published:
            return around_box(target.box, _TEMPLATE_CONTEXT, self.template)
        return square_around(target.box, self.template)

    def search_crop(self, search: Search) -> Crop:
        """The part of the other image that is searched."""
        side = search.crop.side
        if self.published:
            usual = WINDOW * square_around(search.target.there, SEARCH_SIZE).side
            side *= around_box(search.target.there, _SEARCH_CONTEXT, self.search).side / usual
        return Crop(search.crop.centre, side, self.search, search.crop.angle)

    def box(self, target: Target, found: Floats) -> Floats:
        """What was found, (4,) in pixels of the searched picture -> the target's box there."""
        if self.published:
            return found
        return np.asarray(carry(target.box, self.template_crop(target), found))


SQUARES = Look()


def draw_searches(
    pairs: PairSet,
    jitter: Jitter,
    present: int,
    absent: int,
    seed: int = 0,
    targets: Sequence[Target] | None = None,
) -> list[Search]:
    """A fixed list: first searches that hold their target, then searches that do not.

    Targets are taken in turn from a shuffled list, so that each is used about equally often. A
    search without its target is one around another target.

    Args:
        pairs: the set.
        jitter: see Jitter.
        present: number of searches that hold their target.
        absent: number of searches that do not.
        seed: the same seed gives the same list.
        targets: those to ask for; None means all of the set.

    Raises:
        InputError: no targets, or no place without one of them was found.
    """
    wanted = tuple(pairs.targets if targets is None else targets)
    if not wanted:
        raise InputError(f'targets of {pairs.dataset}', 0, 'at least one', 'look at the data set')
    rng = np.random.default_rng(seed)
    order = np.concatenate(
        [rng.permutation(len(wanted)) for _ in range(-(-present // len(wanted)))]
    )
    sizes: dict[int, tuple[int, int]] = {}

    def size(pair: int) -> tuple[int, int]:
        if pair not in sizes:
            sizes[pair] = pairs.load(pair).size
        return sizes[pair]

    found = [
        _search(wanted[i], wanted[i], size(wanted[i].pair), jitter, rng, True)
        for i in order[:present]
    ]
    for _ in range(absent):
        target = wanted[rng.integers(len(wanted))]
        for _ in range(_TRIES):
            other = wanted[rng.integers(len(wanted))]
            search = _search(target, other, size(other.pair), jitter, rng, False)
            if other.pair != target.pair or _apart(search):
                found.append(search)
                break
        else:
            raise InputError(
                f'searches without the target in {pairs.dataset}',
                f'none in {_TRIES} tries',
                'targets that lie apart, or several pairs',
                'use a larger set',
            )
    return found


def digest(searches: Sequence[Search]) -> str:
    """SHA-256 of a list, to a thousandth of a pixel: the same one means the same questions."""
    rows = [
        [
            *(
                round(v, 3)
                for v in (
                    *s.target.box,
                    *s.target.there,
                    *s.crop.centre,
                    s.crop.side,
                    s.crop.angle,
                )
            ),
            *(s.target.pair, s.pair, s.present, round(s.blur, 3), round(s.noise, 3), s.seed),
        ]
        for s in searches
    ]
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def template_view(pair: RegisteredPair, target: Target, look: Look = SQUARES) -> Pixels:
    """The target in visible light: RGB uint8 (T, T, 3); grey where the frame ends."""
    return np.asarray(look.template_crop(target).cut(pair.visible, 128))


def search_view(pair: RegisteredPair, search: Search, look: Look = SQUARES) -> NDArray[Any]:
    """The searched part of the other sensor's image: (S, S) of its own dtype, raw."""
    crop = look.search_crop(search)
    cut = crop.cut(pair.infrared, float(pair.infrared.mean()))
    if not (search.blur or search.noise):
        return cut
    image = cut.astype(np.float32)
    if search.blur:
        sigma = search.blur * crop.scale / search.crop.scale
        image = np.asarray(cv2.GaussianBlur(image, (0, 0), sigma))
    if search.noise:
        rng = np.random.default_rng(search.seed)
        image = image + search.noise * image.std() * rng.standard_normal(image.shape)
    if cut.dtype.kind == 'f':
        return image.astype(cut.dtype)
    return np.clip(np.rint(image), 0, np.iinfo(cut.dtype).max).astype(cut.dtype)


def _search(
    target: Target,
    around: Target,
    size: tuple[int, int],
    jitter: Jitter,
    rng: np.random.Generator,
    present: bool,
) -> Search:
    """A search for `target` in an image of that size, cut near `around`."""
    draws = rng.random(7)
    low, high = (math.log(v) for v in jitter.scale)
    square = square_around(target.there, TEMPLATE_SIZE).side
    window = WINDOW * math.exp(low + (high - low) * draws[0])
    side = square * window
    angle = jitter.angle * (2 * draws[1] - 1)
    # In the axes of the crop, so that a turned one holds its target too.
    room = ((side - np.array(around.there[2:])) / 2).clip(0)
    offset = np.minimum(jitter.shift * side, room) * (2 * draws[2:4] - 1)
    turn = math.radians(angle)
    across = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    middle = centres(around.there) + across @ offset
    if jitter.shift:  # the centred control has the target in the middle, come what may
        middle = _inside(middle, side, angle, size)
        # In a corner of the image a turned square has to reach out of it to hold its target.
        kept = np.clip(across.T @ (middle - centres(around.there)), -room, room)
        middle = centres(around.there) + across @ kept
    centre = (float(middle[0]), float(middle[1]))
    crop = replace(search_around(centre, square, SEARCH_SIZE, window), angle=float(angle))
    blur, noise = jitter.blur * draws[4], jitter.noise * draws[5]
    seed = int(draws[6] * 2**31)
    return Search(target, around.pair, crop, present, float(blur), float(noise), seed)


def _inside(middle: Floats, side: float, angle: float, size: tuple[int, int]) -> Floats:
    """The nearest middle whose whole square lies in the image, where there is room for it."""
    turn = math.radians(angle)
    reach = side / 2 * (abs(math.cos(turn)) + abs(math.sin(turn)))
    low, high = np.array([reach, reach]), np.array(size) - reach
    return np.where(low <= high, np.clip(middle, low, np.maximum(low, high)), np.array(size) / 2)


def _apart(search: Search) -> bool:
    """Whether no part of the target is in the crop, nor in a published one around it."""
    left, top, width, height = search.crop.boxes_to_crop(search.target.there)
    side = search.crop.size
    low, high = side * (1 - _WIDEST) / 2, side * (1 + _WIDEST) / 2
    return bool(left + width <= low or top + height <= low or left >= high or top >= high)
