# SPDX-License-Identifier: Apache-2.0
"""The class-balanced sampler: what a batch holds, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.samplers import ClassBalanced

LABELS = np.array([0, 1, 1, 2, 0, 1, 3, 2, 1, 0])  # class 3 has a single sample


def test_p_classes_k_samples_each():
    sampler, generator = ClassBalanced(LABELS, 3, 2), np.random.default_rng(0)
    for _ in range(30):
        rows = sampler.draw(generator)
        classes = LABELS[rows].reshape(3, 2)
        assert np.all(classes[:, 0] == classes[:, 1]) and len(set(classes[:, 0])) == 3
        for label, pair in zip(classes[:, 0], rows.reshape(3, 2), strict=True):
            assert pair[0] != pair[1] or label == 3  # repeated only where there is no other


def test_every_row_and_class_comes_up_alike():
    sampler, generator = ClassBalanced(LABELS, 2, 1), np.random.default_rng(0)
    drawn = np.concatenate([sampler.draw(generator) for _ in range(3000)])
    assert set(drawn.tolist()) == set(range(10))
    shares = np.bincount(LABELS[drawn]) / len(drawn)
    assert np.allclose(shares, 0.25, atol=0.03)


def test_two_modalities_can_be_given_the_same_classes():
    pictures, sounds = ClassBalanced(LABELS, 2, 3), ClassBalanced(LABELS[::-1].copy(), 2, 1)
    generator = np.random.default_rng(1)
    classes = pictures.choose(generator)
    seen, heard = pictures.draw(generator, classes), sounds.draw(generator, classes)
    assert np.array_equal(LABELS[seen], np.repeat(classes, 3))
    assert np.array_equal(LABELS[::-1][heard], classes)


def test_the_same_generator_draws_the_same():
    draws = [ClassBalanced(LABELS, 3, 2).draw(np.random.default_rng(4)) for _ in range(2)]
    assert np.array_equal(*draws)


def test_an_empty_class_is_named():
    with pytest.raises(InputError, match=r"class 'owl'.*no samples"):
        ClassBalanced(LABELS, 2, 2, names=['cat', 'dog', 'cow', 'sheep', 'owl'])
    with pytest.raises(InputError, match='class 9'):
        ClassBalanced(LABELS, 2, 2).draw(np.random.default_rng(0), np.array([0, 9]))


def test_labels_without_a_name_and_too_few_classes_are_refused():
    with pytest.raises(InputError, match='labels'):
        ClassBalanced(LABELS, 2, 2, names=['cat', 'dog'])
    with pytest.raises(InputError, match='classes_per_batch'):
        ClassBalanced(LABELS, 5, 2)
    with pytest.raises(InputError, match='no samples'):
        ClassBalanced(np.array([], dtype=np.int64), 1, 1)
