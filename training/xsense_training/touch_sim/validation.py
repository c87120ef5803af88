# SPDX-License-Identifier: Apache-2.0
"""Does the simulated gel look like a real one? The 72 real presses of a ball, simulated again.

Every press is simulated by the lines that make the data (`press.press_change`), with the resting
frame of the real sensor, and compared with the photograph:

- correlation of the colour change over the pixels and channels inside the contact (marked
  radius), and in the ring around it up to 1.7 radii, where only drag and shadows are seen;
- radius of the colour (where its odd part has fallen to half), by the same estimator in both;
- depth: the contact radius that follows from that, through the size of the ball.

Constants are chosen on one half of the presses ('fitted') and reported for the other ('held
out'). GelSight: every other press. Mini: its first and second twelve (two places on the gel).

The table of the GelSight was itself measured from these presses, so a row is added whose table
is fitted here to one half. The Mini's own table rests on centres that are wrong by up to 26
pixels and on a ball that is not the one in the pictures; its rows use a table fitted here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xsense_training.touch_sim.gel_calibration import Slopes, fit_table
from xsense_training.touch_sim.gel_contact import DRAG_MM, drape, penetration, slopes
from xsense_training.touch_sim.gel_presses import (
    RealPress,
    ball_heights,
    colour_radius,
    distance_mm,
    real_presses,
    resting_frame,
)
from xsense_training.touch_sim.gel_shadow import LAMPS, Lamp
from xsense_training.touch_sim.gel_table import Sensor, load_table, positions
from xsense_training.touch_sim.press import press_change
from xsense_training.touch_sim.sensor_unit import (
    COLUMNS,
    CONTACT_MM,
    MM_PER_PIXEL,
    ROWS,
    SensorUnit,
)

AROUND = 1.7
# Radius of the GelSight's ball: 70 pixels of 0.0295 mm, with which its table was measured.
GELSIGHT_BALL_MM = 2.065
# What is known of the Mini's ball and gel follows from its pictures only (`fit_mini`): radius of
# the ball, drag length, depth of a press of mean colour radius.
_TOUCHING_MM = 0.01


@dataclass(frozen=True)
class Mini:
    """Constants of the Mini's presses.

    Attributes:
        ball_mm: radius of the ball.
        drag_mm: see `gel_contact`.
        depth_mm: depth of a press whose colour radius is the mean of the fitted half.
    """

    ball_mm: float = 0.8
    drag_mm: float = 2.0
    depth_mm: float = 0.55


MINI = Mini()


@dataclass(frozen=True)
class Judged:
    """One real press beside its simulation.

    Attributes:
        press: the real one.
        simulated: (240, 320, 3) float32, simulated frame as the camera would give it.
        held_out: whether no constant was chosen with it.
        inside: correlation of the colour change inside the contact.
        around: the same in the ring around it.
        explained: share of the squared colour change, inside and around, that is simulated; unlike
            a correlation it counts too strong and too weak colours as wrong.
        radius_error_mm: colour radius, simulated minus real.
        depth_error_mm: depth from that radius, simulated minus real; None where the contact
            radius does not tell the depth (a ball pressed in deeper than its radius).
    """

    press: RealPress
    simulated: NDArray[np.float32]
    held_out: bool
    inside: float
    around: float
    explained: float
    radius_error_mm: float
    depth_error_mm: float | None


def judge_gelsight(
    root: Path | None = None,
    own_table: bool = False,
    drag_mm: float = DRAG_MM,
    lamps: tuple[Lamp, ...] = LAMPS,
) -> list[Judged]:
    """The 48 presses of the GelSight.

    Args:
        root: data root.
        own_table: use a table fitted to the fitted half instead of the measured one.
        drag_mm: the constant of `gel_contact`.
        lamps: the constants of `gel_shadow`.

    Raises:
        InputError: the files are not fetched.
    """
    presses = real_presses('gelsight', root)
    held_out = [press.index % 2 == 1 for press in presses]
    places = [press.marked for press in presses]
    depths = [ball_depth(press.radius_mm, GELSIGHT_BALL_MM, drag_mm) for press in presses]
    unit = replace(real_unit('gelsight', root), drag_mm=drag_mm, lamps=lamps)
    if own_table:
        fitted = [
            _slopes_of(press, place, GELSIGHT_BALL_MM, depth, drag_mm)
            for press, place, depth, out in zip(presses, places, depths, held_out, strict=True)
            if not out
        ]
        unit = replace(unit, table=fit_table(fitted, positional=True))
    return _judge(unit, presses, places, depths, held_out, GELSIGHT_BALL_MM)


def judge_mini(root: Path | None = None, constants: Mini = MINI) -> list[Judged]:
    """The 24 presses of the Mini, with a table fitted to the first twelve.

    Raises:
        InputError: the files are not fetched.
    """
    presses = real_presses('gelsight_mini', root)
    held_out = [press.index >= len(presses) // 2 for press in presses]
    places = [press.centre for press in presses]
    seen = np.array(
        [colour_radius(press.change, place) for press, place in zip(presses, places, strict=True)]
    )
    depths = list(constants.depth_mm * seen / seen[~np.array(held_out)].mean())
    fitted = [
        _slopes_of(press, place, constants.ball_mm, depth, constants.drag_mm)
        for press, place, depth, out in zip(presses, places, depths, held_out, strict=True)
        if not out
    ]
    unit = replace(
        real_unit('gelsight_mini', root),
        table=fit_table(fitted, positional=False),
        lamps=(),
        drag_mm=constants.drag_mm,
    )
    return _judge(unit, presses, places, depths, held_out, None, constants.ball_mm)


def simple_use(sensor: Sensor, root: Path | None = None) -> list[float]:
    """The bar to beat: the measured table, a ball's slope, marked centres; correlation inside."""
    table, where = load_table(sensor, root), positions(ROWS, COLUMNS)
    found = []
    for press in real_presses(sensor, root):
        distance = distance_mm(press.marked)
        inside = distance < press.radius_mm
        rise = np.sqrt(np.maximum(GELSIGHT_BALL_MM**2 - distance**2, 0.01))
        row, column = np.mgrid[0:ROWS, 0:COLUMNS].astype(np.float32)
        across = (press.marked[0] - column) * MM_PER_PIXEL / rise
        down = (press.marked[1] - row) * MM_PER_PIXEL / rise
        change = table.shade(
            across.astype(np.float32), down.astype(np.float32), np.ones_like(distance), where
        )
        found.append(_correlation(change, press.change, inside))
    return found


@lru_cache(maxsize=16)
def _radius_curve(ball_mm: float, drag_mm: float) -> tuple[list[float], list[float]]:
    """Contact radius by depth: (radii, depths) in mm, rising."""
    heights = ball_heights(np.array([COLUMNS / 2, ROWS / 2]), ball_mm)
    depths = np.linspace(0.1, 2.3, 23)
    radii = []
    for depth in depths:
        reach = penetration(heights, float(depth))
        touching = drape(reach, MM_PER_PIXEL, drag_mm) - reach < _TOUCHING_MM
        radii.append(float(np.sqrt(touching.sum() / np.pi) * MM_PER_PIXEL))
    return list(np.maximum.accumulate(radii)), depths.tolist()


def ball_depth(radius_mm: float, ball_mm: float, drag_mm: float) -> float:
    """How deep a ball must go so that the skin touches it over that radius, in mm."""
    radii, depths = _radius_curve(ball_mm, drag_mm)
    return float(np.interp(radius_mm, radii, depths))


def real_unit(sensor: Sensor, root: Path | None = None) -> SensorUnit:
    """The measured sensor itself: its resting frame and table, no noise.

    Raises:
        InputError: the files are not fetched.
    """
    return SensorUnit(
        resting=resting_frame(sensor, root),
        mixing=np.eye(3, dtype=np.float32),
        turn=0.0,
        position=positions(ROWS, COLUMNS),
        noise=0.0,
        drift=0.0,
        table=load_table(sensor, root),
    )


def _slopes_of(
    press: RealPress, place: NDArray[np.float64], ball_mm: float, depth_mm: float, drag_mm: float
) -> Slopes:
    """Skin and colour of the pixels that a press changes."""
    reach = penetration(ball_heights(place, ball_mm), depth_mm)
    skin = drape(reach, MM_PER_PIXEL, drag_mm)
    near = distance_mm(place) < AROUND * press.radius_mm
    slope_x, slope_y = slopes(skin, MM_PER_PIXEL)
    return Slopes(
        slope_x[near],
        slope_y[near],
        np.clip(skin[near] / np.float32(CONTACT_MM), 0.0, 1.0),
        positions(ROWS, COLUMNS)[near],
        press.change[near],
    )


def _judge(
    unit: SensorUnit,
    presses: Sequence[RealPress],
    places: Sequence[NDArray[np.float64]],
    depths: Sequence[float],
    held_out: Sequence[bool],
    tells_depth_mm: float | None,
    ball_mm: float = GELSIGHT_BALL_MM,
) -> list[Judged]:
    """All presses beside their simulations; `tells_depth_mm`: ball whose radius tells depth."""
    changes = [
        press_change(ball_heights(place, ball_mm), depth, unit)
        for place, depth in zip(places, depths, strict=True)
    ]
    # As the camera gives it: whole grey levels, 0 to 255.
    frames = [np.rint(np.clip(unit.resting + change, 0.0, 255.0)) for change in changes]
    real = [colour_radius(p.change, place) for p, place in zip(presses, places, strict=True)]
    marked = [press.radius_mm for press in presses]
    # Colour ends outside the contact, at the same multiple of it in every press.
    fitted = ~np.array(held_out)
    ratio = float(np.median((np.array(marked) / np.array(real))[fitted]))
    judged = []
    for press, place, frame, out, radius in zip(
        presses, places, frames, held_out, real, strict=True
    ):
        change = frame - unit.resting
        distance = distance_mm(place)
        simulated = colour_radius(change, place)
        depth_error = None
        if tells_depth_mm is not None:
            depth_error = _cap(simulated * ratio, tells_depth_mm) - _cap(
                radius * ratio, tells_depth_mm
            )
        inside = distance < press.radius_mm
        around = ~inside & (distance < AROUND * press.radius_mm)
        judged.append(
            Judged(
                press,
                frame,
                out,
                _correlation(change, press.change, inside),
                _correlation(change, press.change, around),
                _explained(change, press.change, inside | around),
                simulated - radius,
                depth_error,
            )
        )
    return judged


def _cap(radius_mm: float, ball_mm: float) -> float:
    """Height of the cap of a ball with that radius of its edge."""
    return float(ball_mm - np.sqrt(max(ball_mm**2 - radius_mm**2, 0.0)))


def _correlation(
    left: NDArray[np.float32], right: NDArray[np.float32], where: NDArray[np.bool_]
) -> float:
    return float(np.corrcoef(left[where].ravel(), right[where].ravel())[0, 1])


def _explained(
    simulated: NDArray[np.float32], real: NDArray[np.float32], where: NDArray[np.bool_]
) -> float:
    missed = float(((simulated - real)[where] ** 2).mean())
    return 1.0 - missed / float((real[where] ** 2).mean())
