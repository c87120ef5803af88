# SPDX-License-Identifier: Apache-2.0
"""Sentences as numbered words: order, repetition, unknown words, the sixteenth word."""

from __future__ import annotations

import numpy as np

from xsense_training.recipes.see_hear_read.words import number_words

WORDS = 'a bird with red wings and wing tips of the blue'
KNOWN = {word: i for i, word in enumerate(WORDS.split(), 1)}


def vector(word):
    return np.full(4, KNOWN[word], np.float32) if word in KNOWN else None


def read(*sentences):
    found = number_words(sentences, vector)
    return found.table[found.numbers][:, :, 0]  # (N, 16), the word's own value


def test_words_keep_their_order_and_repeated_ones_their_places():
    (row,) = read('A red bird with red wings')
    expected = [KNOWN[w] for w in ('a', 'red', 'bird', 'with', 'red', 'wings')]
    assert row.tolist() == expected + [0] * 10


def test_unknown_words_leave_no_gap_and_the_seventeenth_is_not_read():
    short, long = read('the zyzzyva bird', 'red ' * 15 + 'blue wings')
    assert short.tolist() == [KNOWN['the'], KNOWN['bird']] + [0] * 14
    assert long.tolist() == [KNOWN['red']] * 15 + [KNOWN['blue']]


def test_no_word_is_the_zero_vector():
    found = number_words(['bird', 'zyzzyva'], vector)
    assert not found.table[0].any() and not found.numbers[1].any()
    assert found.numbers.dtype == np.int32
