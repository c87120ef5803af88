# SPDX-License-Identifier: Apache-2.0
"""One object: shape, size, material and relief, drawn from (seed, number) alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from xsense_training.touch_sim.bumps import Bump, draw_bump
from xsense_training.touch_sim.materials import (
    MATERIALS,
    Substance,
    draw_relief_family,
    draw_substance,
)
from xsense_training.touch_sim.meshes import Shape, shape_of
from xsense_training.touch_sim.rays import Surface

SIZE_MM = (40.0, 200.0)


@dataclass(frozen=True)
class Thing:
    """What all three senses are simulated from.

    Attributes:
        number: of the object, from 0.
        seed: of the set.
        shape: the mesh, longest side 1.
        size_mm: longest side of the object.
        substance: material with its drawn values.
        bump: relief of the surface, in mm of the object's frame.
        surface: the mesh at its real size, for rays.
    """

    number: int
    seed: int
    shape: Shape
    size_mm: float
    substance: Substance
    bump: Bump
    surface: Surface

    @property
    def extents_mm(self) -> tuple[float, float, float]:
        """Sides of the bounding box, longest first."""
        sides = np.ptp(self.shape.vertices, axis=0) * self.size_mm
        longest, middle, shortest = sorted((float(side) for side in sides), reverse=True)
        return longest, middle, shortest

    def generator(self, instance: int, stream: int) -> np.random.Generator:
        """The random numbers of one use (stream) in one instance, independent of all others."""
        return np.random.default_rng([self.seed, 2, self.number, instance, stream])

    def description(self) -> dict[str, Any]:
        """What `objects.json` says of it."""
        substance = self.substance
        return {
            'mesh': self.shape.name,
            'size_mm': round(self.size_mm, 2),
            'extents_mm': [round(side, 2) for side in self.extents_mm],
            'material': substance.material,
            'texture': {
                'family': self.bump.family,
                'amplitude_mm': round(self.bump.amplitude_mm, 4),
                'wavelength_mm': round(self.bump.wavelength_mm, 3),
            },
            'wall_mm': round(substance.wall_mm, 2),
            'density': round(substance.density, 1),
            'young': float(f'{substance.young:.4g}'),
            'loss': round(substance.loss, 5),
            'roughness': round(substance.roughness, 3),
            'colour': [round(channel, 4) for channel in substance.colour],
        }


def make_thing(number: int, seed: int, root: Path) -> Thing:
    """Object `number` of a set; the same for every size of the set.

    Raises:
        InputError: the mesh set is not fetched.
    """
    generator = np.random.default_rng([seed, 1, number])
    shape = shape_of(number, seed, generator, root)
    size = float(np.exp(generator.uniform(*np.log(SIZE_MM))))
    material = str(generator.choice(list(MATERIALS)))
    substance = draw_substance(material, generator)
    bump = draw_bump(draw_relief_family(material, generator), generator)
    surface = Surface(shape.vertices * size, shape.faces)
    return Thing(number, seed, shape, size, substance, bump, surface)
