# SPDX-License-Identifier: Apache-2.0
"""One simulated sensor: lamps, gel and camera as they left the factory.

Two sensors of one type never give the same picture: lamps differ in brightness and colour, the
gel sits a little shifted and turned against the camera, its coat has folds and scratches. All of
it is drawn from one seed. How far units lie apart is judged by the two measured sensors: their
mean colours differ by a factor of 1.24 (red) to 1.56 (blue), and those are of two types; units of
one type are drawn with about half of that spread.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_training.touch_sim.gel_background import draw_background
from xsense_training.touch_sim.gel_contact import DRAG_MM
from xsense_training.touch_sim.gel_shadow import LAMPS, Lamp, cast
from xsense_training.touch_sim.gel_table import ShadingTable, load_table, positions

ROWS, COLUMNS = 240, 320
MM_PER_PIXEL = 0.059
# A skin that is pushed in by this much counts as wholly in contact.
CONTACT_MM = 0.15
# Spread between units: brightness of a lamp (log), share of a colour seen in another channel,
# turn of the gel, shift of the gel in pixels of the 640x480 frame, strength of a slope's colour.
_LAMP_SPREAD = 0.12
_CROSSTALK_SPREAD = 0.04
_TURN_DEGREES = 3.0
_SHIFT_PIXELS = 12.0
# The measured cameras have 0.6..1.2 grey levels of noise, and drift by about one from frame to
# frame as the lamps warm up.
_NOISE = (0.6, 1.3)
_DRIFT = 0.8


@dataclass(frozen=True)
class SensorUnit:
    """A sensor of its own.

    Attributes:
        resting: (240, 320, 3) float32, the frame without contact and without noise.
        mixing: (3, 3) float32, colour change of the measured sensor to that of this one.
        turn: radians by which the gel with its lamps is turned against the camera.
        position: (240, 320, 2) float32, where a pixel lies in the measured sensor's frame.
        noise: standard deviation of the camera's noise in grey levels.
        drift: standard deviation of the brightness of a channel from frame to frame.
        table: shading of the measured sensor.
        lamps: its lamps.
        drag_mm: how far its skin is dragged along beside an object, see `gel_contact`.
    """

    resting: NDArray[np.float32]
    mixing: NDArray[np.float32]
    turn: float
    position: NDArray[np.float32]
    noise: float
    drift: float
    table: ShadingTable
    lamps: tuple[Lamp, ...] = LAMPS
    drag_mm: float = DRAG_MM

    @classmethod
    def draw(cls, seed: int) -> SensorUnit:
        """The unit of that number; the same number gives the same unit everywhere.

        Raises:
            InputError: the measured files are not fetched (`xsense-train data fetch gel`).
        """
        draw = np.random.default_rng([seed, 0x6E1])
        gain = np.exp(draw.normal(0.0, _LAMP_SPREAD, 3))
        crosstalk = np.eye(3) + draw.normal(0.0, _CROSSTALK_SPREAD, (3, 3))
        mixing = (crosstalk * gain).astype(np.float32)
        turn = float(draw.normal(0.0, np.radians(_TURN_DEGREES)))
        where = turned(positions(ROWS, COLUMNS), turn, draw.normal(0.0, _SHIFT_PIXELS, 2))
        noise = float(draw.uniform(*_NOISE))
        resting = draw_background(draw, where, mixing)
        return cls(resting, mixing, turn, where, noise, _DRIFT, load_table())

    def change(
        self,
        skin: NDArray[np.float32],
        slope: tuple[NDArray[np.float32], NDArray[np.float32]],
        window: tuple[slice, slice],
    ) -> NDArray[np.float32]:
        """Change of colour by a dented skin, without noise.

        Args:
            skin: (240, 320) float32 mm into the gel.
            slope: two (h, w) float32, rise of the skin to the right and down, inside the window.
            window: rows and columns outside of which the skin rests.

        Returns:
            (240, 320, 3) float32 in grey levels.
        """
        cos, sin = np.float32(np.cos(self.turn)), np.float32(np.sin(self.turn))
        across, down = slope
        change = cast(skin, MM_PER_PIXEL, self.turn, self.lamps)
        change[window] += self.table.shade(
            cos * across - sin * down,
            sin * across + cos * down,
            np.clip(skin[window] / np.float32(CONTACT_MM), 0.0, 1.0),
            self.position[window],
        )
        return np.asarray(cv2.transform(change, self.mixing), np.float32)

    def frame(
        self, change: NDArray[np.float32], generator: np.random.Generator
    ) -> NDArray[np.uint8]:
        """The camera's frame, (240, 320, 3) uint8: resting frame, change, noise and drift."""
        frame = generator.standard_normal(change.shape, dtype=np.float32)
        frame *= np.float32(self.noise)
        frame += self.resting
        frame += change
        frame += generator.normal(0.0, self.drift, 3).astype(np.float32)
        np.clip(frame, 0, 255, out=frame)
        return np.rint(frame).astype(np.uint8)

    def background(self, generator: np.random.Generator) -> NDArray[np.uint8]:
        """A frame without contact, (240, 320, 3) uint8 RGB, with the noise of its own."""
        return self.frame(np.zeros((ROWS, COLUMNS, 3), np.float32), generator)


def turned(
    position: NDArray[np.float32], turn: float, shift: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Positions (H, W, 2) turned by `turn` radians about the middle of the frame and shifted."""
    middle = np.array([319.5, 239.5], np.float32)
    cos, sin = np.cos(turn), np.sin(turn)
    matrix = np.array([[cos, -sin], [sin, cos]], np.float32)
    return np.asarray((position - middle) @ matrix.T + middle + shift, np.float32)
