# SPDX-License-Identifier: Apache-2.0
"""Crops: the way there and back, and the pixels that lie where the numbers say."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import around, centres
from xsense_ros.matching.geometry import (
    Crop,
    around_box,
    carry,
    search_around,
    square_around,
    tiles,
)

number = st.floats(-500, 900)
crops = st.builds(
    Crop,
    st.tuples(number, number),
    st.floats(8, 900),
    st.sampled_from([64, 128, 192, 256]),
    st.floats(-180, 180),
)


@given(crops, st.lists(st.tuples(number, number), min_size=1, max_size=5))
def test_there_and_back(crop, points):
    points = np.array(points)
    assert np.allclose(crop.to_frame(crop.to_crop(points)), points, atol=1e-6)
    # The middle of the crop is its centre, and a step of the crop is one `side / size` long.
    assert np.allclose(crop.to_crop(crop.centre), crop.size / 2)
    a, b = crop.to_frame([[0, 0], [crop.size, 0]])
    assert math.dist(a, b) == pytest.approx(crop.side)


@given(crops, number, number, st.floats(1, 300), st.floats(1, 300))
def test_boxes_there_and_back(crop, left, top, width, height):
    box = np.array([left, top, width, height])
    there = crop.boxes_to_crop(box)
    assert np.allclose(crop.boxes_to_frame(there), box, atol=1e-6)
    assert np.allclose(centres(there), crop.to_crop(centres(box)))
    if crop.angle == 0:
        corners = crop.to_crop([[left, top], [left + width, top + height]])
        assert np.allclose(there, [*corners[0], *(corners[1] - corners[0])], atol=1e-6)


def spot(x, y, sigma, shape=(300, 400)):
    """A blob whose middle is the continuous point (x, y)."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] + 0.5
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * sigma**2)).astype(np.float32)


def middle(image):
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    return np.array([(image * columns).sum(), (image * rows).sum()]) / image.sum()


@settings(max_examples=40, deadline=None)
@given(
    st.floats(150, 250),
    st.floats(120, 180),
    st.floats(-12, 12),
    st.floats(-12, 12),
    st.floats(60, 760),
    st.floats(-30, 30),
)
def test_pixels_lie_where_the_numbers_say(x, y, right, down, side, angle):
    """Frame -> pixels of the crop -> frame, within half a pixel (of the coarser of the two)."""
    crop = Crop((x + right, y + down), side, 128, angle)
    seen = crop.cut(spot(x, y, max(3.0, 1.5 / crop.scale)))
    assert np.abs(middle(seen) - crop.to_crop((x, y))).max() < 0.5 * max(1.0, crop.scale)
    back = crop.to_frame(middle(seen))
    assert np.abs(back - (x, y)).max() < 0.5 * max(1.0, 1 / crop.scale)


def test_whole_pixels_are_copied_as_they_are():
    image = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    crop = around_box([20, 10, 32, 32], 0, 32)
    assert np.array_equal(crop.cut(image), image[10:42, 20:52])
    assert np.array_equal(crop.cut(image[..., 0]), image[10:42, 20:52, 0])


def test_the_border_is_what_was_asked_for():
    image = np.full((40, 40, 3), 7, np.uint8)
    crop = Crop((0, 20), 20, 20)
    assert (crop.cut(image, (1, 2, 3))[:, :10] == (1, 2, 3)).all()
    assert (crop.cut(image, 9)[:, :10] == 9).all()
    assert (crop.cut(image, 9)[:, 10:] == 7).all()
    for side in (20, 400):  # nothing of the frame, resampled in one step and in two
        assert (Crop((-900, 20), side, 20).cut(image, 9) == 9).all()


def test_coarse_crops_do_not_alias():
    """A fine checkerboard becomes even grey, and a tiny frame is no fault."""
    board = (np.indices((256, 256)).sum(axis=0) % 2 * 255).astype(np.uint8)
    grey = Crop((128, 128), 256, 32).cut(board)
    assert np.abs(grey.astype(int) - 128).max() <= 2
    assert Crop((1, 1), 64, 8).cut(np.full((2, 3), 5, np.uint16), 5).tolist() == [[5] * 8] * 8


def test_a_coarse_crop_is_the_area_average():
    image = np.random.default_rng(0).integers(0, 256, (120, 160, 3), np.uint8)
    crop = Crop((80, 60), 96, 32)
    expected = cv2.resize(image[12:108, 32:128], (32, 32), interpolation=cv2.INTER_AREA)
    assert np.abs(crop.cut(image).astype(int) - expected).max() <= 1


@pytest.mark.parametrize(('context', 'factor'), [(0, 1), (1, 2), (2, 3), (3, 4)])
def test_published_sides(context, factor):
    assert around_box([5, 6, 40, 40], context, 64).side == pytest.approx(40 * factor)
    side = around_box([5, 6, 30, 50], context, 64).side
    assert side == pytest.approx(math.sqrt((30 + context * 40) * (50 + context * 40)))


@given(number, number, st.floats(10, 300), st.floats(10, 300), st.floats(4, 40))
def test_the_square_around_a_box(left, top, width, height, least):
    crop = square_around([left, top, width, height], 64, least)
    assert crop.side == max(width, height, least)
    assert np.allclose(crop.centre, centres([left, top, width, height]))
    search = search_around(crop.centre, crop.side, 192, 3.0)
    assert (search.side, search.size) == (3 * crop.side, 192)
    # At scale 1 a pixel of the template is as large as one of the search.
    assert search.scale == pytest.approx(crop.scale)


@settings(deadline=None)
@given(
    st.tuples(st.floats(0, 600), st.floats(0, 400), st.floats(10, 300), st.floats(10, 300)),
    st.sampled_from([32, 64, 128]),
    st.sampled_from([96, 192, 256]),
    st.floats(2, 5),
    st.floats(-15, 15),
    st.floats(0.5, 2.0),
    st.tuples(st.floats(-0.4, 0.4), st.floats(-0.4, 0.4)),
)
def test_a_box_comes_back_through_both_crops(box, size, search, window, angle, scale, shift):
    """Box -> square -> where it lies in a turned, shifted search crop -> box: within 0.5 px."""
    template = square_around(box, size)
    middle = np.array(template.centre) + np.array(shift) * template.side
    crop = Crop(tuple(middle), window * scale * template.side, search, angle)
    square = around(template.centre, [template.side] * 2)
    there = crop.boxes_to_crop(square)
    assert there[2] == pytest.approx(search / window / scale)
    back = carry(box, template, crop.boxes_to_frame(there.astype(np.float32)))
    assert np.abs(back - box).max() < 0.5


def test_carrying_scales_and_shifts_the_box_with_its_square():
    box = [10, 20, 40, 10]
    template = Crop((35, 25), 50, 64)  # not around its middle
    found = carry(box, template, [[0, 0, 100, 100], [100, 0, 50, 200]])
    assert np.allclose(found, [[50 - 10 - 40, 40, 80, 20], [125 - 10 - 40, 90, 80, 20]])


def test_only_what_lies_under_the_crop_is_read():
    """A frame far too large to be copied costs nothing, seen backwards or not."""
    frame = np.broadcast_to(np.arange(3, dtype=np.uint8), (200_000, 200_000, 3))[::-1, :, ::-1]
    for side in (64, 300):
        found = Crop((150_000, 120_000), side, 64).cut(frame)
        assert (found == (2, 1, 0)).all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(20, 700), st.integers(20, 500), st.floats(64, 300), st.floats(0, 0.8), st.data()
)
def test_every_small_thing_is_whole_in_a_tile(columns, rows, side, share, data):
    margin = share * side
    found = tiles(columns, rows, side, 64, margin)
    large = [min(margin, axis) for axis in (columns, rows)]
    x = data.draw(st.floats(0, columns - large[0]))
    y = data.draw(st.floats(0, rows - large[1]))
    corners = np.array([[x, y], [x + large[0], y + large[1]]])
    inside = [
        (crop.to_crop(corners) > -1e-6).all() and (crop.to_crop(corners) < 64 + 1e-6).all()
        for crop in found
    ]
    assert any(inside)


def test_faults_are_named():
    with pytest.raises(InputError, match='crop'):
        Crop((0, math.nan), 10, 10)
    with pytest.raises(InputError, match='crop size'):
        Crop((0, 0), 10, 0)
    with pytest.raises(InputError, match='context'):
        around_box([0, 0, 9, 9], -1, 10)
    with pytest.raises(InputError, match='margin'):
        tiles(100, 100, 50, 64, 50)
    with pytest.raises(InputError, match='image'):
        Crop((0, 0), 10, 10).cut(np.zeros((9, 9)))
    with pytest.raises(InputError, match='image shape'):
        Crop((0, 0), 10, 10).cut(np.zeros((0, 9), np.uint8))
