# SPDX-License-Identifier: Apache-2.0
"""Centre lines: one pixel wide, connected as before, and where the middle was."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.senses.thinning import thin


def blocks(ink):
    """The largest number of ink pixels in any 2 x 2 block."""
    return (ink[1:, 1:].astype(int) + ink[:-1, 1:] + ink[1:, :-1] + ink[:-1, :-1]).max()


@pytest.mark.parametrize('width', [1, 2, 3, 7, 12])
def test_a_ring_stays_a_ring(width):
    ink = np.zeros((100, 100), np.uint8)
    cv2.circle(ink, (50, 50), 30, 1, width)
    lines = thin(ink, 20)
    assert set(np.unique(lines)) == {0, 1}
    assert blocks(lines) <= 3
    assert cv2.connectedComponents(lines)[0] == 2  # paper and one line
    assert cv2.connectedComponents(1 - lines, connectivity=4)[0] == 3  # inside and outside
    rows, columns = np.nonzero(lines)
    off = np.abs(np.hypot(rows - 50, columns - 50) - 30)
    assert off.max() < 1.6
    assert not (lines & ~ink).any()


def test_strokes_keep_their_ends_and_crossings():
    ink = np.zeros((80, 80), np.uint8)
    cv2.line(ink, (10, 40), (70, 40), 1, 7)
    cv2.line(ink, (40, 10), (40, 70), 1, 7)
    lines = thin(ink, 10)
    assert cv2.connectedComponents(lines)[0] == 2
    left, top, columns, rows = cv2.boundingRect(lines)
    assert left <= 12
    assert top <= 12
    assert left + columns >= 68
    assert top + rows >= 68


def test_few_passes_leave_a_blob_and_the_given_picture_as_it_was():
    ink = np.zeros((60, 60), np.uint8)
    ink[10:50, 10:50] = 1
    before = ink.copy()
    blob = thin(ink, 5)
    np.testing.assert_array_equal(ink, before)
    assert blob[20:40, 20:40].all()
    assert not blob[:14].any()


def test_nothing_is_thinned_to_nothing_and_the_border_counts_as_paper():
    assert not thin(np.zeros((9, 9), np.uint8), 3).any()
    full = thin(np.ones((9, 9), np.uint8), 9)
    assert 0 < full.sum() < 9
