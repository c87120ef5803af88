# SPDX-License-Identifier: Apache-2.0
"""Methods without learning: where they are right, and mutual information counted by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xsense_training.baselines import template_matching
from xsense_training.baselines.template_matching import BINS, METHODS, mutual_information


def texture(shape=(96, 96), seed=0):
    noise = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 2)
    return np.asarray(120 + 60 * smooth / smooth.std(), np.float32)


SEARCH = texture((160, 160))
TEMPLATE = np.ascontiguousarray(SEARCH[20:84, 44:108])
TRUTH = (76, 52)


@pytest.mark.parametrize('name', [n for n in METHODS if n != 'centre prior'])
def test_what_is_there_is_found(name):
    place = METHODS[name](TEMPLATE, SEARCH)
    assert abs(place.x - TRUTH[0]) <= 1.5 and abs(place.y - TRUTH[1]) <= 1.5


@pytest.mark.parametrize(
    'name', ['|NCC|', 'NCC of log-gradient', 'oriented gradients', 'mutual information']
)
def test_inverted_contrast_is_no_obstacle(name):
    place = METHODS[name](TEMPLATE, 255 - SEARCH)
    assert (place.x, place.y) == TRUTH


def test_plain_correlation_needs_the_sign():
    place = METHODS['NCC'](TEMPLATE, 255 - SEARCH)
    assert max(abs(place.x - TRUTH[0]), abs(place.y - TRUTH[1])) > 5


@pytest.mark.parametrize('name', METHODS)
def test_nothing_to_see_is_no_fault(name):
    place = METHODS[name](np.full((32, 32), 7, np.float32), np.full((96, 96), 9, np.float32))
    assert np.isfinite([place.x, place.y, place.score]).all()


def test_mutual_information_by_counting():
    template, search = texture((9, 9), 1), texture((14, 14), 2)
    a, b = (template_matching._levels(x) for x in (template, search))
    best = []
    for y in range(6):
        for x in range(6):
            joint = np.zeros((BINS, BINS))
            np.add.at(joint, (a.ravel(), b[y : y + 9, x : x + 9].ravel()), 1 / 81)
            apart = joint.sum(1)[:, None] * joint.sum(0)
            seen = joint > 0
            value = (joint[seen] * np.log(joint[seen] / apart[seen])).sum()
            best.append((value, x + 4.5, y + 4.5))
    place = mutual_information(template, search)
    assert (place.score, place.x, place.y) == (
        pytest.approx(max(best)[0], abs=1e-3),
        *max(best)[1:],
    )
