# SPDX-License-Identifier: Apache-2.0
"""From the visible frame to the infrared one and back, against the pinhole equations."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import centres
from xsense_ros.matching.mapping import Camera, Mapping

VISIBLE = np.array([[600.0, 0, 320], [0, 600, 240], [0, 0, 1]])
INFRARED = np.array([[380.0, 0, 160], [0, 384, 128], [0, 0, 1]])
points_of_a_frame = st.lists(
    st.tuples(st.floats(40, 600), st.floats(40, 440)), min_size=1, max_size=5
)
MIRROR = Mapping.homography([-1, 0, 0, 0, 1, 0, 0, 0, 1])
turn = st.floats(-0.15, 0.15)


def rig(rotation=(0, 0, 0, 1), translation=(0.05, -0.01, 0.0), depth=4.0, **more):
    return Mapping.cameras(
        Camera((640, 480), VISIBLE, **more),
        Camera((320, 256), INFRARED, **more),
        rotation,
        translation,
        depth,
    )


@given(points_of_a_frame)
def test_the_same_is_the_same(points):
    same = Mapping.same()
    assert np.array_equal(same.to_infrared(points), points)
    assert np.array_equal(same.to_visible(points), points)
    assert np.array_equal(same.box_to_infrared([1, 2, 30, 40]), [1, 2, 30, 40])
    assert same.angle_at(points[0]) == 0
    same.check((640, 480), (640, 480))
    same.check(None, (320, 240))


@settings(deadline=None)
@given(
    points_of_a_frame,
    turn,
    st.floats(0.4, 2.5),
    st.tuples(st.floats(-90, 90), st.floats(-90, 90)),
    st.tuples(st.floats(-1e-4, 1e-4), st.floats(-1e-4, 1e-4)),
)
def test_a_homography_there_and_back(points, angle, scale, shift, tilt):
    c, s = scale * np.cos(angle), scale * np.sin(angle)
    matrix = np.array([[c, -s, shift[0]], [s, c, shift[1]], [*tilt, 1]])
    mapping = Mapping.homography(matrix.ravel())
    there = mapping.to_infrared(points)
    given_points = np.array(points, np.float64)[:, None]
    assert np.allclose(there, cv2.perspectiveTransform(given_points, matrix)[:, 0])
    assert np.allclose(mapping.to_visible(there), points, atol=1e-6)
    flat = Mapping.homography([c, -s, shift[0], s, c, shift[1], 0, 0, 1])
    assert flat.angle_at(points[0]) == pytest.approx(np.degrees(angle), abs=1e-6)
    box = flat.box_to_infrared([100, 100, 40, 20])
    assert np.allclose(box[2:], [40 * scale, 20 * scale])
    assert np.allclose(flat.box_to_visible(box), [100, 100, 40, 20])


@settings(deadline=None)
@given(
    points_of_a_frame,
    st.tuples(turn, turn, turn),
    st.tuples(st.floats(-0.2, 0.2), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2)),
    st.floats(0.8, 50),
)
def test_two_cameras_are_the_pinhole_equations(points, turned, translation, depth):
    rotation = cv2.Rodrigues(np.array(turned))[0]
    mapping = rig(rotation, translation, depth)
    rays = np.array([[(x - 0.5 - 320) / 600, (y - 0.5 - 240) / 600, 1] for x, y in points])
    places = (rotation @ (rays * depth).T).T + translation
    expected = (places / places[:, 2:]) @ INFRARED.T
    there = mapping.to_infrared(points)
    assert np.allclose(there, expected[:, :2] + 0.5, atol=1e-6)
    assert np.allclose(mapping.to_visible(there), points, atol=1e-5)
    angle = np.array(turned)
    half = np.linalg.norm(angle) / 2
    axis = angle / (2 * half) if half > 1e-12 else np.zeros(3)
    quaternion = [*(np.sin(half) * axis), np.cos(half)]
    assert np.allclose(rig(quaternion, translation, depth).to_infrared(points), there, atol=1e-6)


def test_distortion_is_taken_along():
    bent = rig(distortion=(-0.25, 0.08, 0.001, -0.001, 0.0))
    points = np.array([[40.0, 30.0], [320, 240], [600, 450]])
    there = bent.to_infrared(points)
    assert np.abs(there - rig().to_infrared(points)).max() > 0.5
    assert np.allclose(bent.to_visible(there), points, atol=0.05)


def test_nearer_things_shift_more():
    box = [300, 220, 40, 40]
    near, far = rig(depth=1.0), rig(depth=100.0)
    shift = centres(near.box_to_infrared(box)) - centres(far.box_to_infrared(box))
    assert shift[0] == pytest.approx(380 * 0.05 * (1 / 1 - 1 / 100), abs=0.01)
    assert far.box_to_infrared(box)[2] == pytest.approx(40 * np.sqrt(380 * 384) / 600, rel=1e-3)


def test_what_no_camera_sees_is_not_a_number():
    behind = rig(rotation=(0, 1, 0, 0))
    assert np.isnan(behind.to_infrared([320, 240])).all()
    with pytest.raises(InputError, match='both cameras see'):
        behind.box_to_infrared([300, 220, 40, 40])
    horizon = Mapping.homography([1, 0, 0, 0, 1, 0, 0.01, 0, -1])
    assert np.isnan(horizon.to_infrared([100, 5])).all()


def test_sizes_of_frames():
    with pytest.raises(InputError, match=r'homography 0.5,0,0,0,0.5,0,0,0,1'):
        Mapping.same().check((640, 480), (320, 240))
    Mapping.homography([0.5, 0, 0, 0, 0.5, 0, 0, 0, 1]).check((640, 480), (320, 240))
    rig().check((640, 480), (320, 256))
    rig().check(None, (320, 256))
    with pytest.raises(InputError, match='infrared'):
        rig().check((640, 480), (640, 480))
    with pytest.raises(InputError, match='visible'):
        rig().check((1280, 960), (320, 256))


@pytest.mark.parametrize(
    ('make', 'words'),
    [
        (lambda: Mapping.homography([1, 2, 3]), 'homography'),
        (lambda: Mapping.homography(np.ones(9)), 'inverse'),
        (lambda: Mapping.homography(np.zeros(9)), 'inverse'),
        (lambda: Mapping.homography([*np.eye(3).ravel()[:8], np.nan]), 'homography'),
        (lambda: MIRROR.box_to_infrared([1, 2, 30, 30]), 'mirror'),
        (lambda: rig(rotation=(0, 0, 0, 0)), 'rotation'),
        (lambda: rig(rotation=np.ones(9)), 'rotation'),
        (lambda: rig(rotation=-np.eye(3)), 'rotation'),
        (lambda: rig(translation=(0, 0)), 'translation'),
        (lambda: rig(translation=(0, 0, np.inf)), 'translation'),
        (lambda: rig(depth=0.0), 'depth'),
        (lambda: Camera((640, 480), np.zeros(9)), 'K'),
        (lambda: Camera((640, 480), VISIBLE[:2]), 'camera matrix'),
        (lambda: Camera((640, 480), VISIBLE, model='equidistant'), 'image_rect'),
    ],
)  # fmt: skip
def test_what_is_no_mapping(make, words):
    with pytest.raises(InputError, match=words):
        make()
