# SPDX-License-Identifier: Apache-2.0
"""How the constants of the simulated gel were chosen: a small grid, on the fitted presses only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import numpy as np
from rich.progress import track

from xsense_training.touch_sim.gel_contact import DRAG_MM, drape, penetration
from xsense_training.touch_sim.gel_presses import ball_heights, distance_mm
from xsense_training.touch_sim.gel_shadow import Lamp, cast
from xsense_training.touch_sim.sensor_unit import MM_PER_PIXEL
from xsense_training.touch_sim.validation import (
    GELSIGHT_BALL_MM,
    Judged,
    Mini,
    ball_depth,
    judge_gelsight,
    judge_mini,
)

DRAGS_MM = (0.45, 0.5, 0.55, 0.6, 0.65)
MINI_BALLS_MM = (0.6, 0.8, 1.0)
MINI_DRAGS_MM = (1.0, 1.5, 2.0)
MINI_DEPTHS_MM = (0.4, 0.55, 0.7)
# Shadows are looked for from just outside the contact to as far as they are seen.
_SHADOW_FROM_MM, _SHADOW_TO_MM = 0.12, 5.3
_EVERY = 3


def fitted_share(judged: Sequence[Judged]) -> float:
    """Mean share of the colour change that is simulated, over the fitted presses."""
    return float(np.mean([press.explained for press in judged if not press.held_out]))


def fit_gelsight(root: Path | None = None) -> dict[float, float]:
    """Share by drag length (mm) of the GelSight's gel; the best is `gel_contact.DRAG_MM`.

    Raises:
        InputError: the files are not fetched.
    """
    return {
        drag: fitted_share(judge_gelsight(root, drag_mm=drag))
        for drag in track(DRAGS_MM, description='GelSight')
    }


def fit_mini(root: Path | None = None) -> dict[Mini, float]:
    """Share by constants of the Mini; the best is `validation.MINI`.

    Raises:
        InputError: the files are not fetched.
    """
    grid = [Mini(*values) for values in product(MINI_BALLS_MM, MINI_DRAGS_MM, MINI_DEPTHS_MM)]
    return {
        constants: fitted_share(judge_mini(root, constants))
        for constants in track(grid, description='GelSight Mini')
    }


def fit_lamps(root: Path | None = None) -> list[Lamp]:
    """Direction (to 15 degrees) and darkness of the shadows, to compare with `gel_shadow.LAMPS`.

    Least squares of what the table leaves of the colour change around the contact, of every third
    fitted press of the GelSight, on one lamp's shadow and a constant.

    Raises:
        InputError: the files are not fetched.
    """
    fitted = [judged for judged in judge_gelsight(root, lamps=()) if not judged.held_out]
    skins, left, where = [], [], []
    for judged in fitted[::_EVERY]:
        press = judged.press
        depth = ball_depth(press.radius_mm, GELSIGHT_BALL_MM, DRAG_MM)
        reach = penetration(ball_heights(press.marked, GELSIGHT_BALL_MM), depth)
        skins.append(drape(reach, MM_PER_PIXEL))
        left.append(press.frame - judged.simulated)
        distance = distance_mm(press.marked)
        outside = distance > press.radius_mm + _SHADOW_FROM_MM
        where.append(outside & (distance < _SHADOW_TO_MM))
    lamps = []
    for channel in track(range(3), description='lamps'):
        unexplained: list[tuple[float, Lamp]] = []
        wanted = np.concatenate(
            [change[..., channel][ring] for change, ring in zip(left, where, strict=True)]
        )
        for falls in range(0, 360, 15):
            lamp = Lamp(channel, float(falls), 1.0)
            shadow = np.concatenate(
                [
                    cast(skin, MM_PER_PIXEL, lamps=(lamp,))[..., channel][ring]
                    for skin, ring in zip(skins, where, strict=True)
                ]
            )
            design = np.stack([shadow, np.ones_like(shadow)], axis=1)
            weights, missed, _, _ = np.linalg.lstsq(design, wanted, rcond=None)
            unexplained.append((float(missed[0]), Lamp(channel, float(falls), float(weights[0]))))
        lamps.append(min(unexplained, key=lambda row: row[0])[1])
    return lamps
