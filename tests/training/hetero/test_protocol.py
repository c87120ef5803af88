# SPDX-License-Identifier: Apache-2.0
"""What is asked, and what knows nothing scores on it."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.matching.boxes import overlap
from xsense_training.baselines.template_matching import centre_prior
from xsense_training.data.registered_pair import PairSet, RegisteredPair, Target, grey
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.rows import summarise
from xsense_training.evaluate.table import markdown
from xsense_training.recipes.hetero.closed_forms import closed_form, kind_of
from xsense_training.recipes.hetero.judging import judge_matchers
from xsense_training.recipes.hetero.protocol import (
    JITTERS,
    SEARCH_SIZE,
    Jitter,
    Look,
    digest,
    draw_searches,
    search_view,
    template_view,
)

RNG = np.random.default_rng(0)
PUBLISHED = Look(128, 256, published=True)


def truth(search, look=None):
    crop = search.crop if look is None else look.search_crop(search)
    return crop.boxes_to_crop(search.target.there)


@pytest.fixture(scope='module')
def pairs():
    """Two frames of smooth noise; the other sensor sees the same in grey."""
    import cv2

    frames = []
    for number in range(2):
        noise = RNG.integers(0, 256, (400, 500, 3), np.uint8)
        visible = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 2), None, 0, 255, cv2.NORM_MINMAX)
        frames.append(
            RegisteredPair(f'{number}', visible, np.rint(grey(visible)).astype(np.uint8))
        )
    targets = tuple(
        Target(number, (x, y, 64, 64))
        for number in range(2)
        for x in (0, 180, 436)
        for y in (0, 150, 336)
    )
    return PairSet('noise', ('0', '1'), frames.__getitem__, targets, {'0': '0', '1': '1'})


@pytest.mark.parametrize('name', JITTERS)
def test_the_target_is_whole_in_the_search_or_not_there_at_all(pairs, name):
    searches = draw_searches(pairs, JITTERS[name], 60, 40, seed=1)
    assert [s.present for s in searches] == [True] * 60 + [False] * 40
    assert digest(searches) == digest(draw_searches(pairs, JITTERS[name], 60, 40, seed=1))
    assert digest(searches) != digest(draw_searches(pairs, JITTERS[name], 60, 40, seed=2))
    whole = [0, 0, SEARCH_SIZE, SEARCH_SIZE]
    low, high = JITTERS[name].scale
    for search in searches:
        left, top, width, height = truth(search)
        assert 64 / high - 1e-6 <= width <= 64 / low + 1e-6
        if search.present:
            assert min(left, top) > -0.01 and max(left + width, top + height) < SEARCH_SIZE + 0.01
        elif search.pair == search.target.pair:
            assert overlap(truth(search), whole) == 0
    # Each target is asked for about equally often.
    asked = [s.target for s in searches if s.present]
    assert max(map(asked.count, asked)) - min(map(asked.count, asked)) <= 1


def test_views_show_the_same_thing(pairs):
    for search in draw_searches(pairs, Jitter(), 5, 0, seed=3):
        template = grey(template_view(pairs.load(search.target.pair), search.target))
        view = search_view(pairs.load(search.pair), search).astype(np.float32)
        left, top, width, height = (round(float(v)) for v in truth(search))
        cut = view[top : top + height, left : left + width]
        assert cut.shape == template.shape
        # Less than a pixel apart, because crops begin anywhere between pixels.
        assert np.corrcoef(cut.ravel(), template.ravel())[0, 1] > 0.8


def test_blur_and_noise_are_those_of_the_list(pairs):
    search = draw_searches(pairs, JITTERS['harder'], 1, 0)[0]
    one, again = (search_view(pairs.load(search.pair), search) for _ in range(2))
    assert search.blur > 0 and search.noise > 0 and np.array_equal(one, again)


def judged(pairs, protocol, names=('centre prior', 'NCC')):
    searches = draw_searches(pairs, JITTERS[protocol], 40, 10, seed=4)
    found = judge_matchers(pairs, searches, {name: closed_form(name) for name in names})
    return [
        Outcome('hetero', 'noise', protocol, 'visible->grey', name, kind_of(name), 0, results)
        for name, results in found.items()
    ]


def test_the_centred_control_is_won_without_looking(pairs):
    """The published protocol: a constant box in the middle is right. Moved, it is not."""
    centred, moved = judged(pairs, 'centred'), judged(pairs, 'shifted')
    assert centred[0].results.value('mIoU') == pytest.approx(1)
    assert moved[0].results.value('mIoU') < 0.3
    ncc = moved[1].results
    assert ncc.value('hit@5px') > 0.95 and ncc.value('FA@95') < 0.2
    summary = summarise(moved)
    rows = {(r.method, r.metric): r for r in summary.rows}
    assert rows['centre prior', 'P0.7'].kind == 'control'
    assert rows['centre prior', 'P0.7'].p_value_vs_best_baseline < 0.01
    assert rows['NCC', 'P0.7'].p_value_vs_best_baseline is None
    assert (summary.sizes[0].queries, summary.sizes[0].gallery) == (40, 10)
    assert '| centre prior |' in markdown(summary)


@pytest.mark.parametrize('name', ['shifted', 'turned'])
def test_published_crops_show_the_same_search(pairs, name):
    """The target lies at the same place of the image, in a square of four of its sides."""
    for search in draw_searches(pairs, JITTERS[name], 8, 0, seed=5):
        own, wide = search.crop, PUBLISHED.search_crop(search)
        assert wide.side == pytest.approx(own.side * 4 / 3) and wide.size == 256
        target = truth(search, PUBLISHED)
        assert np.allclose(wide.boxes_to_frame(target), own.boxes_to_frame(truth(search)))
        assert PUBLISHED.template_crop(search.target).side == 2 * 64
        assert np.array_equal(PUBLISHED.box(search.target, target), target)
        view = search_view(pairs.load(search.pair), search, PUBLISHED)
        template = template_view(pairs.load(search.target.pair), search.target, PUBLISHED)
        assert view.shape == (256, 256) and template.shape == (128, 128, 3)


def test_the_box_is_carried_along_with_its_square(pairs):
    """A long box: the square around it is found, the box keeps its aspect and its place."""
    target = Target(0, (200, 150, 80, 40))
    look, search = Look(), draw_searches(pairs, Jitter(), 1, 0, targets=[target])[0]
    square = look.template_crop(target)
    assert square.side == 80 and square.centre == (240, 170)
    corner = np.array(square.centre) - square.side / 2
    found = search.crop.boxes_to_crop((*corner, square.side, square.side))
    assert np.allclose(look.box(target, found), truth(search))


def test_raw_counts_stay_raw(pairs):
    counts = PairSet(
        'counts', ('0',),
        lambda _: RegisteredPair('0', pairs.load(0).visible, np.full((400, 500), 9000, np.uint16)),
        pairs.targets[:1], {'0': '0'},
    )  # fmt: skip
    for search in draw_searches(counts, JITTERS['harder'], 2, 0):
        view = search_view(counts.load(0), search)
        assert view.dtype == np.uint16 and np.abs(view.astype(int) - 9000).max() < 9000


def test_a_constant_box_scores_by_the_shape_of_its_target():
    """Why the published metric is nearly free: aspect ratios 1 to 3, target in the middle."""
    place = centre_prior(np.zeros((64, 64)), np.zeros((192, 192)))
    constant = (place.x - 32, place.y - 32, 64, 64)
    for ratio, expected in ((1, 1.0), (1.5, 0.69), (2, 0.55), (2.5, 0.46), (3, 0.40)):
        # Published crops: the side is sqrt((w + 3 m)(h + 3 m)) for 256 pixels, so 64 is a share.
        w, h = ratio, 1.0
        m = (w + h) / 2
        scale = 256 / ((w + 3 * m) * (h + 3 * m)) ** 0.5
        truth = (96 - w * scale / 2, 96 - h * scale / 2, w * scale, h * scale)
        assert float(overlap(constant, truth)) == pytest.approx(expected, abs=0.02)


def test_faults_are_named(pairs):
    with pytest.raises(InputError, match='targets'):
        draw_searches(pairs, Jitter(), 1, 0, targets=[])
    with pytest.raises(InputError, match='without the target'):
        draw_searches(pairs, Jitter(), 1, 1, targets=pairs.targets[:1])
