# SPDX-License-Identifier: Apache-2.0
"""The picture of an answer: boxes where they should be, on frames that stay as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.toy_matcher import toy_scene
from xsense_ros.matching.mapping import Mapping
from xsense_ros.matching.picture import ASKED, COLOURS, draw
from xsense_ros.matching.seeker import Seeker
from xsense_ros.matching.template import cut_template

VISIBLE, INFRARED = toy_scene(3)
BOX = [300, 200, 60, 50]
STRIP = 76


@pytest.fixture(scope='module')
def answer(matcher):
    template = cut_template(matcher, VISIBLE, BOX, 'thing')
    return template, Seeker(matcher, template, Mapping.same()).look(INFRARED)


def around(picture, x, y, colour):
    """Whether a colour is at a point, give or take what antialiasing and rounding do."""
    part = picture[y - 2 : y + 3, x - 2 : x + 3].astype(int)
    return (np.abs(part - colour).max(axis=2) < 30).any()


def test_boxes_are_where_they_were_found(answer):
    picture = draw(VISIBLE, INFRARED, [answer])
    assert picture.shape == (480 + STRIP, 1280, 3)
    assert picture.dtype == np.uint8
    left, top, width, height = (round(v) for v in answer[1].box_infrared)
    for x, y in ((left, top + height // 2), (left + width // 2, top), (left + width, top + 10)):
        assert around(picture, 640 + x, STRIP + y, COLOURS[0])
        assert around(picture, x, STRIP + y, COLOURS[0])
    assert not around(picture, 640 + left + width // 2, STRIP + top + height // 2, COLOURS[0])
    # The thumbnail is the template.
    assert np.array_equal(picture[6:70, 6:70], answer[0].pixels)


def test_frames_stay_as_they_are(answer):
    visible, infrared = VISIBLE.copy(), INFRARED.copy()
    visible.setflags(write=False)
    draw(visible, infrared, [answer], asked=True)
    assert np.array_equal(visible, VISIBLE)
    assert np.array_equal(infrared, INFRARED)


def test_asked_and_truth_are_drawn_in_white(answer):
    picture = draw(VISIBLE, INFRARED, [], truth=[[100, 120, 50, 40]])
    assert picture.shape == (480, 1280, 3)
    assert around(picture, 640 + 100, 140, ASKED)
    template, sighting = answer
    absent = replace(sighting, found=False, box_visible=None, box_infrared=None)
    picture = draw(VISIBLE, INFRARED, [(template, absent)], asked=True)
    assert around(picture, 300, STRIP + 225, ASKED)
    assert not around(picture, 640 + 300, STRIP + 225, COLOURS[0])


@pytest.mark.parametrize(
    ('values', 'size'),
    [
        (np.full((480, 640), np.nan, np.float32), (480, 640)),
        (INFRARED[::2, ::2], (240, 320)),
        (INFRARED[::8, ::8], (240, 320)),
        (np.zeros((1440, 800), np.uint8), (720, 400)),
        (np.zeros((5, 4), np.float32), (240, 192)),
    ],
)
def test_any_infrared_frame_can_be_drawn(answer, values, size):
    assert draw(None, values, [answer]).shape == (size[0] + STRIP, size[1], 3)


def test_frames_of_two_sizes_become_as_high(answer):
    assert draw(VISIBLE, INFRARED[::2, ::2], [answer]).shape == (480 + STRIP, 1280, 3)


def test_each_template_has_its_colour(answer):
    picture = draw(VISIBLE, INFRARED, [answer] * 5)
    assert picture.shape[0] == 480 + 5 * STRIP
    for number in range(5):
        colour = COLOURS[number % len(COLOURS)]
        rows = picture[number * STRIP : (number + 1) * STRIP]
        assert (np.abs(rows.astype(int) - colour).max(axis=2) < 10).sum() > 20
