# SPDX-License-Identifier: Apache-2.0
"""Strokes to a raster: where the ink lands, and what is refused."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.senses.compressed_frame import decode_compressed
from xsense_ros.senses.drawing import drawing_to_raster, lay_on_white


def test_a_line_lies_where_it_was_drawn_with_soft_edges():
    canvas = drawing_to_raster([[(10, 20), (50, 20)]], height=40, width=64, thickness=4)
    assert canvas.shape == (40, 64, 3)
    assert canvas.dtype == np.uint8
    ink = 255 - canvas[..., 0].astype(int)
    rows, columns = np.nonzero(ink > 127)
    assert abs(rows.mean() - 20) < 0.6
    assert (columns.min(), columns.max()) == (pytest.approx(8, abs=1), pytest.approx(52, abs=1))
    slanted = drawing_to_raster([[(5, 5), (50, 33)]], height=40, width=64)
    assert len(np.unique(slanted)) > 3  # antialiased
    np.testing.assert_array_equal(canvas[..., 0], canvas[..., 2])


def test_a_point_is_a_dot_and_what_is_outside_is_left_out():
    dot = drawing_to_raster([[(8, 8)]], height=17, width=17, thickness=5)
    ink = 255.0 - dot[..., 0]
    assert ink[8, 8] == 255
    assert 12 < ink.sum() / 255 < 40
    outside = drawing_to_raster([[(-500, -500), (-400, -500)], np.array([[900, 3]])], 32, 32)
    assert (outside == 255).all()


@pytest.mark.parametrize(
    'strokes',
    [
        [],
        [[]],
        [[1, 2]],
        [[(1, 2, 3)]],
        [[(1, float('nan'))]],
        [[(1e9, 1)]],
        [['here']],
        [[(1, 2), (3,)]],
    ],
)
def test_what_is_no_stroke_is_refused(strokes):
    with pytest.raises(InputError, match='Cure'):
        drawing_to_raster(strokes)


@pytest.mark.parametrize('wrong', [{'height': 0}, {'width': 5000}, {'thickness': 0}])
def test_impossible_canvases(wrong):
    with pytest.raises(InputError, match='Cure'):
        drawing_to_raster([[(1, 2)]], **wrong)


def test_a_transparent_sheet_is_laid_on_white():
    bgra = np.zeros((9, 9, 4), np.uint8)
    bgra[4, :, 3] = 255
    bgra[0, 0] = (200, 100, 50, 128)
    data = cv2.imencode('.png', bgra)[1].tobytes()
    laid = decode_compressed(data, 'png', on_white=True)
    assert (laid[4] == 0).all()
    assert (laid[6] == 255).all()
    np.testing.assert_allclose(laid[0, 0], [152, 177, 227], atol=1)
    assert (decode_compressed(data, 'png')[6] == 0).all(), 'a camera picture stays as it is'
    rgb = np.full((3, 3, 3), 7, np.uint8)
    np.testing.assert_array_equal(lay_on_white(rgb, np.zeros((3, 3), np.uint8)), rgb)
