# SPDX-License-Identifier: Apache-2.0
"""Templates and the frames that are searched: what is cut, shared and refused."""

from __future__ import annotations

import numpy as np
import pytest

from tests.toy_matcher import SEARCH, toy_scene
from xsense_ros.errors import InputError
from xsense_ros.matching.geometry import Crop
from xsense_ros.matching.template import BORDER, cut_template
from xsense_ros.senses.matcher_input import SearchInput

VISIBLE, INFRARED = toy_scene(1, 320, 240)


def test_a_template_is_the_square_around_its_box(matcher):
    made = cut_template(matcher, VISIBLE, [100, 60, 80, 40], 'mug')
    assert (made.name, made.frame_size, made.placed) == ('mug', (320, 240), True)
    assert (made.square.centre, made.square.side) == ((140, 80), 80)
    assert np.array_equal(made.pixels, made.square.cut(VISIBLE))
    kept = matcher.encode(made.pixels).tensors['kept_0']
    assert np.array_equal(made.kept.tensors['kept_0'], kept)


def test_its_square_may_reach_out_of_the_picture(matcher):
    made = cut_template(matcher, VISIBLE, [0, 0, 12, 120])
    assert made.square.centre == (6, 60)
    assert (made.pixels[:, :28] == BORDER).all()
    assert made.pixels[:, 30:].std() > 1


def test_a_whole_picture_can_be_a_template(matcher):
    made = cut_template(matcher, VISIBLE, placed=False)
    assert made.box.tolist() == [0, 0, 320, 240]
    assert (made.square.side, made.placed) == (320, False)


@pytest.mark.parametrize(
    ('image', 'box', 'words'),
    [
        (VISIBLE, [300, 100, 40, 40], 'inside 320 x 240'),
        (VISIBLE, [-1, 100, 40, 40], 'inside 320 x 240'),
        (VISIBLE, [50, 50, 9.5, 40], 'at least 10 pixels'),
        (VISIBLE, [50, 50, np.nan, 40], 'finite'),
        (VISIBLE, [50, 50, 40], 'left, top, width, height'),
        (np.full_like(VISIBLE, 80), [50, 50, 40, 40], 'contrast'),
        (INFRARED, [50, 50, 40, 40], 'infrared one as the frame to search'),
        (VISIBLE[..., 0], [50, 50, 40, 40], 'RGB uint8'),
        (None, [50, 50, 40, 40], 'NoneType'),
    ],
)
def test_what_is_no_template(matcher, image, box, words):
    with pytest.raises(InputError, match=words):
        cut_template(matcher, image, box)


def test_crops_of_a_frame_are_made_once(matcher):
    frame = matcher.frame(INFRARED)
    crop = Crop((100, 100), 150, SEARCH)
    assert frame.size == (320, 240)
    assert frame.tensor(crop) is frame.tensor(Crop((100, 100), 150, SEARCH))
    expected = SearchInput(SEARCH)(crop.cut(INFRARED))['search']
    assert np.array_equal(frame.tensor(crop)['search'], expected)


def test_outside_of_a_frame_is_its_mean(matcher):
    celsius = (INFRARED * 0.04).astype(np.float32)
    celsius[8, 8] = np.nan
    for values in (INFRARED, celsius):
        crop = Crop((0, 120), 150, SEARCH)
        found = matcher.frame(values).tensor(crop)['search'][0, 0]
        whole = SearchInput(SEARCH)(crop.cut(values, float(np.nanmean(values))))['search'][0, 0]
        assert np.abs(found - whole).max() < 0.05
        assert found[:, :90].std() < 1e-6


@pytest.mark.parametrize(
    'wrong', [VISIBLE, INFRARED.astype(np.float64), INFRARED[..., None], None, [[1]]]
)
def test_what_is_no_frame(matcher, wrong):
    with pytest.raises(InputError, match='infrared frame'):
        matcher.frame(wrong)


def test_a_frame_without_contrast_is_refused(matcher):
    frame = matcher.frame(np.full((240, 320), 7300, np.uint16))
    with pytest.raises(InputError, match='lens cap'):
        frame.require_contrast()
    matcher.frame(INFRARED).require_contrast()
