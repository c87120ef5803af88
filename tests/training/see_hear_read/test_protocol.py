# SPDX-License-Identifier: Apache-2.0
"""What is asked of the towers: folds, directions and relevance."""

from __future__ import annotations

import numpy as np

from xsense_training.recipes.see_hear_read.protocol import (
    caption_key,
    content_words,
    directions,
    image_text_directions,
    named_in,
)
from xsense_training.recipes.see_hear_read.recipe import split


class TestProtocol:
    def test_train_validation_and_test_are_disjoint_and_cover(self, made):
        for fold in range(5):
            parts = split(made[0], fold)
            total = parts.train.astype(int) + parts.validation + parts.test
            assert np.all(total == 1)

    def test_tasks_hold_only_held_out_concepts(self, made):
        corpus = made[0]
        test = split(corpus, 2).test
        tasks = directions(corpus, test)
        assert {t.pair for t in tasks} == {
            'image->text', 'text->image', 'sound->image', 'image->sound', 'sound->text',
            'text->sound',
        }  # fmt: skip
        for task in tasks:
            assert test[task.query.concept].all() and test[task.gallery.concept].all()
            assert ('emergent' in task.name) == (task.pair in ('sound->text', 'text->sound'))

    def test_equal_captions_are_relevant_to_each_other(self):
        assert caption_key('A cow.') == caption_key('cow') != caption_key('A brown cow.')

    def test_class_relevance_is_by_label(self, made):
        corpus = made[0]
        task = next(
            t for t in directions(corpus, split(corpus, 0).test) if 'animals by class' in t.name
        )
        labels = np.array([c.category for c in corpus.concepts])
        same = labels[task.query.concept][:, None] == labels[task.gallery.concept][None]
        assert np.array_equal(task.relevance, same)

    def test_content_words_leave_out_articles_and_plurals(self):
        assert content_words("The hammers of a blacksmith's") == {'hammer', 'blacksmith'}

    def test_the_control_leaves_out_what_the_classifier_has_a_name_for(self, made):
        corpus = made[0]
        assert named_in(corpus, ['great white shark', 'things']).all()  # all are called 'thing i'
        named = named_in(corpus, ['shark'])
        assert not named.any()
        control = image_text_directions(corpus, split(corpus, 0).test & ~named, ' control')
        plain = [t for t in directions(corpus, split(corpus, 0).test) if 'animals' not in t.name]
        assert control[0].name == 'tuxpaint control image->text'
        assert np.array_equal(control[0].relevance, plain[0].relevance)
