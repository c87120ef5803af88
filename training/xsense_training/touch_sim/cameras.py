# SPDX-License-Identifier: Apache-2.0
"""Where the robot's camera is: whole objects from around the table, and close-ups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xsense_training.touch_sim.objects import Thing
from xsense_training.touch_sim.patches import draw_pose
from xsense_training.touch_sim.rays import Floats, dot

CLOSE_UP_SHARE = 0.4
_CLOSE_FIELD_MM = (35.0, 90.0)
_TRIES = 12

Vector = NDArray[np.float64]


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in the object's frame.

    Attributes:
        kind: 'whole' or 'close'.
        position: (3,) mm.
        axes: (3, 3), rows right, down, forward.
        field: full angle of view, rad.
        target: (3,) mm, in the middle of the picture.
    """

    kind: str
    position: Vector
    axes: NDArray[np.float64]
    field: float
    target: Vector

    def rays(self, pixels: Floats, size: int) -> Floats:
        """Unit directions (N, 3) of pixel positions (N, 2), x and y from the upper left corner."""
        scale = np.float32(np.tan(self.field / 2))
        offset = (pixels * np.float32(2.0 / size) - np.float32(1)) * scale
        axes = self.axes.astype(np.float32)
        out = offset @ axes[:2] + axes[2]
        out /= np.sqrt(dot(out, out))[:, None]
        return np.ascontiguousarray(out, np.float32)

    def pixel_angle(self, size: int) -> float:
        """Angle that one pixel in the middle covers, rad."""
        return float(2.0 * np.tan(self.field / 2) / size)

    def description(self) -> dict[str, Any]:
        """What `instances.json` says of it."""
        return {
            'kind': self.kind,
            'position_mm': [round(float(value), 2) for value in self.position],
            'target_mm': [round(float(value), 2) for value in self.target],
            'field_degrees': round(float(np.degrees(self.field)), 2),
        }


def draw_rest(generator: np.random.Generator) -> Vector:
    """The upward direction in the object's frame: it stands, or lies on another side."""
    up = np.eye(3)[2]
    if generator.random() < 0.4:
        up = np.eye(3)[int(generator.integers(3))] * generator.choice([-1.0, 1.0])
    tilted = up + generator.normal(0, 0.03, 3)
    return np.asarray(tilted / np.linalg.norm(tilted))


def draw_camera(thing: Thing, up: Vector, generator: np.random.Generator) -> Camera:
    """A camera above the table that sees the object."""
    if generator.random() < CLOSE_UP_SHARE:
        for _ in range(_TRIES):
            place = draw_pose(thing, generator)
            towards = place.normal + 0.45 * generator.normal(size=3)
            towards /= np.linalg.norm(towards)
            if place.normal @ up < -0.1 or towards @ up < 0.15 or towards @ place.normal < 0.5:
                continue
            field = np.radians(generator.uniform(35, 60))
            distance = 0.5 * generator.uniform(*_CLOSE_FIELD_MM) / np.tan(field / 2)
            position = place.point + towards * distance
            ahead = thing.surface.cast(
                position[None].astype(np.float32), -towards[None].astype(np.float32)
            )
            # Nothing may stand between, above all no other part of the object.
            if ahead.distance[0] > 0.8 * distance:
                return _looking('close', position, place.point, up, field, generator)
    elevation = np.radians(generator.uniform(12, 75))
    azimuth = generator.uniform(0, 2 * np.pi)
    first = np.cross(np.eye(3)[int(np.argmin(np.abs(up)))], up)
    first /= np.linalg.norm(first)
    second = np.cross(up, first)
    level = np.cos(azimuth) * first + np.sin(azimuth) * second
    towards = np.cos(elevation) * level + np.sin(elevation) * up
    field = np.radians(generator.uniform(30, 55))
    along = thing.shape.vertices @ towards
    aside = thing.shape.vertices - along[:, None] * towards
    # What the camera sees of it decides the distance: a lying bottle fills a picture, too.
    radius = thing.size_mm * float(np.sqrt((aside**2).sum(axis=1).max()))
    depth = thing.size_mm * float(along.max())
    distance = depth + radius / (np.tan(field / 2) * generator.uniform(0.5, 0.95))
    target = generator.normal(0, 0.1 * radius, 3)
    return _looking('whole', target + towards * distance, target, up, field, generator)


def _looking(
    kind: str,
    position: Vector,
    target: Vector,
    up: Vector,
    field: float,
    generator: np.random.Generator,
) -> Camera:
    """A camera at a position towards a target, rolled a little."""
    forward = (target - position) / np.linalg.norm(target - position)
    upright = up + generator.normal(0, 0.08, 3)
    right = np.cross(forward, upright)
    right /= np.linalg.norm(right)
    return Camera(
        kind, position, np.stack([right, np.cross(forward, right), forward]), float(field), target
    )
