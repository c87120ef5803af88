# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from tests.training.touch_sim.thing_world import ball, box
from xsense_training.touch_sim.cameras import Camera, draw_camera, draw_rest
from xsense_training.touch_sim.views import bumped_normals, render_view


def test_rays_of_a_camera():
    camera = Camera('whole', np.array([0.0, 0.0, 100.0]), np.diag([1.0, -1.0, -1.0]), 0.8, TARGET)
    middle, right, lower = camera.rays(np.array([[50, 50], [100, 50], [50, 100]], np.float32), 100)
    assert np.allclose(middle, [0, 0, -1])
    assert np.allclose(right, [np.sin(0.4), 0, -np.cos(0.4)], atol=1e-6)
    assert np.allclose(lower, [0, -np.sin(0.4), -np.cos(0.4)], atol=1e-6)


TARGET = np.zeros(3)


def test_a_ball_is_seen_under_its_angle():
    radius, distance, size = 20.0, 100.0, 200
    camera = Camera(
        'whole', np.array([0.0, 0.0, distance]), np.diag([1.0, -1.0, -1.0]), 0.8, TARGET
    )
    rows, columns = np.divmod(np.arange(size * size), size)
    rays = camera.rays(np.stack([columns + 0.5, rows + 0.5], axis=1).astype(np.float32), size)
    origins = np.broadcast_to(camera.position.astype(np.float32), rays.shape)
    surface = ball(2 * radius).surface
    hits = surface.cast(np.ascontiguousarray(origins), rays)
    across = np.tan(np.arcsin(radius / distance)) / np.tan(0.4) * size
    assert np.sqrt(4 * hits.found.sum() / np.pi) == pytest.approx(across, rel=0.01)
    rows = np.flatnonzero(hits.found)
    _, smooth = surface.normals_at(hits, rows)
    outward = hits.points[rows] / radius
    assert (smooth * outward).sum(axis=1).min() > 0.998


def test_relief_leaves_the_length_and_no_relief_the_normal():
    normals = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    assert np.allclose(bumped_normals(normals, np.zeros_like(normals)), normals, atol=1e-6)
    # A gradient along the normal is a shift of the surface, not a slope.
    assert np.allclose(bumped_normals(normals, 0.7 * normals), normals, atol=1e-6)
    tilted = bumped_normals(normals, normals[:, ::-1].copy())
    assert np.allclose(np.linalg.norm(tilted, axis=1), 1.0, atol=1e-6)


def test_cameras_stand_above_the_table_and_see_the_object():
    thing, kinds = box(120.0), []
    for seed in range(40):
        generator = np.random.default_rng(seed)
        up = draw_rest(generator)
        camera = draw_camera(thing, up, generator)
        kinds.append(camera.kind)
        table = (thing.shape.vertices @ up).min() * thing.size_mm
        assert camera.position @ up > table
        ray = camera.rays(np.array([[50.0, 50.0]], np.float32), 100)
        assert np.allclose(ray @ (camera.target - camera.position), np.linalg.norm(
            camera.target - camera.position), rtol=1e-4)  # fmt: skip
        found = thing.surface.cast(camera.position[None].astype(np.float32), ray).found
        assert found[0] or camera.kind == 'whole'
    assert {'whole', 'close'} == set(kinds)


@pytest.mark.parametrize('material', ['steel', 'glass', 'wood'])
def test_pictures_are_exposed_and_repeatable(material):
    thing = ball(80.0, material=material)
    picture, camera = render_view(thing, thing.generator(3, 0), 64)
    again, _ = render_view(thing, thing.generator(3, 0), 64)
    other, _ = render_view(thing, thing.generator(4, 0), 64)
    assert picture.shape == (64, 64, 3)
    assert (picture == again).all()
    assert (picture != other).any()
    assert 25 < picture.mean() < 235
    assert (picture == 255).all(axis=2).mean() < 0.2
    assert camera['kind'] in ('whole', 'close')
