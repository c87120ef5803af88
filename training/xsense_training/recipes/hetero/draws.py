# SPDX-License-Identifier: Apache-2.0
"""What a step of training shows: searches drawn from pairs, anywhere in them and at any angle."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import Floats
from xsense_ros.matching.geometry import Crop
from xsense_ros.senses.matcher_input import SearchInput, TemplateInput
from xsense_training.data.infrared import moved_box
from xsense_training.data.landsat import CONTRAST
from xsense_training.data.registered_pair import Pixels, RegisteredPair, Target, grey
from xsense_training.recipes.hetero.disturbances import disturb_search, disturb_visible
from xsense_training.recipes.hetero.protocol import (
    PUBLISHED_SIDES,
    SEARCH_SIZE,
    SQUARES,
    TEMPLATE_SIZE,
    WINDOW,
    Look,
)
from xsense_training.recipes.hetero.scenes import is_findable
from xsense_training.recipes.hetero.sources import Rng, Sources

_TRIES = 20


@dataclass(frozen=True)
class DrawConfig:
    """What training draws.

    batch: searches a step; absent: share of those in a large frame that do not hold their
    template; other: share of searches that are asked for the template of another row besides;
    real: share that is of real pairs; plain: share of rows for each of zoom, scale and angle that
    keep 1 or 0; zoom: range of the factor by which a pair is enlarged or shrunk for both sensors
    alike; scale, angle: as in Jitter, beyond what is judged; shift: as in Jitter; blur: largest
    sigma of the search image; noise: largest standard deviation, in shares of its own; inverted:
    share of search images turned into their negative; look: how large and how wide the matcher's
    pictures are.
    """

    batch: int = 16
    absent: float = 0.15
    other: float = 0.5
    real: float = 0.5
    plain: float = 0.4
    zoom: tuple[float, float] = (0.6, 1.5)
    scale: tuple[float, float] = (0.78, 1.28)
    angle: float = 12.0
    shift: float = 0.4
    blur: float = 1.2
    noise: float = 0.15
    inverted: float = 0.2
    look: Look = SQUARES


class Batch(NamedTuple):
    """template (B, 3, 64, 64), search (B, 3, 192, 192), 0 to 1; boxes (B, 4) in shares; present.

    Boxes of searches that do not hold their template are those of nothing. foreign (B,): whether
    the search of the next row (of the first one for the last), which does not hold this row's
    template, is asked for it too.
    """

    template: Tensor
    search: Tensor
    boxes: Tensor
    present: Tensor
    foreign: Tensor


class Row(NamedTuple):
    """One search as it is drawn: as in Batch; shown and seen: both crops; source: of the pair."""

    template: NDArray[np.float32]
    search: NDArray[np.float32]
    box: Floats
    present: bool
    shown: Crop
    seen: Crop
    source: int


def draw_batch(sources: Sources, config: DrawConfig, rng: Rng) -> Batch:
    """A batch of random searches; the generator alone decides.

    Real rows come first: the template of one row is then asked of a search of its own kind.
    """
    real = round(config.batch * config.real)
    rows = [_row(sources, config, rng, number < real) for number in range(config.batch)]
    foreign = [
        bool(rng.random() < config.other) and _foreign(row, rows[(n + 1) % len(rows)])
        for n, row in enumerate(rows)
    ]
    return Batch(
        torch.from_numpy(np.concatenate([row.template for row in rows])),
        torch.from_numpy(np.concatenate([row.search for row in rows])),
        torch.tensor(np.array([row.box for row in rows]), dtype=torch.float32),
        torch.tensor([row.present for row in rows]),
        torch.tensor(foreign),
    )


def _row(sources: Sources, config: DrawConfig, rng: Rng, real: bool) -> Row:
    """A search with contrast in both of its pictures; the last try is taken as it is."""
    for last in range(_TRIES):
        pair, source, homography = sources.draw(rng, real)
        mirrored = rng.random() < 0.5
        present, shown, seen = _crops(pair.size, homography, config, rng)
        near, wide = _looked(shown, seen, config.look)
        template, search = near.cut(pair.visible, 128), wide.cut(pair.infrared, _mean(pair))
        if last < _TRIES - 1 and not _varied(pair, template, shown, homography, source >= 0):
            continue
        box = _box(shown, wide, homography)
        template = disturb_visible(template, rng)
        search = disturb_search(
            search, rng, blur=config.blur, noise=config.noise, inverted=config.inverted
        )
        if mirrored:
            template, search = template[:, ::-1], search[:, ::-1]
            box = np.array([1 - box[0], *box[1:]])
        try:
            views = (
                TemplateInput(config.look.template)(template)['template'],
                SearchInput(config.look.search)(search)['search'],
            )
        except InputError:
            continue
        return Row(*views, box, present, shown, seen, source)
    raise InputError('pairs', 'no contrast', 'pictures with something in them', 'look at the data')


def _crops(
    size: tuple[int, int], homography: Floats, config: DrawConfig, rng: Rng
) -> tuple[bool, Crop, Crop]:
    """Whether the template is in the search, and both as parts of their frames."""

    def factor(around: tuple[float, float]) -> float:
        low, high = (math.log(v) for v in around)
        return 1.0 if rng.random() < config.plain else math.exp(rng.uniform(low, high))

    zoom, scale = factor(config.zoom), factor(config.scale)
    zoom = min(zoom, min(size) / (WINDOW * TEMPLATE_SIZE * scale))
    side, wide = TEMPLATE_SIZE * zoom, SEARCH_SIZE * zoom * scale
    large = min(size) > 2 * wide  # in a small frame, a turned search would show its borders
    square = not large or rng.random() < 0.5
    turn = 90.0 * rng.integers(4) if square else rng.uniform(0, 360)
    off = 0.0 if rng.random() < config.plain else rng.uniform(-config.angle, config.angle)
    reach = side * (0.5 if square else 0.6)
    middle = rng.uniform(reach, np.array(size) - reach)
    if square:  # whole pixels, as a robot's template: turned ones are a little smoother
        middle = np.rint(middle - side / 2) + side / 2
    present = not large or bool(rng.random() >= config.absent)
    angle = math.radians(turn + off)
    across = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    target = _mapped(homography, middle)
    spread = wide / 2 * np.abs(across).sum(axis=1)  # of the search along the axes of the frame
    for _ in range(_TRIES):
        if present:
            free = min(config.shift * wide, (wide - side) / 2)
            away = rng.uniform(-free, free, 2)
        else:  # the nearest place that holds nothing of it, and anything farther off
            away = rng.uniform(-wide, wide, 2)
            out = (wide + 1.2 * side) / 2 * rng.uniform(1, 1.5)
            away[rng.integers(2)] = out * (1 if rng.random() < 0.5 else -1)
        there = target + across @ away
        if ((there >= spread) & (there <= size - spread)).all():
            break
    shown = Crop((float(middle[0]), float(middle[1])), side, TEMPLATE_SIZE, float(turn))
    seen = Crop((float(there[0]), float(there[1])), wide, SEARCH_SIZE, float(turn + off))
    return present, shown, seen


def _looked(shown: Crop, seen: Crop, look: Look) -> tuple[Crop, Crop]:
    """The two squares as a matcher sees them: in its pixels, reaching as far as it does."""
    near, wide = PUBLISHED_SIDES if look.published else (1.0, WINDOW)
    return (
        replace(shown, side=shown.side * near, size=look.template),
        replace(seen, side=seen.side * wide / WINDOW, size=look.search),
    )


def _box(shown: Crop, seen: Crop, homography: Floats) -> Floats:
    """(4,) middle and sides of the template in shares of the search.

    A turned square keeps its sides, as in `Crop.boxes_to_crop`.
    """
    size = shown.size
    corners = shown.to_frame(np.array([[0, 0], [size, 0], [size, size], [0, size]]))
    found = seen.to_crop(_mapped(homography, corners)) / seen.size
    edges = np.linalg.norm(found - np.roll(found, -1, axis=0), axis=1)
    return np.array([*found.mean(axis=0), edges[[0, 2]].mean(), edges[[1, 3]].mean()])


def _mapped(homography: Floats, points: Floats) -> Floats:
    """Visible to infrared pixels (..., 2)."""
    moved = np.column_stack([points.reshape(-1, 2), np.ones(points.size // 2)]) @ homography.T
    return np.asarray((moved[:, :2] / moved[:, 2:]).reshape(points.shape))


def _varied(
    pair: RegisteredPair, template: Pixels, shown: Crop, homography: Floats, made: bool
) -> bool:
    """Whether the place holds enough in both bands, by the rule of the judged ones."""
    reach = shown.side / 2 * sum(abs(np.array(shown.matrix[0, :2]))) / shown.scale
    left, top = (v - reach for v in shown.centre)
    box = (left, top, 2 * reach, 2 * reach)
    if made:
        return is_findable(pair, Target(0, box, moved=moved_box(box, homography)))
    x, y, end, low = (round(v) for v in (left, top, left + 2 * reach, top + 2 * reach))
    there = pair.infrared[max(y, 0) : low, max(x, 0) : end]
    return bool(grey(template).std() >= CONTRAST and there.std() >= CONTRAST)


def _foreign(one: Row, other: Row) -> bool:
    """Whether the other row's search holds nothing of this one's template."""
    if one.source != other.source:
        return True
    if one.source >= 0:  # a made scene is hardly larger than a search
        return False
    apart = np.hypot(*(np.array(one.shown.centre) - other.seen.centre))
    return bool(apart > (one.shown.side + other.seen.side) * 0.71)


def _mean(pair: RegisteredPair) -> float:
    """Mean of the other sensor's image, from a part of its pixels."""
    return float(pair.infrared[::8, ::8].mean())
