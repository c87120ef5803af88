# SPDX-License-Identifier: Apache-2.0
"""Made infrared: what differs from the visible image, and what must not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.data.infrared import (
    KINDS,
    TRAINING_KINDS,
    make_infrared,
    moved_box,
    seen_from_beside,
    small_homography,
)
from xsense_training.data.infrared_heat import colour_regions, heat, surface_heat
from xsense_training.data.infrared_sensor import BITS, BLUREST, through_lens, to_8_bit, to_counts
from xsense_training.data.visible_light import lit

SQUARES = np.zeros((96, 96, 3), np.uint8)
SQUARES[:] = (60, 80, 40)
SQUARES[20:50, 10:40] = (200, 190, 90)
SQUARES[40:80, 55:90] = (30, 40, 160)
THINGS = np.zeros((96, 96), np.int64)
THINGS[20:50, 10:40] = 1
INSIDE, OUTSIDE = np.s_[25:45, 15:35], np.s_[2:15, 2:90]


def rng(seed):
    return np.random.default_rng(seed)


@pytest.mark.parametrize('kind', KINDS)
def test_the_same_seed_makes_the_same_image(kind):
    one, again, other = (make_infrared(SQUARES, rng(seed), THINGS, kind) for seed in (3, 3, 4))
    assert one.shape == (96, 96) and one.dtype == np.uint8
    assert np.array_equal(one, again) and not np.array_equal(one, other)


def test_one_kind_is_never_trained_on():
    assert set(KINDS) - set(TRAINING_KINDS) == {'radar'}


def test_contrast_between_regions_is_of_either_sign():
    signs = []
    for seed in range(30):
        image = make_infrared(SQUARES, rng(seed)).astype(float)
        signs.append(np.sign(image[INSIDE].mean() - image[OUTSIDE].mean()))
    assert 5 < signs.count(1.0) < 25


def test_edges_stay_where_they_are():
    """The strongest column step of the mean surface is that of a square, within the blur."""
    total = np.zeros((96, 96))
    for seed in range(20):
        field = surface_heat(SQUARES, rng(seed), None)
        total += np.hypot(cv2.Sobel(field, cv2.CV_32F, 1, 0), cv2.Sobel(field, cv2.CV_32F, 0, 1))
    along = total[25:38].sum(axis=0)
    strongest = set(np.argsort(-along)[:4].tolist())
    assert strongest == {9, 10, 39, 40}  # either side of the two edges


@pytest.mark.parametrize('things', [None, THINGS])
def test_visible_edges_vanish_in_some_images_and_only_in_some(things):
    """Two squares whose colours are far apart: their temperatures agree in 5 to 50 of 100."""
    fields = (surface_heat(SQUARES, rng(seed), things) for seed in range(100))
    steps = [abs(field[INSIDE].mean() - field[OUTSIDE].mean()) for field in fields]
    assert 5 <= sum(step < 0.15 for step in steps) <= 50
    assert np.median(steps) > 0.5


def test_heat_has_edges_that_light_has_not():
    """Of one even colour there is nothing to see, and half of the fields have a steep edge."""
    even = np.full((96, 96, 3), 120, np.uint8)
    steepest = []
    for seed in range(40):
        down, across = np.gradient(heat(even, rng(seed)))
        steepest.append(float(np.hypot(down, across).max()))
        assert np.ptp(surface_heat(even, rng(seed), None)) < 1e-3
    assert np.median(steepest) > 0.1


def test_colours_that_are_near_have_temperatures_that_are_near():
    """Reds 16 grey levels apart differ less, on average over seeds, than reds 160 apart."""
    contrast = []
    for other in (56, 200):
        halves = np.full((48, 96, 3), 40, np.uint8)
        halves[:, 48:, 0] = other
        fields = (surface_heat(halves, rng(seed), None) for seed in range(60))
        contrast.append(np.mean([abs(f[:, :40].mean() - f[:, 56:].mean()) for f in fields]))
    assert contrast[0] < 0.8 * contrast[1]


def test_regions_are_those_of_like_colour():
    region = colour_regions(SQUARES, rng(0), 40)
    for part in (INSIDE, OUTSIDE):
        assert np.ptp(region[part]) == 0
    assert region[INSIDE][0, 0] != region[OUTSIDE][0, 0]


class TestSensor:
    field = cv2.GaussianBlur(rng(0).normal(20, 30, (60, 80)).astype(np.float32), (0, 0), 4)

    def test_counts_are_of_the_sensor_and_follow_the_field(self):
        found = []
        for seed in range(20):
            counts = to_counts(self.field, rng(seed))
            assert counts.dtype == np.uint16 and counts.max() < 2**BITS
            found.append(np.corrcoef(counts.ravel(), self.field.ravel())[0, 1])
        assert min(found) > 0.6 and np.median(found) > 0.9

    def test_frames_of_low_contrast_have_few_counts(self):
        spans = [np.ptp(np.percentile(to_counts(self.field, rng(s)), [5, 95])) for s in range(40)]
        assert min(spans) < 60 and max(spans) > 1000

    def test_some_pixels_are_dead_in_some_frames(self):
        """Far out of the picture's own range, which pixel noise is never."""
        counts = [to_counts(self.field, rng(seed)).astype(float) for seed in range(30)]
        spreads = [np.abs(c - np.median(c)).max() / c.std() for c in counts]
        assert 2 <= sum(spread > 5.5 for spread in spreads) <= 20

    def test_columns_and_rows_have_noise_of_their_own(self):
        """Beyond what independent pixels leave in the means of columns and rows."""
        even = np.zeros((80, 80), np.float32)
        even[0, 0] = 1e-2  # a spread, so that noise has a size
        for axis in (0, 1):
            shares = []
            for seed in range(20):
                counts = to_counts(even, rng(seed)).astype(float)
                shares.append(counts.mean(axis=axis).std() / max(counts.std(), 1e-9))
            assert max(shares) > 3 / 80**0.5

    def test_gain_is_the_robots(self):
        grey = to_8_bit(to_counts(self.field, rng(1)))
        assert (grey.min(), grey.max()) == (0, 255)
        flat = to_8_bit(to_counts(np.full((9, 9), 20, np.float32), rng(1)))
        assert flat.shape == (9, 9)  # nothing to see is no fault

    def test_lenses_reach_from_sharp_to_blurred(self):
        step = np.zeros((64, 64), np.float32)
        step[:, 32:] = 1
        steepest = [np.abs(np.diff(through_lens(step, rng(s)), axis=1)).max() for s in range(40)]
        # Of a step blurred by sigma the steepest slope is 1 / (sigma sqrt(2 pi)).
        assert min(steepest) < 1.2 / (BLUREST * 0.8 * (2 * np.pi) ** 0.5)
        assert max(steepest) > 0.6


class TestRadar:
    def test_speckle_is_multiplied(self):
        """In an even region the spread of the echo is a share of its mean: log is even."""
        image = make_infrared(SQUARES, rng(2), None, 'radar').astype(float)
        assert all(image[part].std() > 3 for part in (INSIDE, OUTSIDE))

    def test_outlines_are_bright(self):
        ring = np.zeros((96, 96), bool)
        ring[18:52, 8:42] = True
        ring[23:47, 13:37] = False
        brighter = []
        for seed in range(10):
            image = make_infrared(SQUARES, rng(seed), None, 'radar').astype(float)
            brighter.append(image[ring].mean() > image[INSIDE].mean())
        assert all(brighter)


def test_light_changes_the_visible_image_alone():
    images = [lit(SQUARES, rng(seed)) for seed in range(30)]
    assert np.array_equal(images[3], lit(SQUARES, rng(3)))
    means = [float(image.mean()) for image in images]
    assert min(means) < 0.6 * SQUARES.mean() < max(means)  # nights among days
    assert all(image.shape == SQUARES.shape and image.dtype == np.uint8 for image in images)


def test_a_homography_moves_corners_by_so_much():
    moved = small_homography(rng(0), 640, 480, 3.0)
    corners = np.array([[[0, 0], [640, 0], [640, 480], [0, 480]]], np.float32)
    away = np.abs(cv2.perspectiveTransform(corners, moved) - corners)
    assert 0 < away.max() <= 3.001


def test_a_moved_box_lies_around_what_it_lay_around():
    """A bright square, seen from beside: its mass is where the moved box says."""
    image = np.zeros((96, 96), np.uint8)
    image[20:50, 30:60] = 255
    homography = small_homography(rng(3), 96, 96, 6.0)
    left, top, width, height = moved_box((30, 20, 30, 30), homography)
    beside = seen_from_beside(image, homography).astype(float)
    rows, columns = np.mgrid[:96, :96] + 0.5
    assert (beside * columns).sum() / beside.sum() == pytest.approx(left + width / 2, abs=0.2)
    assert (beside * rows).sum() / beside.sum() == pytest.approx(top + height / 2, abs=0.2)
    assert beside.sum() / 255 == pytest.approx(width * height, rel=0.02)
    assert moved_box((1, 2, 3, 4), np.eye(3)) == pytest.approx((1, 2, 3, 4))


def test_faults_are_named():
    with pytest.raises(InputError, match='image'):
        make_infrared(SQUARES[..., 0], rng(0))
    with pytest.raises(InputError, match='kind'):
        make_infrared(SQUARES, rng(0), None, 'sonar')
