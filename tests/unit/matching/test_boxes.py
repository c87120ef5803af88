# SPDX-License-Identifier: Apache-2.0
"""Boxes against counting of pixels, and what no box can be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import (
    around,
    as_boxes,
    centres,
    clip,
    overlap,
    require_inside,
    suppress,
)

small = st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(1, 12)] * 2)


def painted(box):
    canvas = np.zeros((40, 40), bool)
    left, top, width, height = box
    canvas[top : top + height, left : left + width] = True
    return canvas


@given(small, small)
def test_overlap_counts_pixels(a, b):
    both = (painted(a) & painted(b)).sum()
    either = (painted(a) | painted(b)).sum()
    assert overlap(a, b) == pytest.approx(both / either)
    assert overlap(a, b) == overlap(b, a)


@given(small)
def test_middle_and_sides_say_the_same(box):
    assert np.allclose(around(centres(box), np.array(box[2:])), box)


@given(small, st.integers(4, 20), st.integers(4, 20))
def test_clip_stays_inside(box, columns, rows):
    left, top, width, height = clip(box, columns, rows)
    assert 0 <= left <= left + width <= columns
    assert 0 <= top <= top + height <= rows
    if painted(box)[:rows, :columns].any():
        expected = painted(box)
        expected[rows:] = False
        expected[:, columns:] = False
        assert width * height == expected.sum()


def test_suppress_keeps_the_best_of_each_heap():
    boxes = [[0, 0, 10, 10], [1, 0, 10, 10], [30, 0, 10, 10], [0, 5, 10, 10]]
    assert suppress(boxes, np.array([0.2, 0.9, 0.5, 0.8])).tolist() == [1, 3, 2]
    assert suppress(np.zeros((0, 4)), np.zeros(0)).tolist() == []


@pytest.mark.parametrize(
    'box', [[0, 0, 3], [0, 0, 0, 4], [0, 0, -1, 4], [np.nan, 0, 1, 1], [0, 0, np.inf, 1]]
)
def test_what_is_no_box_is_named(box):
    with pytest.raises(InputError, match='box'):
        as_boxes(box)


@pytest.mark.parametrize('box', [[-1, 0, 20, 20], [90, 0, 20, 20], [0, 45, 20, 20], [5, 5, 9, 20]])
def test_what_is_no_template_is_named(box):
    with pytest.raises(InputError, match='template box'):
        require_inside(box, 100, 60)
    assert np.array_equal(require_inside([5, 5, 10, 20], 100, 60), [5, 5, 10, 20])
