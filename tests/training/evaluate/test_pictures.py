# SPDX-License-Identifier: Apache-2.0
"""Confusion counted by hand, and retrieval pictures of any pair of modalities."""

from __future__ import annotations

import numpy as np
from PIL import Image

from xsense_training.evaluate.direction import Direction, Side
from xsense_training.evaluate.plots import confusion, draw_confusion
from xsense_training.evaluate.retrieval_picture import draw_retrieval


def test_confusion_counts_first_answers(tmp_path):
    rng = np.random.default_rng(0)
    similarity = rng.random((40, 12))
    asked, held = rng.integers(0, 3, 40), rng.integers(0, 4, 12)
    shares = confusion(similarity, asked, held, 5)
    for row in range(5):
        answers = [held[similarity[q].argmax()] for q in range(40) if asked[q] == row]
        for column in range(5):
            expected = answers.count(column) / len(answers) if answers else 0
            assert shares[row, column] == expected
    names = ['ant', 'bee', 'cat', 'dog', 'emu']  # nobody asked for the last, nor is it held
    draw_confusion(similarity, asked, held, names, tmp_path / 'confusion.png')
    with Image.open(tmp_path / 'confusion.png') as drawn:
        assert min(drawn.size) > 200


def test_each_side_is_shown_by_its_own_callback(tmp_path):
    """Sounds by a title, pictures by their pixels, for a pair that no recipe has."""
    concept = np.arange(7)
    sides = [Side('sound', concept, concept), Side('touch', concept, concept)]
    task = Direction('sound->touch', *sides, np.eye(7, dtype=bool))
    asked = []

    def show(side, row):
        asked.append((side.modality, row))
        return (
            f'[thing {row}]' if side.modality == 'sound' else np.full((8, 8), 30 * row, np.uint8)
        )

    scores = np.eye(7)
    draw_retrieval([task], lambda _: scores, show, tmp_path / 'r.png', per_task=2)
    assert sum(m == 'sound' for m, _ in asked) == 2 and sum(m == 'touch' for m, _ in asked) == 10
    with Image.open(tmp_path / 'r.png') as drawn:
        green = np.all(np.array(drawn.convert('RGB')) == (44, 160, 44), axis=2)
    assert green.any()  # the right answer is framed
