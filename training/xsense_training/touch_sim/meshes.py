# SPDX-License-Identifier: Apache-2.0
"""Shapes of objects: collected meshes and parametric bodies, longest side 1, centred.

Half of the objects are procedural meshes and known things of the fetched mesh set, the other half
are superquadrics (Barr, "Superquadrics and angle-preserving transformations", 1981), turned
bodies, tori and capsules, bent and tapered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from xsense_training.data.root import require

DATASET = 'meshes'
FOLDER = 'pybullet/pybullet_data'
_PROCEDURAL = 1000
_PROCEDURAL_SHARE = 0.4
_BROKEN = 168  # its file holds NaN
_NAMED_EVERY = 8  # one object in so many is a known thing, while they last
NAMED = (
    'duck.obj',
    'bunny.obj',
    'objects/mug.obj',
    'teddy2_VHACD_CHs.obj',
    'soccerball.obj',
    'lego/lego.obj',
    'toys/shape_sorter.obj',
    'toys/prism.obj',
    'toys/cylinder.obj',
    'domino/domino.obj',
    'racecar/meshes/left_rear_wheel.obj',
    'racecar/meshes/hokuyo.obj',
    'racecar/meshes/cone.obj',
    'torus/torus_textured.obj',
    'stone.obj',
    'franka_panda/meshes/visual/hand.obj',
    'franka_panda/meshes/visual/finger.obj',
    'kuka_iiwa/meshes/link_6.obj',
    'quadruped/tmotor3.obj',
    'a1/meshes/hip.obj',
    'laikago/hip_motor.obj',
    'mini_cheetah/meshes/mini_abad.obj',
    'tray/tray_textured.obj',
)


@dataclass(frozen=True)
class Shape:
    """A mesh of longest side 1 around the origin.

    Attributes:
        name: where it comes from, 'random_urdfs/472' or 'bottle-1834'.
        vertices: float64 (V, 3).
        faces: int64 (F, 3).
        fill: volume of the closed body over that of its bounding box.
    """

    name: str
    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    fill: float


def shape_of(number: int, seed: int, generator: np.random.Generator, root: Path) -> Shape:
    """Shape of object `number` (from 0); no two objects of a seed have the same mesh.

    Args:
        number: of the object.
        seed: of the whole set: it decides the order in which collected meshes are dealt.
        generator: the object's own, for parametric shapes.
        root: data root.

    Raises:
        InputError: the mesh set is not fetched.
    """
    folder = require(root, FOLDER, DATASET)
    deal = np.random.default_rng([seed, 0])
    procedural, named = deal.permutation(_PROCEDURAL), deal.permutation(len(NAMED))
    turn, rest = divmod(number, _NAMED_EVERY)
    if rest == 0 and turn < len(NAMED):
        name = NAMED[named[turn]]
        return _finished(name, _load(folder / name))
    if number < _PROCEDURAL - 1 and generator.random() < _PROCEDURAL_SHARE:
        # The last one dealt belongs to no number: it stands in for the broken one.
        at = -1 if procedural[number] == _BROKEN else number
        code = f'{procedural[at]:03d}'
        return _finished(f'random_urdfs/{code}', _load(folder / f'random_urdfs/{code}/{code}.obj'))
    kind = str(generator.choice(list(_BODIES)))
    mesh = _BODIES[kind](generator)
    _deform(mesh, generator)
    return _finished(f'{kind}-{number}', mesh)


def _load(path: Path) -> trimesh.Trimesh:
    mesh = trimesh.load(path, force='mesh', process=False, skip_materials=True)
    assert isinstance(mesh, trimesh.Trimesh)
    # Texture seams split vertices; round parts must be joined to look and feel round.
    mesh.merge_vertices(merge_tex=True, merge_norm=True)
    return mesh


def _finished(name: str, mesh: trimesh.Trimesh) -> Shape:
    vertices = np.asarray(mesh.vertices, np.float64)
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    side = float((high - low).max())
    vertices = (vertices - (low + high) / 2) / side
    extents = (high - low) / side
    volume = abs(float(mesh.volume)) / side**3
    box = float(np.prod(np.maximum(extents, 0.02)))
    # Collected meshes may be open or overlap themselves.
    fill = float(np.clip(volume / box, 0.15, 0.95))
    return Shape(name, vertices, np.asarray(mesh.faces, np.int64), fill)


def _ball() -> trimesh.Trimesh:
    """A ball of 20,480 faces."""
    mesh: trimesh.Trimesh = trimesh.creation.icosphere(subdivisions=5)
    return mesh


def _revolved(profile: NDArray[np.float64], sections: int = 128) -> trimesh.Trimesh:
    """The body that a profile (N, 2) of radius and height turns to."""
    mesh: trimesh.Trimesh = trimesh.creation.revolve(profile, sections=sections)
    return mesh


def _superquadric(generator: np.random.Generator) -> trimesh.Trimesh:
    """Between box, cylinder, ball and diamond, three half axes."""
    mesh = _ball()
    flat, tall = 2.0 * 2.0 ** generator.uniform(-0.5, 2.3, 2)
    axes = np.array([1.0, generator.uniform(0.4, 1.0), generator.uniform(0.2, 1.0)])
    x, y, z = np.abs(mesh.vertices / np.linalg.norm(mesh.vertices, axis=1, keepdims=True)).T
    ring = (x**flat + y**flat) ** (tall / flat)
    radius = (ring + z**tall) ** (-1.0 / tall)
    mesh.vertices = mesh.vertices * radius[:, None] * axes
    return mesh


def _turned(generator: np.random.Generator) -> trimesh.Trimesh:
    """A body of revolution with an irregular profile: vases, knobs, bottles."""
    height = np.linspace(0.0, 1.0, 80)
    waves = sum(
        generator.normal(0, 0.14 / order) * np.sin(np.pi * order * height + phase)
        for order, phase in enumerate(generator.uniform(0, 6.3, 5), start=1)
    )
    radius = np.clip(generator.uniform(0.18, 0.5) * (1.0 + 1.6 * waves), 0.06, 0.7)
    profile = [(0.0, 0.0), *zip(radius, height, strict=True), (0.0, 1.0)]
    return _revolved(np.array(profile))


def _vessel(generator: np.random.Generator) -> trimesh.Trimesh:
    """An open bowl, cup or beaker with a wall."""
    height = np.linspace(0.0, 1.0, 50)
    flare, tall = generator.uniform(0.3, 1.2), generator.uniform(0.5, 1.6)
    bottom = generator.uniform(0.35, 0.9)
    radius = 0.5 * (bottom + (1.0 - bottom) * height**flare)
    wall = generator.uniform(0.03, 0.08)
    outer = np.stack([radius, height * tall], axis=1)
    inner = np.stack([radius - wall, np.maximum(height * tall, wall)], axis=1)[::-1]
    rim = [(radius[-1] - wall / 2, tall + wall / 3)]
    profile = [(0.0, 0.0), *map(tuple, outer), *rim, *map(tuple, inner), (0.0, wall)]
    return _revolved(np.array(profile))


def _cylinder(generator: np.random.Generator) -> trimesh.Trimesh:
    """A cylinder, cone or prism with rounded edges."""
    sides = int(generator.choice([3, 4, 5, 6, 8, 128, 128, 128]))
    bottom, top = 0.5, 0.5 * generator.uniform(0.4, 1.0)
    tall, edge = generator.uniform(0.2, 2.0), generator.uniform(0.01, 0.08)
    turn = np.linspace(0, np.pi / 2, 7)
    low = np.stack([bottom - edge + edge * np.sin(turn), edge - edge * np.cos(turn)], axis=1)
    high = np.stack([top - edge + edge * np.cos(turn), tall - edge + edge * np.sin(turn)], axis=1)
    profile = np.concatenate([[(0.0, 0.0)], low, _between(low[-1], high[0]), high, [(0.0, tall)]])
    return _revolved(profile, sides)


def _ring(generator: np.random.Generator) -> trimesh.Trimesh:
    """A torus, thick to thin."""
    minor = generator.uniform(0.08, 0.35)
    mesh: trimesh.Trimesh = trimesh.creation.torus(
        0.5, minor, major_sections=128, minor_sections=64
    )
    return mesh


def _capsule(generator: np.random.Generator) -> trimesh.Trimesh:
    """A capsule, stout to slender."""
    tall, turn = generator.uniform(0.3, 3.0), np.linspace(0, np.pi / 2, 30)
    low = 0.5 * np.stack([np.sin(turn), 1 - np.cos(turn)], axis=1)
    high = np.stack([low[::-1, 0], 1.0 + tall - low[::-1, 1]], axis=1)
    profile = np.concatenate([low, _between(low[-1], high[0]), high])
    return _revolved(profile)


def _between(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points on the straight part of a profile, so that it can be bent and twisted."""
    return np.asarray(start + np.linspace(0, 1, 40)[1:-1, None] * (end - start))


def _pebble(generator: np.random.Generator) -> trimesh.Trimesh:
    """A ball with large irregular dents and bulges."""
    mesh = _ball()
    directions = generator.normal(size=(12, 3)) * generator.uniform(1.0, 3.5)
    phases = generator.uniform(0, 6.3, 12)
    bulge = np.cos(mesh.vertices @ directions.T + phases).sum(axis=1) / np.sqrt(6)
    axes = np.array([1.0, generator.uniform(0.5, 1.0), generator.uniform(0.35, 1.0)])
    mesh.vertices = mesh.vertices * (1.0 + generator.uniform(0.04, 0.18) * bulge[:, None]) * axes
    return mesh


_BODIES: dict[str, Callable[[np.random.Generator], trimesh.Trimesh]] = {
    'superquadric': _superquadric,
    'turned': _turned,
    'vessel': _vessel,
    'cylinder': _cylinder,
    'ring': _ring,
    'capsule': _capsule,
    'pebble': _pebble,
}


def _deform(mesh: trimesh.Trimesh, generator: np.random.Generator) -> None:
    """Half of the parametric bodies are tapered, twisted or bent a little, in place."""
    vertices = np.array(mesh.vertices)
    vertices -= vertices.mean(axis=0)
    vertices /= np.ptp(vertices, axis=0).max()
    if generator.random() < 0.3:
        vertices[:, :2] *= 1.0 + generator.uniform(-0.6, 0.6) * vertices[:, 2:]
    if generator.random() < 0.25:
        angle = generator.uniform(-1.6, 1.6) * vertices[:, 2]
        cos, sin = np.cos(angle), np.sin(angle)
        x, y = vertices[:, 0].copy(), vertices[:, 1].copy()
        vertices[:, 0], vertices[:, 1] = x * cos - y * sin, x * sin + y * cos
    if generator.random() < 0.25:
        vertices[:, 0] += generator.uniform(-0.5, 0.5) * vertices[:, 2] ** 2
    mesh.vertices = vertices
