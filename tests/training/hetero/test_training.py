# SPDX-License-Identifier: Apache-2.0
"""What training draws, and that a matcher learns from it."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
import torch

from xsense_ros.errors import InputError
from xsense_ros.matching.geometry import Crop
from xsense_training.data.registered_pair import PairSet, RegisteredPair, Target
from xsense_training.losses.matcher_loss import LossConfig
from xsense_training.models.hetero_lite import HeteroLite, LiteConfig
from xsense_training.recipes.hetero import draws
from xsense_training.recipes.hetero.draws import DrawConfig, draw_batch
from xsense_training.recipes.hetero.protocol import JITTERS, Look, draw_searches
from xsense_training.recipes.hetero.sources import Sources
from xsense_training.recipes.hetero.training import MatcherTask

LOSS = LossConfig(
    labels='middle', classes='focal', class_weight=1.0, place_weight=1.0, response_weight=1.0
)
SMALL = LiteConfig(32, 96, first=12, narrow=8, wide=12, channels=8, groups=2, poses=((1, 0),))
PLAIN = DrawConfig(
    batch=12, plain=1.0, blur=0.11, noise=0.0, inverted=0.0, absent=0.2, look=Look(32, 96)
)
SHIFT = np.array([[1, 0, 3], [0, 1, -2], [0, 0, 1.0]])


def pair(seed, size=(460, 440)):
    """Smooth noise; the other sensor sees its negative."""
    noise = np.random.default_rng(seed).standard_normal(size[::-1]).astype(np.float32)
    smooth = cv2.normalize(cv2.GaussianBlur(noise, (0, 0), 3), None, 0, 255, cv2.NORM_MINMAX)
    grey = smooth.astype(np.uint8)
    return RegisteredPair(str(seed), np.repeat(grey[..., None], 3, axis=2), 255 - grey)


@pytest.fixture
def undisturbed(monkeypatch):
    monkeypatch.setattr(draws, 'disturb_visible', lambda image, _: image)
    monkeypatch.setattr(draws, 'disturb_search', lambda image, _, **__: image)


def test_the_box_is_where_the_template_is(undisturbed):
    """Of undisturbed rows, correlation finds every template at its box, and none elsewhere."""
    config = DrawConfig(batch=24, absent=0.3, real=1.0, scale=(1, 1), angle=0.0)
    batch = draw_batch(Sources([pair(1, (900, 900))], pair), config, np.random.default_rng(0))
    assert batch.template.shape == (24, 3, 64, 64) and batch.search.shape == (24, 3, 192, 192)
    assert 0 < batch.present.sum() < 24
    for template, search, box, present in zip(*batch[:4], strict=True):
        found = cv2.matchTemplate(search[0].numpy(), template[0].numpy(), cv2.TM_CCOEFF_NORMED)
        _, best, _, at = cv2.minMaxLoc(-found)
        near = np.abs(np.array(at) + 32 - box[:2].numpy() * 192).max() <= 1.5
        assert (near and best > 0.95) if present else best < 0.95
        if present:
            assert torch.allclose(box[2:], torch.tensor(1 / 3))


def test_boxes_are_mapped_corner_by_corner():
    rng = np.random.default_rng(0)
    for _ in range(20):
        shown = Crop(tuple(rng.uniform(100, 200, 2)), rng.uniform(40, 90), 64, rng.uniform(0, 360))
        turn = shown.angle + rng.uniform(-12, 12)
        seen = Crop(tuple(rng.uniform(100, 200, 2)), rng.uniform(150, 280), 192, turn)
        away = np.array([[1.02, 0.01, 3], [-0.02, 0.97, -4], [1e-5, -2e-5, 1]])
        corners = []
        for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
            a = math.radians(shown.angle)
            px = shown.centre[0] + shown.side / 2 * (x * math.cos(a) - y * math.sin(a))
            py = shown.centre[1] + shown.side / 2 * (x * math.sin(a) + y * math.cos(a))
            u, v, w = (row[0] * px + row[1] * py + row[2] for row in away)
            dx, dy, b = u / w - seen.centre[0], v / w - seen.centre[1], math.radians(turn)
            corners.append(
                (
                    0.5 + (dx * math.cos(b) + dy * math.sin(b)) / seen.side,
                    0.5 + (-dx * math.sin(b) + dy * math.cos(b)) / seen.side,
                )
            )
        a, b, c, d = corners
        width, height = (
            (math.dist(*one) + math.dist(*other)) / 2
            for one, other in (((a, b), (d, c)), ((b, c), (a, d)))
        )
        expected = [*np.mean(corners, axis=0), width, height]
        assert draws._box(shown, seen, away) == pytest.approx(expected, abs=1e-9)


def test_made_pairs_follow_their_homography(undisturbed):
    """A scene that the other camera sees 3 pixels to the right and 2 higher up."""

    def moved(number):
        one = pair(number)
        there = cv2.warpAffine(one.infrared, SHIFT[:2], one.size, borderMode=cv2.BORDER_REFLECT)
        return RegisteredPair(one.name, one.visible, there)

    sources = Sources([], moved, 3, lambda _: SHIFT)
    config = DrawConfig(batch=6, absent=0.0, plain=1.0)
    batch = draw_batch(sources, config, np.random.default_rng(0))
    for template, search, box in zip(*batch[:3], strict=True):
        found = cv2.matchTemplate(search[0].numpy(), template[0].numpy(), cv2.TM_CCOEFF_NORMED)
        at = cv2.minMaxLoc(-found)[3]
        assert np.abs(np.array(at) + 32 - box[:2].numpy() * 192).max() <= 1.5


def test_the_generator_alone_decides():
    sources = Sources([pair(1, (900, 900))], pair, 3)
    one, again, other = (
        draw_batch(sources, PLAIN, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, again, strict=True))
    assert not torch.equal(one.search, other.search)


def test_what_is_foreign_holds_nothing_of_the_template(undisturbed):
    sources = Sources([pair(1, (700, 700))], pair, 2)
    config = DrawConfig(batch=24, absent=0.0, other=1.0, plain=1.0)
    batch = draw_batch(sources, config, np.random.default_rng(0))
    assert 0 < batch.foreign.sum() < 24
    for number in batch.foreign.nonzero()[:, 0].tolist():
        search = batch.search[(number + 1) % 24, 0].numpy()
        template = batch.template[number, 0].numpy()
        found = [
            cv2.matchTemplate(search, np.ascontiguousarray(turned), cv2.TM_CCOEFF_NORMED)
            for mirrored in (template, template[:, ::-1])
            for turned in (np.rot90(mirrored, k) for k in range(4))
        ]
        assert np.max(-np.array(found)) < 0.9


def test_pairs_without_contrast_are_named():
    flat = RegisteredPair(
        'flat', np.full((400, 400, 3), 9, np.uint8), np.zeros((400, 400), np.uint8)
    )
    with pytest.raises(InputError, match='no contrast'):
        draw_batch(Sources([flat], pair), PLAIN, np.random.default_rng(0))


def test_a_matcher_learns():
    """A hundred steps on toy pairs, half a minute of learning in a second or two."""
    torch.manual_seed(0)
    pairs = PairSet(
        'noise', ('0',), lambda _: pair(0),
        tuple(Target(0, (x, y, 64, 64)) for x in (40, 150, 260) for y in (60, 200)), {'0': '0'},
    )  # fmt: skip
    searches = draw_searches(pairs, JITTERS['shifted'], 24, 12)
    sources = Sources([pair(1, (900, 900))], pair, 3)
    task = MatcherTask(HeteroLite(SMALL), sources, PLAIN, LOSS, [('noise', pairs, searches)])
    optimiser = torch.optim.AdamW(task.modules.parameters(), lr=5e-3)
    generator, losses = np.random.default_rng(0), []
    for _ in range(40):
        optimiser.zero_grad()
        loss, parts = task.loss(task.draw(generator))
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert set(parts) == {'class', 'l1', 'giou', 'place', 'response', 'presence'}
    assert np.mean(losses[-5:]) < 0.5 * losses[0]
    task.modules.eval()
    scores = task.validate()
    assert scores['noise_hit'] > 0.6 and scores['noise_iou'] > 0.5  # the middle alone: 0.1
    assert {'score', 'noise_p7', 'noise_fa'} <= scores.keys() and 0 <= scores['score'] <= 1
