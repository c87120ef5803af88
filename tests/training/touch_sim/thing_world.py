# SPDX-License-Identifier: Apache-2.0
"""Objects of known geometry, and where the real meshes are."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import trimesh

from xsense_training.data.root import data_root
from xsense_training.touch_sim.bumps import Bump, draw_bump
from xsense_training.touch_sim.materials import Substance, draw_substance
from xsense_training.touch_sim.meshes import Shape
from xsense_training.touch_sim.objects import Thing
from xsense_training.touch_sim.rays import Surface

needs_both = pytest.mark.skipif(
    not ((data_root() / 'pybullet').is_dir() and (data_root() / 'taxim').is_dir()),
    reason='xsense-train data fetch meshes && xsense-train data fetch gel',
)

FLAT = draw_bump('smooth', np.random.default_rng(0), amplitude_mm=1e-6)


def thing(
    mesh: trimesh.Trimesh,
    size_mm: float,
    material: str = 'steel',
    bump: Bump = FLAT,
    **changes: float,
) -> Thing:
    """An object of that mesh, its longest side scaled to `size_mm`."""
    vertices = np.array(mesh.vertices) / np.ptp(mesh.vertices, axis=0).max()
    shape = Shape('made', vertices, np.array(mesh.faces), 0.5)
    substance: Substance = draw_substance(material, np.random.default_rng(0))
    substance = dataclasses.replace(substance, **changes)
    surface = Surface(vertices * size_mm, mesh.faces)
    return Thing(0, 0, shape, size_mm, substance, bump, surface)


def ball(size_mm: float = 60.0, fine: int = 4, **options) -> Thing:
    return thing(trimesh.creation.icosphere(subdivisions=fine), size_mm, **options)


def box(size_mm: float = 60.0, **options) -> Thing:
    return thing(trimesh.creation.box((1.0, 0.8, 0.5)), size_mm, **options)
