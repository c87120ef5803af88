# SPDX-License-Identifier: Apache-2.0
"""Answers of what learns nothing: kept by the pictures that were asked about."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.baselines import template_matching
from xsense_training.recipes.hetero.closed_forms import (
    closed_form,
    digest_of,
    kind_of,
    recalled,
)


@pytest.fixture
def views():
    rng = np.random.default_rng(0)
    found = []
    for _ in range(3):
        view = cv2.GaussianBlur(rng.integers(0, 256, (96, 96), np.uint8), (0, 0), 2)
        found.append((np.repeat(view[20:52, 30:62, None], 3, axis=2), view))
    return found


def test_answers_are_those_of_the_method(views, tmp_path):
    given = recalled(views, tmp_path, ['NCC', '|NCC|'])
    assert np.allclose(given['NCC'].found, [[30, 20, 32, 32]] * 3)
    template, view = (x.astype(np.float32) for x in (views[0][0][..., 0], views[0][1]))
    place = template_matching.ncc(template, view)
    assert given['NCC'].score[0] == pytest.approx(place.score, abs=1e-4)


def test_the_same_pictures_are_asked_about_once(views, tmp_path, monkeypatch):
    asked = []
    first = recalled(views, tmp_path, ['NCC', 'SIFT'], lambda: asked.append(1))
    again = recalled(views, tmp_path, ['NCC', 'SIFT'], lambda: asked.append(1))
    assert len(asked) == 6 and len(list(tmp_path.iterdir())) == 2
    assert all(np.array_equal(first[m].found, again[m].found) for m in first)
    views[1][1][0, 0] ^= 1  # another picture is another question
    recalled(views, tmp_path, ['NCC'], lambda: asked.append(1))
    assert len(asked) == 9
    # So are other lines of the methods.
    before = digest_of(views)
    monkeypatch.setattr('inspect.getsource', lambda module: 'other')
    assert digest_of(views) != before


def test_names(tmp_path):
    assert kind_of('centre prior') == 'control' and kind_of('NCC') == 'baseline'
    with pytest.raises(InputError, match='magic'):
        closed_form('magic')
