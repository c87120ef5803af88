"""The ink box, and histograms that follow edges and nothing else."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.baselines.hog import HogSettings, hog_vector, hog_vectors, ink_box, ink_square

SHARP = HogSettings(size=32, cell=8, block=1, orientations=4, blur=0.0, margin=0.25)


def canvas(height=60, width=90, colour=(255, 255, 255)):
    return np.full((height, width, 3), colour, np.uint8)


@pytest.mark.parametrize('colour', [(255, 255, 255), (0, 0, 0), (30, 90, 200)])
def test_the_box_holds_what_differs_from_the_border(colour):
    picture = canvas(colour=colour)
    picture[12:30, 20:71] = 128
    picture[40:42, 5] = (colour[0] ^ 80, colour[1], colour[2])  # one channel is enough
    assert ink_box(picture) == (12, 42, 5, 71)
    picture[0, 0] = 255 - np.array(colour)  # a speck on the border does not change its colour
    assert ink_box(picture)[0] == 0


def test_faint_differences_are_no_ink():
    picture = canvas()
    picture[10:20, 10:20] = 240
    assert ink_box(picture, contrast=24) == (0, 60, 0, 90)
    assert ink_box(picture, contrast=15) == (10, 20, 10, 20)


def test_size_place_and_background_do_not_matter():
    small, large = canvas(100, 100), canvas(240, 300, (0, 0, 0))
    cv2.circle(small, (30, 40), 20, (0, 0, 0), 2)
    cv2.circle(large, (150, 120), 100, (255, 255, 255), 10)
    square = canvas(100, 100)
    cv2.rectangle(square, (30, 40), (70, 80), (0, 0, 0), 2)
    a, b, c = hog_vectors([small, large, square])
    assert a @ b > 0.6 > 0.5 > a @ c


def test_the_square_keeps_the_proportions():
    picture = canvas()
    picture[10:20, 20:60] = 0  # 40 wide, 10 high
    found = ink_square(picture, HogSettings(size=60, margin=0.25))
    ink = found[..., 0] < 128
    assert ink.any(axis=1).sum() == 10 and ink.any(axis=0).sum() == 40
    assert ink_square(picture, HogSettings()).shape == (128, 128, 3)


def test_cells_are_histograms_of_gradients():
    """One block of one cell: sum of gradient magnitudes by direction, as defined."""
    picture = canvas(40, 40)
    cv2.line(picture, (8, 30), (30, 9), (0, 0, 0), 3)
    cv2.circle(picture, (25, 25), 6, (200, 0, 0), 2)
    found = hog_vector(picture, SHARP)
    grey = cv2.cvtColor(ink_square(picture, SHARP), cv2.COLOR_RGB2GRAY).astype(float) / 255
    cells = np.zeros((4, 4, 4))
    for y in range(32):
        for x in range(32):
            dy = grey[y + 1, x] - grey[y - 1, x] if 0 < y < 31 else 0.0
            dx = grey[y, x + 1] - grey[y, x - 1] if 0 < x < 31 else 0.0
            angle = math.degrees(math.atan2(dy, dx)) % 180
            cells[y // 8, x // 8, min(int(angle / 45), 3)] += math.hypot(dx, dy) / 64
    blocks = cells.reshape(16, 4)
    blocks = blocks / np.sqrt((blocks**2).sum(axis=1, keepdims=True) + 1e-10)
    blocks = np.minimum(blocks, 0.2)
    blocks = blocks / np.sqrt((blocks**2).sum(axis=1, keepdims=True) + 1e-10)
    assert np.allclose(found, blocks.ravel() / np.linalg.norm(blocks), atol=2e-3)


def test_an_empty_picture_has_no_direction():
    assert not hog_vector(canvas()).any()


def test_only_pictures_are_taken():
    for wrong in (np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3), np.float32)):
        with pytest.raises(InputError, match='composite'):
            hog_vector(wrong)
