# SPDX-License-Identifier: Apache-2.0
"""Shadows that a dent of the gel casts from each of the three lamps.

The shading table knows how bright a tilted skin is, but not that a hill stands between a lamp
and the skin behind it. In real presses every colour is darker on the side away from its lamp: red
up to the right, green down to the right, blue to the left, 120 degrees apart, which is where the
lamps of this sensor sit. The model is our own: light comes in at one low angle, a point is in
shadow by as much as it would have to rise to see its lamp, and the lamp is wide, so a shadow
begins softly. (The package taxim holds a measured table too, stored as pickled objects, which
this project does not open.)
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# Rise of the light per length. Skins are seen by light that runs along the gel.
LIGHT_RISE = 0.2
# Rising by this much out of the shadow brings the whole lamp into sight.
_PENUMBRA_MM = 0.8
# Shadows are soft: half of the resolution shows all of them.
_REDUCTION = 2
_BLUR_MM = 0.24


@dataclass(frozen=True)
class Lamp:
    """One lamp: the channel that sees it, where its shadows fall, how dark they are.

    Attributes:
        channel: 0 red, 1 green, 2 blue.
        falls: direction in which its shadows fall, degrees clockwise from "right" in the picture.
        darkness: grey levels that a full shadow takes from the channel.
    """

    channel: int
    falls: float
    darkness: float


# Directions as found in the real presses of the GelSight (`validation_fit.fit_lamps`). Their
# darkness was found with a drag of 0.65 mm; with the present one it would be a fifth more.
LAMPS = (Lamp(0, -60.0, 8.0), Lamp(1, 60.0, 13.0), Lamp(2, 180.0, 13.0))


def cast(
    skin: NDArray[np.float32],
    mm_per_pixel: float,
    turn: float = 0.0,
    lamps: tuple[Lamp, ...] = LAMPS,
) -> NDArray[np.float32]:
    """What the shadows of a dented gel take from every pixel.

    Args:
        skin: (H, W) float32 mm into the gel, the whole frame.
        mm_per_pixel: size of a pixel.
        turn: radians by which the lamps are turned against the camera.
        lamps: the lamps.

    Returns:
        (H, W, 3) float32, 0 or less, in grey levels.
    """
    rows, columns = skin.shape
    size = (columns // _REDUCTION, rows // _REDUCTION)
    small = np.asarray(cv2.resize(skin, size, interpolation=cv2.INTER_AREA), np.float32)
    step_mm = mm_per_pixel * columns / size[0]
    taken = np.zeros((*small.shape, 3), np.float32)
    for lamp in lamps:
        angle = np.radians(lamp.falls) - turn
        shade = np.clip(_hidden(small, step_mm, float(angle)) / _PENUMBRA_MM, 0.0, 1.0)
        taken[..., lamp.channel] -= np.float32(lamp.darkness) * shade
    soft = cv2.GaussianBlur(taken, (0, 0), _BLUR_MM / step_mm)
    return np.asarray(
        cv2.resize(soft, (columns, rows), interpolation=cv2.INTER_LINEAR), np.float32
    )


def _hidden(skin: NDArray[np.float32], step_mm: float, angle: float) -> NDArray[np.float32]:
    """By how many mm every point lies in the shadow that falls at `angle` (radians)."""
    rows, columns = skin.shape
    side = int(np.ceil(np.hypot(rows, columns))) + 2
    turned = cv2.getRotationMatrix2D(
        ((columns - 1) / 2, (rows - 1) / 2), float(np.degrees(angle)), 1.0
    )
    turned[:, 2] += [(side - columns) / 2, (side - rows) / 2]
    along = cv2.warpAffine(skin, turned, (side, side), flags=cv2.INTER_LINEAR)
    ramp = np.arange(side, dtype=np.float32) * np.float32(step_mm * LIGHT_RISE)
    lit_above = np.maximum.accumulate(along + ramp, axis=1) - ramp
    hidden = lit_above - along
    # A slope that turns away from the lamp is dark by itself, and the table says so: only what
    # another part of the skin hides is counted here.
    fall = np.zeros_like(along)
    fall[:, 1:-1] = (along[:, :-2] - along[:, 2:]) / np.float32(2 * step_mm)
    hidden *= np.clip(1.5 - 0.5 * fall / np.float32(LIGHT_RISE), 0.0, 1.0)
    back = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(hidden, turned, (columns, rows), flags=back), np.float32)
