# SPDX-License-Identifier: Apache-2.0
"""What is asked in a fold, and with which queries hubs are corrected."""

from __future__ import annotations

import numpy as np

from tests.training.see_hear_read.corpora import named_classes
from xsense_training.recipes.see_hear_read.judging import (
    EMERGENT,
    bank_direction,
    fold_directions,
    judge_fold,
)
from xsense_training.recipes.see_hear_read.protocol import reserved_recordings
from xsense_training.recipes.see_hear_read.recipe import split


def test_banks_hold_training_queries_only(made):
    corpus = made[0]
    train = split(corpus, 0).train
    for task in fold_directions(corpus, 0, named_classes()):
        bank = bank_direction(corpus, task, train)
        assert train[bank.query.concept].all() and not bank.relevance.any()
        assert bank.gallery is task.gallery and bank.pair == task.pair
        if bank.query.modality == 'sound':
            assert not reserved_recordings(corpus)[bank.query.rows].any()
        assert not np.isin(bank.query.concept, task.query.concept).any() or 'known' in task.name


def test_emergent_directions_are_those_of_sound_and_text(made, fitted):
    outcomes = judge_fold(*made, fitted, 0, named_classes())
    emergent = {o.direction for o in outcomes if o.split.endswith(EMERGENT)}
    assert emergent == {'sound->text', 'text->sound'}
    corrected = {o.method for o in outcomes if o.correction}
    assert corrected == {o.method for o in outcomes} - {'chance'}
