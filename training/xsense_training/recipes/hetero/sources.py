# SPDX-License-Identifier: Apache-2.0
"""The pairs that a matcher is trained and chosen on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from xsense_ros.matching.boxes import Floats
from xsense_training.data.infrared import TRAINING_KINDS, Kind
from xsense_training.data.landsat import BANDS, landsat_pairs, load_landsat
from xsense_training.data.registered_pair import PairSet, Pixels, RegisteredPair, grey
from xsense_training.recipes.hetero.patchwork import patchwork
from xsense_training.recipes.hetero.protocol import JITTERS, Search, draw_searches
from xsense_training.recipes.hetero.scenes import load_material, made_pair, made_set, parallax

Rng = np.random.Generator
UNSEEN_BAND = 'long short-wave'  # judged as a sensor that training never saw
# How often each kind of sensor is made; 'radar' never: it is the other unseen one.
MADE_KINDS: tuple[Kind, ...] = ('thermal', 'thermal', *TRAINING_KINDS)
_PATCHWORKS = 3  # of every real pair, beside two times itself
_VALIDATION_SCENES = range(1_000_000, 1_000_016)  # of things that training sees in other scenes


@dataclass(frozen=True)
class Sources:
    """Pairs to train on.

    real: pairs that may be cut anywhere, all of one frame; one that is listed twice is drawn twice
    as often; made: number -> a made pair, always the same for the same number; scenes: how many
    made pairs there are, each is kept once it is made (0.3 MB); homography: number -> (3, 3) from
    visible to infrared pixels of a made pair, None where they are the same.
    """

    real: Sequence[RegisteredPair]
    made: Callable[[int], RegisteredPair]
    scenes: int = 600
    homography: Callable[[int], Floats] | None = None
    _kept: dict[int, RegisteredPair] = field(default_factory=dict, repr=False, compare=False)

    def draw(self, rng: Rng, real: bool) -> tuple[RegisteredPair, int, Floats]:
        """A pair, its source (-1: the frame of the real ones), its homography."""
        if real and self.real:
            return self.real[int(rng.integers(len(self.real)))], -1, np.eye(3)
        number = int(rng.integers(self.scenes))
        if number not in self._kept:
            self._kept[number] = self.made(number)
        return (
            self._kept[number],
            number,
            np.eye(3) if self.homography is None else self.homography(number),
        )


def embedded_sources(root: Path | None = None, scenes: int = 2000) -> Sources:
    """What the shipped matcher is trained on: Landsat's training region and made scenes.

    Raises:
        InputError: landsat or tuxpaint is not fetched.
    """
    scene = load_landsat(root)
    pairs = {name: scene.pair('train', name) for name in BANDS if name != UNSEEN_BAND}
    thermal, near, short = (
        pairs[name] for name in ('thermal', 'near infrared', 'short-wave infrared')
    )
    visible = thermal.visible

    def other(first: Pixels, second: Pixels) -> RegisteredPair:
        shown = first if first.ndim == 3 else np.repeat(first[..., None], 3, axis=2)
        return RegisteredPair('train', shown, second)

    green = np.ascontiguousarray(visible[..., 1])
    real = (
        *[thermal] * 8, *[short] * 4, *[near] * 4,
        other(visible, green), other(visible, np.rint(grey(visible)).astype(np.uint8)),
        other(near.infrared, thermal.infrared), other(short.infrared, thermal.infrared),
        other(near.infrared, short.infrared), other(thermal.infrared, near.infrared),
        other(thermal.infrared, green),
    )  # fmt: skip
    rng = np.random.default_rng(0)
    real += tuple(patchwork(pair, rng) for _ in range(_PATCHWORKS) for pair in real) + real
    material = load_material('train', root)

    def made(number: int) -> RegisteredPair:
        return made_pair(material, number, MADE_KINDS[number % len(MADE_KINDS)])

    return Sources(real, made, scenes, parallax)


def validation_lists(root: Path | None = None) -> list[tuple[str, PairSet, list[Search]]]:
    """Name, pairs, searches: Landsat's validation region, scenes that training does not draw."""
    thermal = landsat_pairs('val', root)
    short = landsat_pairs('val', root, 'short-wave infrared')
    found = [
        ('thermal_shifted', thermal, draw_searches(thermal, JITTERS['shifted'], 100, 60, 101)),
        ('thermal_harder', thermal, draw_searches(thermal, JITTERS['harder'], 100, 60, 102)),
        ('short_harder', short, draw_searches(short, JITTERS['harder'], 40, 30, 103)),
    ]
    for kind, seed in (('thermal', 104), ('depth', 105)):
        made = made_set(load_material('train', root), _VALIDATION_SCENES, cast(Kind, kind))
        searches = draw_searches(made, JITTERS['turned'], 60, 30, seed)
        found.append((f'made_{kind}_turned', made, searches))
    return found
