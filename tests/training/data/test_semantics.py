# SPDX-License-Identifier: Apache-2.0
"""Class names as vectors: by toy word vectors, and by the real table where it is fetched."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.data.semantics import class_semantics, semantics, words_of
from xsense_training.data.weights import TOKEN_TABLE

WORDS = {
    'sea': [1.0, 0.0, 0.0],
    'turtle': [0.0, 2.0, 0.0],
    'axe': [0.0, 0.0, 1.0],
    'armour': [3.0, 4.0, 0.0],
    'metal': [1.0, 1.0, 1.0],
}


def vector(word: str) -> np.ndarray | None:
    return np.array(WORDS[word], np.float32) if word in WORDS else None


@pytest.mark.parametrize(
    ('name', 'words'),
    [
        ('sea_turtle', ('sea', 'turtle')),
        ('hot-air balloon', ('hot', 'air', 'balloon')),
        ('car_(sedan)', ('car', 'sedan')),
        ('021.Eastern_Towhee', ('eastern', 'towhee')),
        ('alarmClock', ('alarm', 'clock')),
        ("Brewer's Blackbird", ("brewer's", 'blackbird')),
        ('42', ()),
    ],
)
def test_words_of(name: str, words: tuple[str, ...]) -> None:
    assert words_of(name) == words


def test_several_words_are_averaged() -> None:
    found = semantics(['sea turtle', 'axe'], vector)
    mean = np.array([0.5, 1.0, 0.0])
    np.testing.assert_allclose(found[0], mean / np.linalg.norm(mean), rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-6)
    assert found.dtype == np.float32


def test_tags_are_mixed_in_and_unknown_ones_left_out() -> None:
    found = semantics(['axe', 'sea'], vector, tags=[['metal', 'qqq'], []])
    mixed = 0.5 * np.array([0, 0, 1]) + 0.5 * np.ones(3) / np.sqrt(3)
    np.testing.assert_allclose(found[0], mixed / np.linalg.norm(mixed), rtol=1e-6)
    np.testing.assert_allclose(found[1], [1, 0, 0])


def test_unknown_words_are_all_named() -> None:
    with pytest.raises(InputError, match=r"\['qqq', 'zzz', '42'\]"):
        semantics(['axe', 'sea qqq', 'zzz', '42'], vector)


def test_axe_and_armour_do_not_share_a_vector() -> None:
    semantics(['axe', 'armour'], vector)
    # What one original did: both words looked up as 'metal'.
    with pytest.raises(InputError, match="'axe', 'armour'"):
        semantics(['axe', 'armour'], lambda word: vector('metal'))


def test_orders_of_the_same_words_count_as_one_vector() -> None:
    with pytest.raises(InputError, match='one vector'):
        semantics(['sea turtle', 'turtle sea'], vector)
    assert len(semantics(['sea turtle', 'turtle sea'], vector, distinct=False)) == 2
    # The same name twice is no accident.
    assert len(semantics(['sea turtle', 'sea_turtle'], vector)) == 2


def test_tags_must_fit_the_names() -> None:
    with pytest.raises(InputError, match='tags'):
        semantics(['axe', 'sea'], vector, tags=[[]])


def test_missing_weights_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match='data fetch weights'):
        class_semantics(['axe'], root=tmp_path)


def test_real_table(real_root: Path) -> None:
    if not (real_root / TOKEN_TABLE).exists():
        pytest.skip('weights are not fetched: xsense-train data fetch weights')
    names = ['axe', 'armour', 'sea_turtle', 'tortoise', 'hot-air balloon', 'wheelchair']
    found = class_semantics(names, root=real_root)
    assert found.shape == (6, 256)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1.0, rtol=1e-5)
    near = found @ found.T - np.eye(6)
    assert names[int(near[2].argmax())] == 'tortoise'
    assert near.max() < 0.9
    # A Gothic letter is spelled out in bytes, a trumpet is no word at all.
    with pytest.raises(InputError, match='words of class names'):
        class_semantics(['axe', '\U00010330', '\U0001f3ba'], root=real_root)
