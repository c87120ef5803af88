# SPDX-License-Identifier: Apache-2.0
"""Choosing what ships: shares of candidates, and the block of image and sound alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.see_hear_read.corpora import DIMENSION, random_heads
from xsense_training.evaluate.system import System, apply
from xsense_training.mixing import choose_shares, side_by_side
from xsense_training.models.heads import LinearHead
from xsense_training.recipes.see_hear_read.protocol import directions
from xsense_training.recipes.see_hear_read.recipe import split
from xsense_training.recipes.see_hear_read.selection import add_own_block


def test_shares_are_never_worse_than_the_best_candidate_alone_by_much(made):
    corpus, features = made
    rng = np.random.default_rng(1)
    tasks = directions(corpus, split(corpus, 0).validation)[:2]
    candidates = {
        name: {
            'image': LinearHead(rng.standard_normal((5, DIMENSION)), np.zeros(5)),
            'text': LinearHead(rng.standard_normal((5, 10)), np.zeros(5)),
        }
        for name in ('a', 'b')
    }
    shares, score = choose_shares(candidates, features, tasks)
    assert sum(shares.values()) == pytest.approx(1)
    joined = {m: side_by_side(candidates, shares, m) for m in ('image', 'text')}
    found = [System('', joined).evaluate(features, t).value('MRR') for t in tasks]
    assert np.mean(found) == pytest.approx(score, abs=1e-3)


@pytest.fixture(scope='module')
def joined(made):
    corpus, features = made
    rng = np.random.default_rng(2)
    shared = random_heads(rng, 5, image=DIMENSION, text=10, sound=8)
    # The own block is the truth: image and sound of a concept meet there.
    image, sound = features.image[1::2, 0], features.sound[:, 0]
    own = {
        'image': LinearHead(np.eye(DIMENSION), np.zeros(DIMENSION)),
        'sound': LinearHead(np.linalg.lstsq(sound, image, rcond=None)[0].T, np.zeros(DIMENSION)),
    }
    tasks = directions(corpus, split(corpus, 0).validation)
    tasks = [t for t in tasks if t.name == 'items sound->image']
    heads, note = add_own_block(shared, own, features, tasks)
    return shared, own, heads, note


class TestOwnBlock:
    """A block that only image and sound fill."""

    def test_every_vector_has_length_one_and_the_same_size(self, made, joined):
        _, features = made
        heads = joined[2]
        found = [apply(heads[m], features.of(m)[:9, 0]) for m in ('image', 'text', 'sound')]
        assert {z.shape for z in found} == {(9, 5 + DIMENSION)}
        assert all(np.allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5) for z in found)

    def test_text_rankings_are_those_without_the_block(self, made, joined):
        corpus, features = made
        shared, _, heads, _ = joined
        for task in directions(corpus, split(corpus, 0).test):
            if 'text' not in task.pair:
                continue
            before = System('', shared).similarity(features, task)
            after = System('', heads).similarity(features, task)
            factor = (after * before).sum() / (before * before).sum()
            assert 0 < factor < 1 and np.allclose(after, factor * before, atol=1e-5)

    def test_image_sound_cosines_hold_the_chosen_part(self, made, joined):
        _, features = made
        shared, own, heads, note = joined
        part = note['part_of_cosine']
        assert part == 0.75
        image, sound = features.image[:20, 0], features.sound[:20, 0]

        def cosines(by):
            return apply(by['image'], image) @ apply(by['sound'], sound).T

        expected = (1 - part) * cosines(shared) + part * cosines(own)
        found = cosines(heads)
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] == pytest.approx(1, abs=1e-5)
