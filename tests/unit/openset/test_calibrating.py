# SPDX-License-Identifier: Apache-2.0
"""Thresholds by a gallery's own views: trials recomputed one by one, and what is refused."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import yaml

from tests.unit.openset.conftest import SPACE
from xsense_ros.errors import GalleryError, InputError
from xsense_ros.openset.calibrating import calibrate_gallery
from xsense_ros.openset.canvas import COLOURS
from xsense_ros.openset.curves import draw_curves
from xsense_ros.openset.evidence import Views
from xsense_ros.openset.report import calibration_lines, parameter_file
from xsense_ros.openset.thresholds import ask, choose_thresholds, rates


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


@pytest.mark.parametrize('target', ['touch', 'impact'])
def test_every_view_is_asked_as_if_it_had_not_been_enrolled(make_gallery, spaces, target) -> None:
    gallery = make_gallery(items=5, noise=0.25)
    views = Views(gallery, spaces)
    (pair,) = [p for p in views.pairs() if p.name == f'touch->{target}']
    evidence = views.evidence(pair)
    trials = ask(evidence.log_odds, evidence, pair.calibration.__class__(1.0, 0.0, 0.0, 0.0))
    asked, held = gallery.vectors(SPACE, 'touch'), gallery.vectors(SPACE, target)
    expected = []
    for stranger in (False, True):
        for vector, owner, view in zip(asked.matrix, asked.item_ids, asked.view_ids, strict=True):
            best: dict[str, float] = {}
            for other, item, number in zip(held.matrix, held.item_ids, held.view_ids, strict=True):
                if number != view and not (stranger and item == owner):
                    best[item] = max(best.get(item, -1.0), float(vector @ other))
            ranked = sorted(best, key=lambda item: -best[item])
            p = [sigmoid(10 * best[item] - 5) for item in ranked[:2]]
            expected.append((p[0], p[0] - p[1], ranked[0] == owner, stranger))
    np.testing.assert_allclose(trials.probability, [row[0] for row in expected], atol=1e-5)
    np.testing.assert_allclose(trials.margin, [row[1] for row in expected], atol=1e-5)
    assert list(trials.right) == [row[2] for row in expected]
    assert list(trials.stranger) == [row[3] for row in expected]
    found = rates(trials, 0.9, 0.1)
    strangers = [p >= 0.9 and m >= 0.1 for p, m, _, strange in expected if strange]
    assert found.false_accepts == pytest.approx(np.mean(strangers))


def test_no_other_thresholds_of_a_grid_do_better(make_gallery, spaces) -> None:
    views = Views(make_gallery(items=15, noise=0.3), spaces)
    (pair,) = [p for p in views.pairs() if p.name == 'touch->touch']
    evidence = views.evidence(pair)
    trials = ask(evidence.log_odds, evidence, pair.calibration.__class__(1.0, 0.0, 0.0, 0.0))
    chosen = choose_thresholds(trials, 0.1, 'touch->touch')
    assert chosen.rates == rates(trials, chosen.min_probability, chosen.min_margin)
    assert max(chosen.rates.false_accepts, chosen.rates.accepted_wrong) <= 0.1
    assert chosen.false_accepts_at_most > chosen.rates.false_accepts
    for least in np.linspace(0, 1, 41):
        # Between the candidates at most one trial more is to be had.
        other = rates(trials, float(least), chosen.min_margin)
        if max(other.false_accepts, other.accepted_wrong) <= 0.1:
            assert other.accepted_right <= chosen.rates.accepted_right + 1.5 / chosen.known


def test_senses_together_accept_more_of_the_known(make_gallery, spaces) -> None:
    gallery = make_gallery(items=25, noise=0.26, touch=3, impact=3)
    found = calibrate_gallery(
        gallery, spaces, targets=['touch=touch', 'impact=impact'], together=['touch+impact']
    )
    by_name = {one.name: one for one in found.found}
    assert set(by_name) == {'touch->touch', 'impact->impact', 'touch+impact'}
    both = by_name['touch+impact'].thresholds.rates.accepted_right
    assert both > 1.2 * by_name['touch->touch'].thresholds.rates.accepted_right
    assert both > 1.2 * by_name['impact->impact'].thresholds.rates.accepted_right
    parameters = found.parameters()
    assert parameters['min_probability'] == max(
        by_name[name].thresholds.min_probability for name in ('touch->touch', 'impact->impact')
    )
    assert parameters['fusion.min_margin'] == by_name['touch+impact'].thresholds.min_margin
    given = yaml.safe_load(parameter_file(found, 0.05))['/**']['ros__parameters']
    assert given == parameters
    lines = '\n'.join(calibration_lines(found, 0.05))
    assert 'touch+impact' in lines and 'fusion.min_probability' in lines
    assert found.to_json()['found'][0]['curve']


def test_the_curves_are_drawn(make_gallery, spaces, tmp_path) -> None:
    found = calibrate_gallery(make_gallery(), spaces)
    canvas = draw_curves(found, 0.05)
    canvas.save(tmp_path / 'curves.png')
    picture = cv2.imread(str(tmp_path / 'curves.png'))
    np.testing.assert_array_equal(picture[..., ::-1], canvas.pixels)
    for colour in COLOURS[: len(found.found)]:
        assert (canvas.pixels == colour).all(axis=2).any()
    with pytest.raises(InputError, match='picture file'):
        canvas.save(tmp_path / 'nowhere' / 'curves.png')


def test_too_few_views_are_told_pair_by_pair(make_gallery, spaces) -> None:
    # One touch each: no known thing by touch alone, but knocks have partners.
    found = calibrate_gallery(make_gallery(touch=1, impact=2), spaces)
    assert {one.name for one in found.found} == {
        'impact->impact',
        'impact->touch',
        'touch->impact',
    }
    (reason,) = map(str, found.left_out.values())
    assert 'touch->touch' in reason and 'Cure: enrol more things with several views' in reason
    with_text = calibrate_gallery(make_gallery(), spaces, together=['text+touch'])
    assert 'views that answer text' in str(with_text.left_out['text+touch'])


def test_galleries_that_say_nothing(make_gallery, spaces) -> None:
    with pytest.raises(GalleryError, match='items: got 2'):
        calibrate_gallery(make_gallery(items=2), spaces)
    with pytest.raises(GalleryError, match='too few of each of'):
        calibrate_gallery(make_gallery(items=4, touch=1), spaces)
    with pytest.raises(GalleryError, match='enrol things first'):
        calibrate_gallery(make_gallery(items=0), spaces)
    with pytest.raises(GalleryError, match='rebuild'):
        calibrate_gallery(make_gallery(), {})
    for share in (0.0, 1.0, math.nan):
        with pytest.raises(InputError, match='false accepts'):
            calibrate_gallery(make_gallery(), spaces, most_false=share)
    with pytest.raises(InputError, match='senses asked together'):
        calibrate_gallery(make_gallery(), spaces, together=['touch'])


def test_nothing_is_accepted_where_everything_is_alike(make_gallery, spaces) -> None:
    found = calibrate_gallery(make_gallery(items=12, noise=30.0, touch=3), spaces, most_false=0.01)
    (one,) = found.found
    assert one.thresholds.rates.accepted_right < 0.15
    if not one.thresholds.rates.accepted_right:
        assert found.parameters() == {} and 'nothing can be accepted' in '\n'.join(
            calibration_lines(found, 0.01)
        )
