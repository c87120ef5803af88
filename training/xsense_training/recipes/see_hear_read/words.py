# SPDX-License-Identifier: Apache-2.0
"""Sentences as the published text student reads them: up to 16 words, each by its number."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_training.data.semantics import words_of
from xsense_training.models.see_hear_read import WORDS

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class WordNumbers:
    """numbers (N, 16) int32, 0 where a sentence has no further word; table (V, D), row 0 zero."""

    numbers: NDArray[np.int32]
    table: Floats


def number_words(sentences: Sequence[str], vector: Callable[[str], Floats | None]) -> WordNumbers:
    """Every word in its order and place, repeated ones too; those without a vector are left out.

    Args:
        sentences: (N,) texts; words beyond the sixteenth are not read.
        vector: word -> (D,), or None for a word that the vocabulary does not know.
    """
    number_of: dict[str, int | None] = {}
    rows: list[Floats] = []
    numbers = np.zeros((len(sentences), WORDS), np.int32)
    for i, sentence in enumerate(sentences):
        known = []
        for word in words_of(sentence):
            if word not in number_of:
                row = vector(word)
                if row is not None:
                    rows.append(row)
                number_of[word] = None if row is None else len(rows)
            if (number := number_of[word]) is not None:
                known.append(number)
        numbers[i, : len(known[:WORDS])] = known[:WORDS]
    table = np.stack([np.zeros_like(rows[0]), *rows])
    return WordNumbers(numbers, table)
