# SPDX-License-Identifier: Apache-2.0
"""What class names mean: unit vectors from the word table that the text trunk uses, too.

A name is split into words ('sea_turtle', 'hot-air balloon', 'car (sedan)'), a word is the mean of
its tokens, a name the mean of its words. So names of several words have a vector like every other,
and no name is silently given the vector of another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from xsense_ros.errors import InputError
from xsense_training.data.root import data_root, require
from xsense_training.data.weights import TOKEN_TABLE, TOKENIZER
from xsense_training.models.text_tower import load_token_table

Floats = NDArray[np.float32]
SAME = 1.0 - 1e-6
_CAMEL = re.compile(r'(?<=[a-z])(?=[A-Z])')
_BYTE = re.compile(r'<0x[0-9A-F]{2}>')


def words_of(name: str) -> tuple[str, ...]:
    """Lower-case words of a class name.

    >>> words_of('021.Eastern_Towhee'), words_of('hot-air balloon'), words_of('car (sedan)')
    (('eastern', 'towhee'), ('hot', 'air', 'balloon'), ('car', 'sedan'))
    """
    return tuple(re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", _CAMEL.sub(' ', name).lower()))


def class_semantics(
    names: Sequence[str],
    tags: Sequence[Sequence[str]] | None = None,
    root: Path | str | None = None,
    tag_share: float = 0.5,
    distinct: bool = True,
) -> Floats:
    """Vectors of class or concept names.

    Args:
        names: (C,) names, of one or several words.
        tags: (C,) keywords of each; their mean makes up `tag_share` of the vector.
        root: data root with the fetched weights; None means $XSENSE_DATA or its default.
        tag_share: 0 to 1, how much the tags count beside the name.
        distinct: refuse different names that end up with one vector.

    Returns:
        float32 (C, 256), rows of length 1.

    Raises:
        InputError: words that the vocabulary does not know (all of them are named), or different
            names with the same vector (both are named).
    """
    folder = data_root(root)
    table = load_token_table(require(folder, TOKEN_TABLE, 'weights'))
    tokenizer = Tokenizer.from_file(str(require(folder, TOKENIZER, 'weights')))
    return semantics(names, word_vectors(tokenizer, table), tags, tag_share, distinct)


def word_vectors(tokenizer: Tokenizer, table: Floats) -> Callable[[str], Floats | None]:
    """Vector (D,) of a word, or None for one that is spelled out in bytes or symbols only."""

    def vector(word: str) -> Floats | None:
        encoding = tokenizer.encode(word, add_special_tokens=False)
        rows = [
            row
            for row, token in zip(encoding.ids, encoding.tokens, strict=True)
            if token.strip('\u2581') and not _BYTE.fullmatch(token)
        ]
        return np.asarray(table[rows].mean(axis=0), np.float32) if rows else None

    return vector


def semantics(
    names: Sequence[str],
    vector: Callable[[str], Floats | None],
    tags: Sequence[Sequence[str]] | None = None,
    tag_share: float = 0.5,
    distinct: bool = True,
) -> Floats:
    """As class_semantics, with any source of word vectors (word2vec's 300 numbers, say).

    Returns:
        float32 (C, D), rows of length 1.

    Raises:
        InputError: as class_semantics.
    """
    if tags is not None and len(tags) != len(names):
        raise InputError('tags', len(tags), f'{len(names)}, one list per name', 'pass () for none')
    unknown: dict[str, None] = {}
    rows = []
    for index, name in enumerate(names):
        row = _mean(words_of(name), vector, unknown)
        listed = [_mean(words_of(tag), vector, {}) for tag in (tags[index] if tags else ())]
        known = [tag for tag in listed if tag is not None]
        if row is not None:
            row = _unit(row)
            if known:
                row = (1 - tag_share) * row + tag_share * _unit(np.mean(known, axis=0))
            rows.append(_unit(row))
        elif not words_of(name):
            unknown[name] = None
    if unknown:
        raise InputError(
            'words of class names',
            list(unknown),
            'words with a vector',
            'rename the class in words of the vocabulary',
        )
    found = np.stack(rows)
    if distinct:
        _require_distinct(names, found)
    return found


def _mean(
    words: Sequence[str], vector: Callable[[str], Floats | None], unknown: dict[str, None]
) -> Floats | None:
    """Mean of the words' vectors; words without one are added to `unknown`."""
    known = []
    for word in words:
        row = vector(word)
        if row is None:
            unknown[word] = None
        else:
            known.append(row)
    return np.asarray(np.mean(known, axis=0), np.float32) if known else None


def _unit(row: Floats) -> Floats:
    return np.asarray(row / np.linalg.norm(row), np.float32)


def _require_distinct(names: Sequence[str], found: Floats) -> None:
    """Different names may not share a vector: a class could then not be told from another."""
    same = np.argwhere(np.triu(found.astype(np.float64) @ found.T > SAME, 1))
    for one, other in same:
        if words_of(names[one]) != words_of(names[other]):
            raise InputError(
                'class names with one vector',
                (names[one], names[other]),
                'a vector of its own for each name',
                'rename one of them, or pass distinct=False',
            )
