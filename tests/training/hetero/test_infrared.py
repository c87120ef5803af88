# SPDX-License-Identifier: Apache-2.0
"""Made infrared: what differs from the visible image, and what must not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.data.infrared import (
    BITS,
    KINDS,
    make_infrared,
    moved_box,
    seen_from_beside,
    small_homography,
    to_8_bit,
    to_counts,
)
from xsense_training.recipes.hetero.scenes import SIDE, Material, made_pair, made_scene, made_set

SQUARES = np.zeros((96, 96, 3), np.uint8)
SQUARES[:] = (60, 80, 40)
SQUARES[20:50, 10:40] = (200, 190, 90)
SQUARES[40:80, 55:90] = (30, 40, 160)


@pytest.fixture(scope='module')
def material(tmp_path_factory):
    """One thing, a disc, and land of noise."""
    path = tmp_path_factory.mktemp('things') / 'disc.png'
    disc = np.zeros((40, 40, 4), np.uint8)
    cv2.circle(disc, (20, 20), 18, (10, 20, 250, 255), -1)
    cv2.imwrite(str(path), disc)
    land = np.random.default_rng(0).integers(0, 256, (800, 900, 3), np.uint8)
    return Material((path,), cv2.GaussianBlur(land, (0, 0), 3))


@pytest.mark.parametrize('kind', KINDS)
def test_the_same_seed_makes_the_same_image(kind):
    one, again, other = (
        make_infrared(SQUARES, np.random.default_rng(seed), None, kind) for seed in (3, 3, 4)
    )
    assert one.shape == (96, 96) and one.dtype == np.uint8
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_contrast_between_regions_is_of_either_sign():
    inside, outside = np.s_[25:45, 15:35], np.s_[2:15, 2:90]
    signs = []
    for seed in range(30):
        image = make_infrared(SQUARES, np.random.default_rng(seed)).astype(float)
        signs.append(np.sign(image[inside].mean() - image[outside].mean()))
    assert 5 < signs.count(1.0) < 25


def test_edges_stay_where_they_are():
    """The strongest column step of the mean image is that of a square, within the blur."""
    total = np.zeros((96, 96))
    for seed in range(20):
        image = make_infrared(SQUARES, np.random.default_rng(seed)).astype(np.float32)
        total += np.hypot(cv2.Sobel(image, cv2.CV_32F, 1, 0), cv2.Sobel(image, cv2.CV_32F, 0, 1))
    along = total[25:38].sum(axis=0)
    strongest = set(np.argsort(-along)[:4].tolist())
    assert strongest == {9, 10, 39, 40}  # either side of the two edges


def test_counts_are_of_the_sensor_and_gain_is_the_robots():
    field = np.random.default_rng(0).normal(20, 3, (60, 80)).astype(np.float32)
    counts = to_counts(field, np.random.default_rng(1))
    assert counts.dtype == np.uint16 and counts.max() < 2**BITS
    assert np.corrcoef(counts.ravel(), field.ravel())[0, 1] > 0.95
    grey = to_8_bit(counts)
    assert (grey.min(), grey.max()) == (0, 255)
    flat = to_8_bit(to_counts(np.full((9, 9), 20, np.float32), np.random.default_rng(1)))
    assert flat.shape == (9, 9)  # nothing to see is no fault


def test_a_homography_moves_corners_by_so_much():
    moved = small_homography(np.random.default_rng(0), 640, 480, 3.0)
    corners = np.array([[[0, 0], [640, 0], [640, 480], [0, 480]]], np.float32)
    away = np.abs(cv2.perspectiveTransform(corners, moved) - corners)
    assert 0 < away.max() <= 3.001


def test_a_moved_box_lies_around_what_it_lay_around():
    """A bright square, seen from beside: its mass is where the moved box says."""
    image = np.zeros((96, 96), np.uint8)
    image[20:50, 30:60] = 255
    homography = small_homography(np.random.default_rng(3), 96, 96, 6.0)
    left, top, width, height = moved_box((30, 20, 30, 30), homography)
    beside = seen_from_beside(image, homography).astype(float)
    rows, columns = np.mgrid[:96, :96] + 0.5
    assert (beside * columns).sum() / beside.sum() == pytest.approx(left + width / 2, abs=0.2)
    assert (beside * rows).sum() / beside.sum() == pytest.approx(top + height / 2, abs=0.2)
    assert beside.sum() / 255 == pytest.approx(width * height, rel=0.02)
    assert moved_box((1, 2, 3, 4), np.eye(3)) == pytest.approx((1, 2, 3, 4))


def test_scenes(material):
    visible, things = made_scene(material, np.random.default_rng(5))
    assert visible.shape == (SIDE, SIDE, 3) and things.shape == (SIDE, SIDE)
    number = int(things.max())
    assert number >= 1
    assert np.abs(np.median(visible[things == number], axis=0) - (250, 20, 10)).max() < 6
    narrow = Material(material.things, material.land[:, :300])
    assert all(made_scene(narrow, np.random.default_rng(s))[0].any() for s in range(8))
    one, again = (made_pair(material, 9, 'depth') for _ in range(2))
    assert np.array_equal(one.infrared, again.infrared)
    pairs = made_set(material, [4, 5])
    assert len(pairs.targets) == 18 and pairs.names[1] == 'made thermal 5'
    ways = [np.subtract(t.there, t.box) for t in pairs.targets]
    assert 0.1 < np.abs(ways).max() < 5  # parallax, known to the targets
    assert np.array_equal(pairs.load(1).visible, made_pair(material, 5).visible)


def test_faults_are_named():
    with pytest.raises(InputError, match='image'):
        make_infrared(SQUARES[..., 0], np.random.default_rng(0))
    with pytest.raises(InputError, match='kind'):
        make_infrared(SQUARES, np.random.default_rng(0), None, 'radar')
