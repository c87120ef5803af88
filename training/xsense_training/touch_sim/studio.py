# SPDX-License-Identifier: Apache-2.0
"""What is around the object in a picture: lights, soft boxes, table and wall."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_training.touch_sim.rays import Floats, dot

Vector = NDArray[np.float64]
_WAVES, _BLOTCHES = 6, 5  # of the table's pattern, of the object's mottling


@dataclass(frozen=True)
class Studio:
    """Light and background of one picture.

    Attributes:
        up: (3,) upward.
        table: height of the table along `up`, mm.
        key_direction, sky_direction: (3,) towards the key light and the middle of the sky.
        key_colour, sky_colour, ground_colour: linear RGB.
        boxes: (B, 3) directions of soft boxes.
        box_colours: (B, 3) linear RGB.
        box_sharpness: (B,) of their lobes.
        table_colours: (2, 3) that the table varies between.
        wall_colour: linear RGB behind the table.
        vectors, phases: waves (W, 3) in rad/mm and (W,) of the pattern of the table.
        blotch_vectors: (B, 3) waves, in rad per length of the object, of its mottling.
        blotch_phases: (B,).
    """

    up: Vector
    table: float
    key_direction: Vector
    sky_direction: Vector
    key_colour: Floats
    sky_colour: Floats
    ground_colour: Floats
    boxes: Floats
    box_colours: Floats
    box_sharpness: Floats
    table_colours: Floats
    wall_colour: Floats
    vectors: Floats
    phases: Floats
    blotch_vectors: Floats
    blotch_phases: Floats

    def floor_distance(self, position: Vector, directions: Floats) -> Floats:
        """Distance along rays (N, 3) to the table, 0 where they go above the horizon: (N,)."""
        down = directions @ self.up.astype(np.float32)
        height = np.float32(position @ self.up - self.table)
        return np.where(down < -0.02, height / np.maximum(-down, np.float32(0.02)), np.float32(0))

    def near(self, points: Floats, reach_mm: float) -> NDArray[np.bool_]:
        """Points (N, 3) near enough to the object to lie in its shadow."""
        return np.asarray(dot(points, points) < reach_mm**2)

    def blotches(self, points: Floats, size_mm: float) -> Floats:
        """Large irregular pattern in [-1, 1] over the object: (N,)."""
        angles = points @ (self.blotch_vectors / np.float32(size_mm)).T + self.blotch_phases
        return np.asarray(np.tanh(np.cos(angles) @ np.full(_BLOTCHES, 0.6, np.float32)))

    def irradiance(self, normals: Floats) -> Floats:
        """Light of sky, ground and boxes on surfaces (N, 3), over pi: (N, 3)."""
        upward = (0.5 + 0.5 * (normals @ self.up.astype(np.float32)))[:, None]
        out = upward * self.sky_colour + (1 - upward) * self.ground_colour
        facing = np.clip((normals @ self.boxes.T + 0.3) / 1.3, 0, 1)
        out += facing @ (self.box_colours * (2.0 / self.box_sharpness[:, None]))
        return np.asarray(out, np.float32)

    def reflection(self, directions: Floats, roughness: float) -> Floats:
        """What a surface of that roughness mirrors from directions (N, 3): (N, 3)."""
        upward = (directions @ self.up.astype(np.float32)) / (0.08 + 1.2 * roughness)
        share = (0.5 + 0.5 * np.tanh(upward))[:, None]
        out = share * self.sky_colour + (1 - share) * self.ground_colour
        # A lobe widened by the roughness keeps its light.
        sharpness = 1.0 / (1.0 / self.box_sharpness + 0.5 * roughness**2)
        lobes = np.exp(sharpness * (directions @ self.boxes.T - 1))
        out += lobes @ (self.box_colours * (sharpness / self.box_sharpness)[:, None])
        return np.asarray(out, np.float32)

    def background(
        self, origin: Floats, directions: Floats, floor: Floats, lit: Floats, sky: Floats
    ) -> Floats:
        """Colours of table and wall for rays (N, 3) that meet the table at `floor`: (N, 3)."""
        out = np.broadcast_to(self.wall_colour, directions.shape).copy()
        rise = np.clip(directions @ self.up.astype(np.float32), -0.2, 1)[:, None]
        out *= 1.0 + 0.5 * rise
        below = floor > 0
        # Most cameras see no horizon, and a slice copies nothing.
        rows = slice(None) if below.all() else np.flatnonzero(below)
        points = origin + directions[rows] * floor[rows, None]
        pattern = np.cos(points @ self.vectors.T + self.phases) @ np.full(
            _WAVES, 1.4 / _WAVES, np.float32
        )
        share = (0.5 + 0.5 * np.tanh(2.5 * pattern))[:, None]
        colour = share * self.table_colours[0] + (1 - share) * self.table_colours[1]
        key = np.float32(self.key_direction @ self.up / np.pi)
        light = lit[rows, None] * key * self.key_colour
        light = light + (0.3 + 0.7 * sky[rows, None]) * self.sky_colour
        haze = np.clip(floor[rows, None] / 1500.0, 0, 1) ** 2
        out[rows] = colour * light * (1 - haze) + out[rows] * haze
        return out


def draw_studio(up: Vector, table: float, generator: np.random.Generator) -> Studio:
    """Light and background of one picture."""
    warmth = generator.normal(0, 0.12)
    key = _warm(warmth) * generator.uniform(1.0, 4.0)
    sky = _warm(-0.5 * warmth + generator.normal(0, 0.06)) * generator.uniform(0.2, 0.7)
    count = int(generator.integers(2, 5))
    table_colour = _surface_colour(generator)
    other = table_colour * generator.uniform(0.55, 1.15) * (1 + generator.normal(0, 0.04, 3))
    scale = np.exp(generator.uniform(np.log(8), np.log(120)))
    vectors = generator.normal(size=(_WAVES, 3)) * (2 * np.pi / scale)
    vectors *= np.array([1.0, 1.0, 1.0]) if generator.random() < 0.6 else [1.0, 0.06, 0.06]
    return Studio(
        up=up,
        table=table,
        key_direction=_above(up, 0.35, generator),
        sky_direction=_above(up, 0.9, generator),
        key_colour=key.astype(np.float32),
        sky_colour=sky.astype(np.float32),
        ground_colour=(table_colour * (sky + 0.15 * key)).astype(np.float32),
        boxes=np.stack([_above(up, 0.0, generator) for _ in range(count)]).astype(np.float32),
        box_colours=(
            generator.uniform(0.5, 3.0, (count, 1)) * (1 + generator.normal(0, 0.05, (count, 3)))
        ).astype(np.float32),
        box_sharpness=np.exp(generator.uniform(1.0, 4.5, count)).astype(np.float32),
        table_colours=np.stack([table_colour, other]).astype(np.float32),
        wall_colour=(_surface_colour(generator) * sky * 1.5).astype(np.float32),
        vectors=vectors.astype(np.float32),
        phases=generator.uniform(0, 6.3, _WAVES).astype(np.float32),
        blotch_vectors=(generator.normal(size=(_BLOTCHES, 3)) * 5.0).astype(np.float32),
        blotch_phases=generator.uniform(0, 6.3, _BLOTCHES).astype(np.float32),
    )


def _warm(warmth: float) -> NDArray[np.float64]:
    """Linear RGB of mean 1, redder for positive warmth."""
    return np.array([1.0 + warmth, 1.0, max(0.2, 1.0 - 1.3 * warmth)])


def _surface_colour(generator: np.random.Generator) -> NDArray[np.float64]:
    """Linear RGB of a table or wall: grey, brownish or, seldom, coloured; any brightness."""
    grey = np.exp(generator.uniform(np.log(0.03), np.log(0.8)))
    kind = generator.random()
    if kind < 0.4:
        tint = 1 + generator.normal(0, 0.04, 3)
    elif kind < 0.8:
        tint = np.array([1.25, 0.95, 0.65]) ** generator.uniform(0.2, 1.6)
    else:
        tint = 1 + generator.normal(0, 0.3, 3)
    return np.asarray(np.clip(grey * tint, 0.01, 0.95))


def _above(up: Vector, lowest: float, generator: np.random.Generator) -> Vector:
    """A random direction at least that far (cosine) towards `up`."""
    while True:
        direction = generator.normal(size=3)
        direction /= np.linalg.norm(direction)
        if direction @ up > lowest:
            return np.asarray(direction)
