# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from tests.training.touch_sim.thing_world import FLAT, ball, box
from xsense_training.touch_sim.bumps import draw_bump
from xsense_training.touch_sim.patches import (
    COLUMNS,
    MM_PER_PIXEL,
    ROWS,
    draw_pose,
    draw_press,
    gel_pose,
    patch_heights,
)
from xsense_training.touch_sim.views import bumped_normals

TOP = np.array([0.0, 0.0, 1.0])
# The outermost pixels are extrapolated from a grid of half the fineness.
INNER = (slice(2, -2), slice(2, -2))


def grid() -> tuple[np.ndarray, np.ndarray]:
    across = (np.arange(COLUMNS) - (COLUMNS - 1) / 2) * MM_PER_PIXEL
    down = (np.arange(ROWS) - (ROWS - 1) / 2) * MM_PER_PIXEL
    return np.meshgrid(across, down)


def test_frame_is_what_the_camera_behind_the_gel_sees():
    pose = gel_pose(np.zeros(3), TOP, 0.2, 1.0, 2.0)
    axes = np.stack([pose.u, pose.v, pose.z])
    assert np.allclose(axes @ axes.T, np.eye(3))
    # Right x down = forward, and this camera looks along -z.
    assert np.allclose(np.cross(pose.u, pose.v), -pose.z)
    assert pose.z @ pose.normal == pytest.approx(np.cos(0.2))


@pytest.mark.parametrize(('theta', 'size'), [(0.0, 60.0), (0.2, 40.0)])
def test_heights_of_a_ball(theta, size):
    radius = size / 2
    pose = gel_pose(radius * TOP, TOP, theta, 0.7, 1.1)
    heights = patch_heights(ball(size, fine=5).surface, FLAT, pose)
    x, y = grid()
    # Middle of the ball in the gel's frame, whose origin is the touched point.
    middle = np.array([pose.u, pose.v, pose.z]) @ (-radius * TOP)
    square = radius**2 - (x - middle[0]) ** 2 - (y - middle[1]) ** 2
    expected = middle[2] + np.sqrt(np.maximum(square, 0))
    near = (heights > heights.max() - 3.0)[INNER]
    assert np.abs(heights - expected)[INNER][near].max() < 0.01


@pytest.mark.parametrize('family', ['knurl', 'rough', 'hammered', 'weave', 'dimples'])
def test_relief_seen_is_the_relief_felt(family):
    """Normals of a view against numerical slopes of the heights, on a flat side."""
    bump = draw_bump(family, np.random.default_rng(1), wavelength_mm=5.0)
    thing = box(100.0, bump=bump)
    top = thing.shape.vertices[:, 2].max() * thing.size_mm
    pose = gel_pose(np.array([3.0, -2.0, top]), TOP, 0.0, 0.0, 0.4)
    heights = patch_heights(thing.surface, bump, pose)
    down, across = np.gradient(heights.astype(np.float64), MM_PER_PIXEL)
    x, y = grid()
    points = (pose.point + x[..., None] * pose.u + y[..., None] * pose.v).reshape(-1, 3)
    _, gradient = bump.height_and_gradient(points.astype(np.float32))
    flat = np.broadcast_to(TOP.astype(np.float32), gradient.shape)
    normal = bumped_normals(flat, gradient).reshape(ROWS, COLUMNS, 3)
    seen = -normal / normal[..., 2:]
    steepest = np.abs(across[INNER]).max()
    assert steepest > 0.05
    # Differences over two pixels round the creases off.
    for axis, slope in ((pose.u, across), (pose.v, down)):
        assert np.percentile(np.abs(seen @ axis - slope)[INNER], 99) < 0.03 * steepest


def test_nothing_beside_the_object_is_minus_infinity():
    thing = box(60.0)
    corner = thing.shape.vertices.max(axis=0) * thing.size_mm
    heights = patch_heights(thing.surface, FLAT, gel_pose(corner, TOP, 0.0, 0.0, 0.0))
    assert np.isneginf(heights).mean() == pytest.approx(0.75, abs=0.02)
    assert np.abs(heights[np.abs(heights) < 1.0]).max() < 1e-3
    assert (np.abs(heights) < 1.0).mean() == pytest.approx(0.25, abs=0.01)


def test_poses_are_on_the_surface_outward_and_within_the_tilt():
    thing = ball(60.0)
    poses = [draw_pose(thing, np.random.default_rng(seed)) for seed in range(40)]
    for pose in poses:
        assert np.linalg.norm(pose.point) == pytest.approx(30.0, abs=0.1)
        assert pose.normal @ pose.point > 29.5
        assert 0.0 <= pose.theta <= np.radians(15)
        assert pose.z @ pose.normal == pytest.approx(np.cos(pose.theta))
    assert np.linalg.norm(np.mean([pose.point for pose in poses], axis=0)) < 14.0


def test_a_press_is_kept_only_if_it_touches():
    thing = box(60.0)
    for seed in range(2):
        _, heights = draw_press(thing, 1.0, np.random.default_rng(seed))
        assert (heights > heights.max() - 1.0).sum() * MM_PER_PIXEL**2 > 20.0
