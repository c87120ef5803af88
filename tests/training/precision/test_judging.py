# SPDX-License-Identifier: Apache-2.0
"""What is measured of a precision, by hand; the gate; real samples."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.toy_matcher import toy_matcher_bundle, toy_scene
from tests.training.precision.networks import (
    Toy,
)
from xsense_ros.encoder import Encoder
from xsense_ros.engines.bundle import Bundle
from xsense_ros.errors import InputError
from xsense_training.export.precision import add_precision
from xsense_training.export.precision_drift import Change, Drift, Measured, why_refused
from xsense_training.export.precision_matches import MatchJudge, SearchSample
from xsense_training.export.precision_vectors import VectorJudge
from xsense_training.recipes.real_samples import real_samples, spread


class TestDrift:
    def test_by_hand(self):
        samples = [Toy('image', None, t) for t in 'ab'] + [Toy('text', None, t) for t in 'ab']
        exact = {m: np.eye(2, dtype=np.float32) for m in ('image', 'text')}
        turned = np.float32([[0.6, 0.8], [0, 1]])
        lower = {'image': turned, 'text': exact['text']}
        found = VectorJudge([], samples).compare(exact, lower)
        assert found.drift['image'].mean == pytest.approx(0.8)
        assert (found.least, found.mean) == (pytest.approx(0.6), pytest.approx(0.8))
        assert found.drift['text'].least == 1
        # The first picture now lies nearer to 'b': of two answers the right one comes second.
        assert found.change['image->text'] == Change('mAP', 1.0, -25.0, 2)
        assert found.points == -25

    def test_the_gate_names_what_and_how_much(self):
        good = Drift('cosine of image vectors', 0.999, 0.99, 10)
        bad = Drift('cosine of sound vectors', 0.98, 0.97, 10)
        none = {'image->text': Change('mAP', 0.5, -0.2, 10)}
        assert why_refused(Measured({'image': good}, none), 'it') is None
        refused = why_refused(Measured({'image': good, 'sound': bad}, none), 'int8 of toy')
        assert 'mean cosine of sound vectors in int8 of toy' in str(refused)
        assert (
            '0.98' in str(refused) and 'at least 0.99' in str(refused) and '--keep' in str(refused)
        )
        far = Measured({'image': replace(good, least=0.5)}, none)
        assert 'least cosine of image' in str(why_refused(far, 'it'))
        lost = Measured({'image': good}, {'image->text': Change('mAP', 0.5, -1.5, 10)})
        assert '-1.50 points' in str(why_refused(lost, 'it'))
        broken = Measured({'image': replace(good, mean=float('nan'))}, {})
        assert why_refused(broken, 'it') is not None


def searches(seed):
    """A third of them for things that are not there."""
    visible, warm = toy_scene(seed)
    found = []
    for number, (x, y) in enumerate(((200, 160), (320, 240), (440, 300))):
        template = visible[y - 32 : y + 32, x - 32 : x + 32]
        if number == 2:
            found.append(SearchSample(template, warm[:192, :192], None))
        else:
            left, top = x - 90, y - 100
            square = np.array([x - 32 - left, y - 32 - top, 64.0, 64.0])
            found.append(SearchSample(template, warm[top : top + 192, left : left + 192], square))
    return found


def test_a_matcher_is_judged_by_its_boxes(tmp_path):
    matcher = toy_matcher_bundle(tmp_path / 'match')
    judge = MatchJudge([], [*searches(0), *searches(1)])
    exact = judge.answers(matcher)
    same = judge.compare(exact, exact)
    assert (same.mean, same.points) == (pytest.approx(1), 0)
    assert same.change['template->search'].value >= 0.5
    moved = replace(exact, boxes=exact.boxes + np.array([32, 0, 0, 0]), found=~exact.found)
    worse = judge.compare(exact, moved)
    assert worse.mean == pytest.approx(1 / 3, abs=0.1) and worse.points < 0
    assert 'overlap of boxes' in str(why_refused(worse, 'it'))
    made = add_precision(matcher, 'fp16', judge, tmp_path / 'models')
    assert set(made.manifest.models['search'].variants) == {'fp16'}
    feeds = replace(judge, fitted=searches(2)).feeds(made)
    assert [len(fed) for fed in feeds.values()] == [3, 3]
    assert set(feeds['search'][0]) == {t.name for t in made.manifest.models['search'].inputs}


def test_spread():
    assert spread(range(100), 3) == [0, 49, 99] and spread('ab', 5) == ['a', 'b']


@pytest.mark.parametrize('space', ['sketch-photo', 'touch-vision-sound'])
def test_real_samples_encode_and_parts_differ(space):
    try:
        seen, unseen = (real_samples(space, 3, held_out=held_out) for held_out in (False, True))
    except InputError as error:
        pytest.skip(f'{error.value} is not here: {error.cure}')
    shipped = Bundle.open(Path(__file__).parents[3] / 'models' / space, verify=False)
    encoder = Encoder([shipped], threads=1)
    try:
        for one in unseen[::2]:
            assert encoder.encode(one.modality, one.sample).vectors
    finally:
        encoder.close()
    assert {one.modality for one in unseen} == set(
        encoder.modalities or [o.modality for o in seen]
    )
    assert not {one.thing for one in seen} & {one.thing for one in unseen}


def test_real_samples_of_an_unknown_space():
    with pytest.raises(InputError, match='real samples of the space'):
        real_samples('dreams', 3, held_out=True)
