# SPDX-License-Identifier: Apache-2.0
"""What lies under the gel: heights of the object's surface in the gel's frame.

Gel frame: z is the gel's normal from the object to the camera behind the gel; columns run along
u, rows along v = u x z, so that the array is the picture that this camera sees (u to the right,
v down, looking along -z).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.touch_sim.bumps import Bump
from xsense_training.touch_sim.objects import Thing
from xsense_training.touch_sim.rays import Floats, Surface

ROWS, COLUMNS = 240, 320
MM_PER_PIXEL = 0.059
THETA_DEGREES = 15.0
DEPTH_MM = (0.5, 2.0)
# A surface further below the highest point than depth and relief can never touch the gel.
_REACH_MM = 3.5
_NOTHING_MM = 60.0  # below the highest point: stands for no surface while interpolating
_TRIES = 200
_PRESSES = 8
_ROUGH = 8  # grid of the first look at a press, in pixels
_CONTACT_MM2 = 25.0


@dataclass(frozen=True)
class GelPose:
    """Where and how the gel meets the object.

    Attributes:
        point: float64 (3,) mm, on the surface, under the middle of the gel.
        normal: float64 (3,) unit outward normal of the surface there.
        theta: tilt of the gel's normal against it, rad.
        phi: rotation of the gel about its normal, rad.
        u, v, z: float64 (3,) axes of the gel's frame.
    """

    point: NDArray[np.float64]
    normal: NDArray[np.float64]
    theta: float
    phi: float
    u: NDArray[np.float64]
    v: NDArray[np.float64]
    z: NDArray[np.float64]


def draw_pose(thing: Thing, generator: np.random.Generator) -> GelPose:
    """A random place that a finger can reach, uniform over the surface.

    theta is in [0, 15 degrees], phi in [0, 2 pi], as in ObjectFolder's renderer; small tilts are
    commoner, because a finger gives way.

    Raises:
        InputError: no place can be reached.
    """
    surface, reach = thing.surface, 3.0 * thing.size_mm
    for _ in range(_TRIES):
        point, normal = surface.pick(generator)
        theta = float(np.radians(THETA_DEGREES) * generator.beta(1.0, 2.5))
        lean, phi = (float(angle) for angle in generator.uniform(0, 2 * np.pi, 2))
        for outward in (normal, -normal):
            pose = gel_pose(point, outward, theta, lean, phi)
            hits = surface.cast(
                (point + pose.z * reach)[None].astype(np.float32),
                -pose.z[None].astype(np.float32),
            )
            if hits.found[0] and abs(float(hits.distance[0]) - reach) < 0.05:
                return pose
    raise InputError(
        'mesh',
        thing.shape.name,
        'a surface that a finger can reach from outside',
        'take the mesh out of touch_sim/meshes.py',
    )


def draw_press(
    thing: Thing, depth_mm: float, generator: np.random.Generator
) -> tuple[GelPose, Floats]:
    """A press that a robot would keep, and the heights under it.

    A pose whose contact in the middle of the gel is too small is drawn again, as a contact gate
    would drop it; after some tries whatever comes is taken (thin things never fill the gel).

    Args:
        thing: the object.
        depth_mm: how far its highest point goes into the gel.
        generator: of the pose.

    Raises:
        InputError: no place can be reached.
    """
    for _ in range(_PRESSES):
        pose = draw_pose(thing, generator)
        rough = patch_heights(
            thing.surface, thing.bump, pose, ROWS // _ROUGH, COLUMNS // _ROUGH,
            MM_PER_PIXEL * _ROUGH,
        )  # fmt: skip
        edge = (COLUMNS - ROWS) // _ROUGH // 2
        touching = rough[:, edge:-edge] > rough.max() - depth_mm
        if np.count_nonzero(touching) * (MM_PER_PIXEL * _ROUGH) ** 2 > _CONTACT_MM2:
            break
    return pose, patch_heights(thing.surface, thing.bump, pose)


def gel_pose(
    point: NDArray[np.float64],
    normal: NDArray[np.float64],
    theta: float,
    lean: float,
    phi: float,
) -> GelPose:
    """Frame of a gel tilted by theta towards the direction `lean`, then turned by phi (rad)."""
    first, second = _tangents(normal)
    tilted = np.cos(theta) * normal + np.sin(theta) * (
        np.cos(lean) * first + np.sin(lean) * second
    )
    a, b = _tangents(tilted)
    u = np.cos(phi) * a + np.sin(phi) * b
    return GelPose(point, normal, theta, phi, u, _cross(u, tilted), tilted)


def patch_heights(
    surface: Surface,
    bump: Bump,
    pose: GelPose,
    rows: int = ROWS,
    columns: int = COLUMNS,
    mm_per_pixel: float = MM_PER_PIXEL,
    reach_mm: float = 600.0,
) -> Floats:
    """Heights under the gel.

    Args:
        surface: the object.
        bump: its relief.
        pose: of the gel.
        rows: of the grid.
        columns: of the grid.
        mm_per_pixel: distance of two of its points.
        reach_mm: height that rays start from.

    Returns:
        float32 (rows, columns) mm along the gel's normal, larger is nearer to the gel, 0 at the
        middle of the smooth shape; -inf where nothing is in reach.
    """
    z = pose.z.astype(np.float32)
    # The shape is sampled at every second pixel and interpolated, the relief at every one.
    across, down = _steps(columns // 2, 2 * mm_per_pixel), _steps(rows // 2, 2 * mm_per_pixel)
    origins = _grid(pose, across, down, reach_mm)
    hits = surface.cast(origins, np.broadcast_to(-z, origins.shape).copy())
    found = np.flatnonzero(hits.found)
    cosine = np.ones(len(origins), np.float32)
    cosine[found] = np.maximum(surface.normals_at(hits, found)[1] @ z, np.float32(0.5))
    coarse = np.full(len(origins), -np.inf, np.float32)
    coarse[found] = np.float32(reach_mm) - hits.distance[found]
    lowest = (coarse[found].max() if found.size else np.float32(0)) - np.float32(_NOTHING_MM)
    shape = _finer(np.maximum(coarse, lowest), rows, columns)
    coarse[found] += surface.lift_at(hits, found) / cosine[found]
    heights = _finer(np.maximum(coarse, lowest), rows, columns)
    near = np.flatnonzero(heights > heights.max() - _REACH_MM)
    fine = _grid(pose, _steps(columns, mm_per_pixel), _steps(rows, mm_per_pixel), 0.0)
    points = fine[near] + shape[near, None] * z
    # The relief rises along the surface's normal; its height seen along z is that over cosine
    # for a tilted plane, which for steep flanks would be unbounded.
    heights[near] += bump.height(points) / _finer(cosine, rows, columns)[near]
    heights[heights < heights.max() - 0.5 * _NOTHING_MM] = -np.inf
    return heights.reshape(rows, columns)


def _steps(count: int, step_mm: float) -> NDArray[np.float64]:
    """Places along one side of the grid, the middle at 0."""
    return np.asarray((np.arange(count) - (count - 1) / 2) * step_mm)


def _grid(
    pose: GelPose, across: NDArray[np.float64], down: NDArray[np.float64], above_mm: float
) -> Floats:
    """Points (rows * columns, 3) of the grid, lifted along the gel's normal."""
    start = pose.point + pose.z * above_mm
    grid = start + down[:, None, None] * pose.v + across[None, :, None] * pose.u
    return np.ascontiguousarray(grid.reshape(-1, 3), np.float32)


def _finer(values: Floats, rows: int, columns: int) -> Floats:
    """Values on the coarse grid interpolated on the fine one, both flattened."""
    coarse = values.reshape(rows // 2, columns // 2)
    fine = cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(fine, np.float32).ravel()


def _tangents(
    normal: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two unit vectors that make a right-handed frame with the normal as third."""
    helper = np.eye(3)[int(np.argmin(np.abs(normal)))]
    first = _cross(helper, normal)
    first /= np.sqrt(first @ first)
    return first, _cross(normal, first)


def _cross(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Vector product of two vectors (3,); numpy's own is slow for so little."""
    x, y, z = a.tolist()
    p, q, r = b.tolist()
    return np.array([y * r - z * q, z * p - x * r, x * q - y * p])
