# SPDX-License-Identifier: Apache-2.0
"""Memory kept from frame to frame: the same results, in the same place."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.matcher_input import SearchInput
from xsense_ros.senses.preprocessor import reusing
from xsense_ros.senses.resize import resize
from xsense_ros.senses.scratch import Scratch

RANDOM = np.random.default_rng(11)


def pictures(*shape):
    return [RANDOM.integers(0, 256, shape, np.uint8) for _ in range(3)]


def test_an_array_is_kept_while_shape_and_dtype_stay():
    scratch = Scratch()
    first = scratch.array('a', (2, 3), np.float32)
    assert scratch.array('a', (2, 3), np.float32) is first
    assert scratch.array('b', (2, 3), np.float32) is not first
    assert scratch.array('a', (3, 2), np.float32).shape == (3, 2)
    small = scratch.array('a', (2, 2), np.float32)
    assert np.shares_memory(small, first)
    assert not np.shares_memory(scratch.array('a', (7, 1), np.float32), first)
    assert scratch.array('a', (3, 2), np.uint8).dtype == np.uint8


def test_each_thread_has_its_own():
    scratch, others = Scratch(), []
    mine = scratch.array('a', (4,), np.uint8)
    thread = threading.Thread(target=lambda: others.append(scratch.array('a', (4,), np.uint8)))
    thread.start()
    thread.join()
    assert not np.shares_memory(mine, others[0])
    assert scratch.array('a', (4,), np.uint8) is mine


@pytest.mark.parametrize('fit', ['stretch', 'pad', 'crop'])
@pytest.mark.parametrize('turn', [1, -1])
def test_pictures_in_kept_memory_are_the_same(fit, turn):
    prepare, scratch = ImageInput(24, fit=fit), Scratch()
    tensors = []
    for picture in (*pictures(48, 64, 3), *pictures(24, 24, 3), *pictures(100, 30, 3)):
        seen = picture[..., ::turn]
        tensors.append(prepare(seen, scratch)['image'])
        np.testing.assert_array_equal(tensors[-1], prepare(seen)['image'])
        np.testing.assert_array_equal(tensors[-1], prepare(seen.copy())['image'])
    assert all(tensor is tensors[0] for tensor in tensors)
    assert prepare(seen)['image'] is not prepare(seen)['image']


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16, np.float32])
def test_searches_in_kept_memory_are_the_same(dtype):
    prepare, scratch = SearchInput(32), Scratch()
    for picture in (*pictures(32, 32), *pictures(32, 32, 3)):
        crop = picture.astype(dtype)
        before = crop.copy()
        found = prepare(crop, scratch)['search']
        np.testing.assert_array_equal(found, prepare(crop)['search'])
        np.testing.assert_array_equal(crop, before)


@pytest.mark.parametrize('size', [(30, 40), (24, 32), (7, 90), (200, 150)])
def test_resized_in_kept_memory_is_the_same(size):
    scratch = Scratch()
    for picture in (*pictures(48, 64, 3), *pictures(97, 61), *pictures(48, 64, 1)):
        np.testing.assert_array_equal(resize(picture, *size, scratch), resize(picture, *size))


def test_only_pictures_are_worth_it():
    prepare = reusing(ImageInput(24))
    (picture, *_) = pictures(48, 64, 3)
    assert prepare(picture)['image'] is prepare(picture)['image']
    other = SearchInput(32)
    assert reusing(other) is other
