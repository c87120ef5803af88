# SPDX-License-Identifier: Apache-2.0
"""Made scenes: what they are made of, how they are split, and which places are asked for."""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from xsense_training.data.concept import Concept
from xsense_training.data.registered_pair import RegisteredPair, Target, grey
from xsense_training.recipes.hetero import scenes
from xsense_training.recipes.hetero.grounds import make_ground
from xsense_training.recipes.hetero.scenes import (
    BOX,
    LAND,
    PARALLAX,
    SIDE,
    STRUCTURE,
    Material,
    is_findable,
    load_material,
    made_pair,
    made_scene,
    made_set,
    parallax,
)


def rng(seed):
    return np.random.default_rng(seed)


@pytest.fixture(scope='module')
def material(tmp_path_factory):
    """One thing, a disc, and land of noise."""
    path = tmp_path_factory.mktemp('things') / 'disc.png'
    disc = np.zeros((40, 40, 4), np.uint8)
    cv2.circle(disc, (20, 20), 18, (10, 20, 250, 255), -1)
    cv2.imwrite(str(path), disc)
    land = rng(0).integers(0, 256, (800, 900, 3), np.uint8)
    return Material((path,), cv2.GaussianBlur(land, (0, 0), 3))


def test_scenes(material):
    visible, things = made_scene(material, rng(5))
    assert visible.shape == (SIDE, SIDE, 3) and things.shape == (SIDE, SIDE)
    number = int(things.max())
    assert number >= 1
    assert np.abs(np.median(visible[things == number], axis=0) - (250, 20, 10)).max() < 6
    narrow = Material(material.things, material.land[:, :300])
    assert all(made_scene(narrow, rng(seed))[0].any() for seed in range(8))


def test_the_same_seed_makes_the_same_pair(material):
    one, again = (made_pair(material, 9, 'depth') for _ in range(2))
    assert np.array_equal(one.infrared, again.infrared)
    assert np.array_equal(one.visible, again.visible)


def test_no_ground_is_on_two_sides(material):
    """Grounds that are drawn, not cut from land, must differ from part to part too."""
    other = Material(material.things, material.land, stream=1)
    for seed in range(4):
        one, two = (made_pair(m, seed).visible for m in (material, other))
        assert np.abs(one.astype(float) - two).mean() > 5


def test_every_ground_numbers_what_it_draws():
    land = cv2.GaussianBlur(rng(0).integers(0, 256, (400, 400, 3), np.uint8), (0, 0), 3)
    several = 0
    for seed in range(20):
        image, labels = make_ground(land, 96, rng(seed))
        assert image.shape == (96, 96, 3) and labels.shape == (96, 96) and labels.min() >= 0
        assert np.array_equal(image, make_ground(land, 96, rng(seed))[0])
        several += labels.max() > 0
    assert 8 <= several < 20


def test_sets(material):
    pairs = made_set(material, [4, 5])
    assert 2 <= len(pairs.targets) <= 18 and pairs.names[1] == 'made thermal 5'
    ways = [np.subtract(t.there, t.box) for t in pairs.targets]
    assert 0.1 < np.abs(ways).max() <= 2 * PARALLAX  # known to the targets
    assert np.array_equal(pairs.load(1).visible, made_pair(material, 5).visible)
    assert all(is_findable(pairs.load(t.pair), t) for t in pairs.targets)


def test_a_wider_parallax(material):
    corner = np.array([[[0, 0]]], np.float64)
    moved = [np.abs(cv2.perspectiveTransform(corner, parallax(7, w))).max() for w in (3, 30)]
    assert moved[1] == pytest.approx(10 * moved[0], rel=1e-4)
    near, far = (made_pair(material, 7, 'depth', largest) for largest in (3, 30))
    assert np.array_equal(near.visible, far.visible)
    assert not np.array_equal(near.infrared, far.infrared)
    wide = made_set(material, [4, 5], 'thermal', 30)
    assert np.abs([np.subtract(t.there, t.box) for t in wide.targets]).max() > PARALLAX


def test_what_is_findable():
    """Outlines in two directions, in both bands; noise, a single edge or one band is nothing."""
    even = np.full((96, 96), 100, np.uint8)
    edge = even.copy()
    edge[:, 48:] = 180
    corner = even.copy()
    corner[40:, 48:] = 180
    noise = np.clip(100 + rng(0).normal(0, 12, (96, 96)), 0, 255).astype(np.uint8)
    target = Target(0, (16.0, 16.0, 64.0, 64.0))

    def asked(visible, infrared):
        return is_findable(RegisteredPair('', np.dstack([visible] * 3), infrared), target)

    assert asked(corner, corner) and asked(corner, 255 - corner)
    for nothing in (even, edge, noise):
        assert not asked(corner, nothing) and not asked(nothing, corner)
    # The rule again, from its definition.
    smooth = cv2.GaussianBlur(grey(corner[16:80, 16:80]), (0, 0), 4.0)
    slopes = np.stack([g.ravel() for g in np.gradient(smooth)])
    assert np.linalg.eigvalsh(slopes @ slopes.T / BOX**2)[0] > STRUCTURE


def test_things_and_land_are_on_one_side(tmp_path, monkeypatch):
    """By name, in whatever source, and land by its columns with a gap of a scene."""
    names = [f'thing {number}' for number in range(200)]
    concepts = [
        Concept(
            id=f'{source}/{name}', source=source, name=title, texts=(name,),
            images=(Path(f'{source} {name}'), Path(f'noto {source} {name}')),
            styles=('twemoji', 'noto'),
        )
        for name in names
        for source, title in (('tuxpaint', name), ('emoji', name.title()))
    ]  # fmt: skip
    monkeypatch.setattr(scenes, 'load_concepts', lambda *_, **__: concepts)
    path = tmp_path / LAND
    path.parent.mkdir(parents=True)
    numbered = np.zeros((40, 1500, 3), np.uint8)
    numbered[..., 0], numbered[..., 1] = np.arange(1500) % 256, np.arange(1500) // 256
    Image.fromarray(numbered).save(path, compression=None)
    train, test = (load_material(part, tmp_path) for part in ('train', 'test'))
    shown = [{str(path).partition(' ')[2] for path in m.things} for m in (train, test)]
    assert not shown[0] & shown[1] and shown[0] | shown[1] == set(names)
    assert not any('noto' in str(path) for m in (train, test) for path in m.things)
    assert shown[1] == {
        name for name in names
        if int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], 'big') < 0.2 * 2**32
    }  # fmt: skip
    columns = [m.land[0, :, 0] + 256 * m.land[0, :, 1].astype(int) for m in (train, test)]
    assert columns[1].min() - columns[0].max() > SIDE
    assert train.stream != test.stream
