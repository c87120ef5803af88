# SPDX-License-Identifier: Apache-2.0
"""One template through many frames: followed, lost, found again, honestly not there."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.toy_matcher import toy_scene
from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import centres, overlap
from xsense_ros.matching.mapping import Mapping
from xsense_ros.matching.seeker import TILES, WINDOW, Seeker, SeekOptions
from xsense_ros.matching.template import cut_template
from xsense_ros.matching.tiling import Candidate, Sweep, plan_sweep, sides_of_any

WIDE_VISIBLE, WIDE_INFRARED = toy_scene(5, 900, 700)
ELSEWHERE = toy_scene(6)[1]
BOX = np.array([300.0, 200, 60, 50])
ALL_AT_ONCE = SeekOptions(tiles_per_frame=0)


def seen_from(x, y, image=WIDE_INFRARED):
    """What a camera that looks at another part of a wide scene sees, 640 x 480."""
    return image[y : y + 480, x : x + 640]


@pytest.fixture(scope='module')
def template(matcher):
    return cut_template(matcher, seen_from(100, 100, WIDE_VISIBLE), BOX, 'thing')


def moved(right, down):
    return np.add(BOX, (right, down, 0, 0))


def seek(matcher, template, mapping=None, **options):
    return Seeker(matcher, template, mapping or Mapping.same(), SeekOptions(**options))


def test_finds_it_where_it_should_be(matcher, template):
    sighting = seek(matcher, template).look(seen_from(100, 100))
    assert (sighting.found, sighting.mode, sighting.reason) == (True, WINDOW, '')
    assert overlap(sighting.box_infrared, BOX) > 0.85
    assert np.array_equal(sighting.box_visible, sighting.box_infrared)
    assert sighting.probability > 0.9
    assert set(sighting.milliseconds) == {'cut', 'search'}
    assert min(sighting.milliseconds.values()) > 0


def test_follows_it(matcher, template):
    """Farther, in sum, than any one window reaches."""
    seeker = seek(matcher, template)
    for step in range(12):
        x, y = 100 + 14 * step, 100 - 8 * step
        sighting = seeker.look(seen_from(x, y))
        assert sighting.mode == WINDOW
        assert overlap(sighting.box_infrared, moved(100 - x, 100 - y)) > 0.8


def test_loses_it_and_finds_it_again_elsewhere(matcher, template):
    seeker = seek(matcher, template, lost_after=2, tiles_per_frame=6)
    assert seeker.look(seen_from(100, 100)).found
    modes, left = [], []
    for _ in range(5):
        sighting = seeker.look(ELSEWHERE)
        assert not sighting.found
        assert sighting.box_infrared is None
        assert sighting.reason
        modes.append(sighting.mode)
        left.append(sighting.tiles_left)
    assert modes == [WINDOW, WINDOW, TILES, TILES, TILES]
    assert left[2:] == [left[2], left[2] - 6, left[2] - 12]
    assert 'tiles searched' in sighting.reason
    for _ in range(40):
        sighting = seeker.look(seen_from(0, 0))
        if sighting.found:
            break
    assert sighting.mode == TILES
    assert overlap(sighting.box_infrared, moved(100, 100)) > 0.8
    assert seeker.look(seen_from(0, 0)).mode == WINDOW


def test_a_sweep_goes_on_where_it_stopped_and_then_begins_again(matcher, template):
    seeker = seek(matcher, template, tiles_per_frame=9)
    seeker.lose()
    left = [seeker.look(ELSEWHERE).tiles_left for _ in range(20)]
    assert left[0] > 30
    sweep = left.index(0) + 1
    assert left[:sweep] == [max(left[0] - 9 * n, 0) for n in range(sweep)]
    assert left[sweep : 2 * sweep] == left[:sweep]


def test_everywhere_in_one_frame(matcher, template):
    seeker = Seeker(matcher, template, Mapping.same(), ALL_AT_ONCE)
    seeker.lose()
    sighting = seeker.look(seen_from(0, 60))
    assert (sighting.found, sighting.mode, sighting.tiles_left) == (True, TILES, 0)
    assert overlap(sighting.box_infrared, moved(100, 40)) > 0.8
    seeker.lose()
    assert not seeker.look(ELSEWHERE).found


def test_a_picture_of_another_camera_is_searched_at_any_size(matcher):
    """Twice as large in its own picture as in the infrared frame, and nobody says where."""
    picture = cv2.resize(seen_from(100, 100, WIDE_VISIBLE), None, fx=2, fy=2)
    large = cut_template(matcher, picture, 2 * BOX, placed=False)
    sides = sides_of_any((640, 480))
    near = min(sides, key=lambda side: abs(side - 60))
    assert max(near / 60, 60 / near) < 1.3  # a size among those tried that a matcher can bridge
    frame = cv2.resize(seen_from(100, 100), None, fx=near / 60, fy=near / 60)
    seeker = Seeker(matcher, large, Mapping.same(), ALL_AT_ONCE)
    sighting = seeker.look(frame)
    assert (sighting.found, sighting.mode) == (True, TILES)
    assert overlap(sighting.box_infrared, BOX * near / 60) > 0.6
    assert seeker.look(frame).mode == WINDOW


def test_through_a_homography(matcher, template):
    """An infrared camera with half the pixels, shifted and turned a little."""
    c, s = 0.5 * np.cos(0.1), 0.5 * np.sin(0.1)
    matrix = np.array([[c, -s, 40], [s, c, 0], [0, 0, 1]])
    smaller = cv2.warpPerspective(
        cv2.GaussianBlur(seen_from(100, 100), (0, 0), 0.8), matrix, (320, 240)
    )
    mapping = Mapping.homography(matrix)
    sighting = seek(matcher, template, mapping).look(smaller)
    assert sighting.found
    assert overlap(sighting.box_infrared, mapping.box_to_infrared(BOX)) > 0.75
    assert overlap(sighting.box_visible, BOX) > 0.75


def test_several_share_a_frame(matcher, template):
    frame = matcher.frame(seen_from(100, 100))
    boxes = [BOX, BOX, np.array([120.0, 300, 70, 60])]
    picture = seen_from(100, 100, WIDE_VISIBLE)
    seekers = [seek(matcher, cut_template(matcher, picture, box)) for box in boxes]
    for seeker, box in zip(seekers, boxes, strict=True):
        assert overlap(seeker.look(frame).box_infrared, box) > 0.8
    assert len(frame._tensors) == 2


def test_where_the_window_shows_nothing_it_is_not_there(matcher, template):
    frame = seen_from(100, 100).copy()
    frame[100:380, 150:500] = 7300
    sighting = seek(matcher, template).look(frame)
    assert not sighting.found
    assert 'contrast' in sighting.reason
    assert sighting.probability == 0


def test_outside_of_the_infrared_frame(matcher, template):
    away = Mapping.homography([1, 0, 700, 0, 1, 0, 0, 0, 1])
    sighting = seek(matcher, template, away).look(seen_from(100, 100))
    assert not sighting.found
    assert 'outside of the infrared frame' in sighting.reason


def test_boxes_end_with_their_frames(matcher):
    box = np.array([0.0, 200, 60, 60])
    made = cut_template(matcher, seen_from(100, 100, WIDE_VISIBLE), box)
    sighting = seek(matcher, made).look(seen_from(120, 100))
    assert sighting.found
    left, _, width, _ = sighting.box_infrared
    assert left == 0
    assert width == pytest.approx(40, abs=6)


def test_the_threshold_can_be_set(matcher, template):
    frame = seen_from(100, 100)
    seeker = seek(matcher, template, min_probability=1.0)
    assert 'probability' in seeker.look(frame).reason
    seeker.options = SeekOptions()
    assert seeker.look(frame).found


def test_another_mapping_or_size_forgets_where_it_was(matcher, template):
    seeker = seek(matcher, template)
    assert seeker.look(seen_from(140, 120)).found
    matrix = [0.5, 0, 0, 0, 0.5, 0, 0, 0, 1]
    seeker.mapping = Mapping.homography(matrix)
    half = cv2.resize(seen_from(100, 100), (320, 240), interpolation=cv2.INTER_AREA)
    sighting = seeker.look(half)
    assert overlap(sighting.box_infrared, BOX / 2) > 0.75
    seeker.mapping = Mapping.same()
    with pytest.raises(InputError, match=r'homography 0\.5'):
        seeker.look(half)
    assert seeker.look(seen_from(100, 100)).found


def test_a_wild_size_is_not_followed(matcher, template):
    seeker = seek(matcher, template)
    seeker.look(seen_from(100, 100))
    for _ in range(20):
        seeker._square = seeker._followed(np.array([300.0, 200, 900, 900]))
    assert seeker._square[2] == pytest.approx(4 * 60)
    assert np.allclose(centres(seeker._square), [750, 650])


@pytest.mark.parametrize(
    ('frame', 'words'),
    [
        (np.full((480, 640), 7300, np.uint16), 'lens cap'),
        (np.full((480, 640), np.nan, np.float32), 'not finite'),
        (np.zeros((480, 640, 3), np.uint8), 'visible frame is the other argument'),
        (np.zeros((240, 320), np.uint16), 'homography 0.5'),
        (None, 'infrared frame'),
    ],
)
def test_frames_that_cannot_be_searched(matcher, template, frame, words):
    seeker = seek(matcher, template)
    with pytest.raises(InputError, match=words):
        seeker.look(frame)
    assert seeker.look(seen_from(100, 100)).found  # and it goes on


@pytest.mark.parametrize(
    'wrong',
    [
        {'prior': -0.1},
        {'prior': float('nan')},
        {'tiles_per_frame': -1},
        {'lost_after': 0},
        {'min_probability': 1.5},
        {'scales': ()},
        {'scales': (1, 0)},
    ],
)
def test_options_out_of_range(wrong):
    with pytest.raises(InputError, match=f'search.{next(iter(wrong))}'):
        SeekOptions(**wrong)


def test_a_sweep_begins_where_the_thing_was_last():
    sweep = plan_sweep((640, 480), [60, 42], 3.0, 192, (500, 100), 5.0)
    assert sweep.total == len(sweep.waiting) > 30
    assert {tile.side for tile in sweep.waiting} == {180, 126}
    assert {tile.angle for tile in sweep.waiting} == {5.0}
    first = [tile for tile in sweep.waiting if tile.side == 180]
    assert sweep.waiting[: len(first)] == first
    away = [np.hypot(tile.centre[0] - 500, tile.centre[1] - 100) for tile in first]
    assert away == sorted(away)
    assert sweep.places == pytest.approx(640 * 480 / 180**2 + 640 * 480 / 126**2)
    assert len(sweep.take(10)) == 10
    assert len(sweep.take(0)) == sweep.total - 10
    assert sweep.waiting == []


def test_a_small_frame_is_one_place():
    assert plan_sweep((100, 80), [60], 3.0, 192, (50, 40)).places == 1


def test_a_thing_seen_in_two_tiles_counts_once():
    sweep = Sweep([], 2, 2.0)
    assert sweep.best() is None
    for left, presence in ((0, 1.0), (10, 3.0), (200, 2.0)):
        sweep.candidates.append(Candidate(np.array([left, 0, 50, 50.0]), presence))
    assert sweep.best().presence == 3.0
    sweep.dismiss()
    assert sweep.best().presence == 2.0
    sweep.dismiss()
    assert sweep.best() is None


def test_sides_of_a_thing_of_unknown_size():
    sides = sides_of_any((640, 480))
    assert sides[0] == 240
    assert np.allclose(np.array(sides[:-1]) / sides[1:], 1.6)
    assert min(sides) >= 12
    assert sides_of_any((16, 12)) == [6]


def test_templates_keep_their_state_apart(matcher, template):
    one, other = seek(matcher, template), seek(matcher, replace(template, name='again'))
    one.lose()
    assert other.look(seen_from(100, 100)).mode == WINDOW
