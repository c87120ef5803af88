# SPDX-License-Identifier: Apache-2.0
"""Protocol, selection and the recipe on a small made-up corpus with a shared latent."""

from __future__ import annotations

import inspect
from pathlib import Path

import numpy as np
import pytest
import torch

from xsense_training.data.concept import Concept
from xsense_training.evaluate.report import build_report, comparison_table, evaluate_fold, table
from xsense_training.evaluate.system import Features, System, apply
from xsense_training.features.corpus import CAPTION, TAG, Corpus, Texts
from xsense_training.models.convex_words import NamedClasses
from xsense_training.models.heads import LinearHead
from xsense_training.recipes.see_hear_read.calibration import (
    calibrate,
    calibration_tasks,
    top_matches,
)
from xsense_training.recipes.see_hear_read.parts import image_sound_pairs
from xsense_training.recipes.see_hear_read.protocol import (
    caption_key,
    content_words,
    directions,
    image_text_directions,
    named_in,
)
from xsense_training.recipes.see_hear_read.recipe import fit, split
from xsense_training.recipes.see_hear_read.selection import (
    add_own_block,
    choose_shares,
    side_by_side,
)
from xsense_training.recipes.see_hear_read.training import Config, train_image_sound
from xsense_training.trainer import TrainConfig

CLASSES = ('dog', 'cat', 'cow', 'sheep')
DIMENSION = 12


@pytest.fixture(scope='module')
def made():
    """150 concepts; picture, caption and recording are noisy linear views of one latent."""
    rng = np.random.default_rng(0)
    n = 150
    concepts = tuple(
        Concept(
            id=f'{"tuxpaint" if i % 2 else "emoji"}/{i}',
            source='tuxpaint' if i % 2 else 'emoji',
            name=f'thing {i}',
            texts=(f'A thing {i}.',),
            images=(Path(f'{i}.png'),),
            category=CLASSES[i % 4],
            fold=(i // 4) % 5,
        )
        for i in range(n)
    )
    latent = rng.standard_normal((n, 6))

    def views(size, count):
        clean = latent @ rng.standard_normal((6, size))
        noise = 0.2 * rng.standard_normal((n, count, size))
        return (clean[:, None] + noise).astype(np.float32)

    image, text, sound = views(DIMENSION, 3), views(10, 1), views(8, 2)
    heard = np.flatnonzero(np.arange(n) % 2)
    tags = rng.permutation(n)[:40]
    texts = Texts(
        np.zeros((n + 40, 4), np.int64),
        np.ones((n + 40, 4), np.float32),
        np.concatenate([np.arange(n), tags]),
        np.array([CAPTION] * n + [TAG] * 40),
        tuple(f'{i}' for i in range(n + 40)),
    )
    corpus = Corpus(
        concepts,
        np.array([c.fold for c in concepts]),
        image,
        np.arange(n),
        texts,
        np.zeros((len(heard), 2, 4, 4), np.float32),
        heard,
    )
    return corpus, Features(image, np.concatenate([text, text[tags]]), sound[heard])


def named_classes():
    """A classifier of seven random classes; the same in every call."""
    rng = np.random.default_rng(5)
    weight = torch.from_numpy(rng.standard_normal((7, DIMENSION)).astype(np.float32))
    words = rng.standard_normal((7, 10)).astype(np.float32)
    return NamedClasses(weight, torch.zeros(7), tuple('abcdefg'), words)


@pytest.fixture(scope='module')
def fitted(made, tmp_path_factory):
    steps = TrainConfig(steps=20, validate_every=10, warmup=2)
    config = Config(hidden=16, sound_hidden=8, batch=32, image_text=steps, image_sound=steps)
    return fit(*made, 0, tmp_path_factory.mktemp('run'), config, named_classes())


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


class TestRecipe:
    def test_what_ships_clears_chance_and_the_report_says_so(self, made, fitted):
        corpus, features = made
        tasks = directions(corpus, split(corpus, 0).test)
        report = build_report([evaluate_fold(fitted.systems, features, tasks)], [tasks])
        for name in ('tuxpaint image->text', 'emoji text->image', 'items sound->image'):
            entry = report[name]
            assert entry['systems']['shipped']['MRR']['value'] > 2 * entry['chance']['MRR']
        assert 'items (emergent) sound->text' in table(report)
        assert 'not shown' in comparison_table(report)  # one fold proves nothing

    def test_a_vector_depends_on_its_own_modality_alone(self, made, fitted):
        _, features = made
        heads = fitted.systems['shipped'].heads
        alone = apply(heads['sound'], features.sound[:, 0])
        assert np.array_equal(alone, apply(heads['sound'], features.sound[:, 0].copy()))
        assert np.allclose(np.linalg.norm(alone, axis=1), 1, atol=1e-5)
        assert alone.min() < 0 < alone.max() and (alone @ alone.T).std() > 0.1

    def test_sound_never_meets_text_in_training(self, made, tmp_path):
        """Other captions move the sound head of no system that is given the same image head."""
        corpus, features = made
        source = inspect.getsource(train_image_sound)
        assert 'features.text' not in source
        scrambled = Features(features.image, features.text[::-1].copy(), features.sound)
        heads = [
            image_sound_pairs(corpus, f, split(corpus, 0).train) for f in (features, scrambled)
        ]
        assert all(np.array_equal(a, b) for a, b in zip(*heads, strict=True))

    def test_fitting_ignores_the_test_fold(self, made, fitted, tmp_path):
        """Other test features leave every shipped weight as it was."""
        corpus, features = made
        test = split(corpus, 0).test
        image = features.image.copy()
        image[test[corpus.image_concept]] = 7
        text = features.text.copy()
        text[test[corpus.texts.concept]] = 7
        sound = features.sound.copy()
        sound[test[corpus.sound_concept]] = 7
        steps = TrainConfig(steps=20, validate_every=10, warmup=2)
        config = Config(hidden=16, sound_hidden=8, batch=32, image_text=steps, image_sound=steps)
        other = fit(corpus, Features(image, text, sound), 0, tmp_path, config, named_classes())
        for modality, head in fitted.systems['shipped'].heads.items():
            twin = other.systems['shipped'].heads[modality].state_dict()
            assert all(torch.equal(v, twin[k]) for k, v in head.state_dict().items())

    def test_the_published_variant_runs(self, made, tmp_path):
        steps = TrainConfig(steps=6, validate_every=3, warmup=1)
        config = Config('published', hidden=16, sound_hidden=8, batch=32, teacher=1.0,
                        image_text=steps, image_sound=steps)  # fmt: skip
        found = fit(*made, 1, tmp_path, config, named_classes())
        assert set(found.systems) == {'cca', 'ridge', 'conse', 'learned', 'shipped'}


class TestCalibrationTasks:
    def test_every_ordered_pair_has_thresholds_that_make_sense(self, made, fitted):
        corpus, features = made
        shipped, validation = fitted.systems['shipped'], split(corpus, 0).validation
        empty = np.full((4, DIMENSION), 0.1, np.float32)
        found, summaries = calibrate(corpus, features, shipped, validation, empty)
        assert len(found) == len(summaries) == 9
        assert all(c.min_probability >= 0.5 and c.min_margin >= 0.02 for c in found.values())

    def test_half_of_the_picture_queries_have_no_counterpart(self, made):
        """Told apart by a system whose cosine is one for the same thing and low for all else."""
        corpus, features = made
        heads = {'image': LinearHead(np.eye(DIMENSION), np.zeros(DIMENSION))}
        task = calibration_tasks(corpus, split(corpus, 0).validation)['image->image'][0]
        empty = -features.image[task.query.rows, 0].mean(axis=0, keepdims=True)
        matches = top_matches(System('', heads), features, task, empty)
        assert len(matches.best) == pytest.approx(len(task.query.rows) * 4 * 4 / 3, abs=1)
        assert matches.correct.mean() == pytest.approx(0.5, abs=0.12)


def test_shares_are_never_worse_than_the_best_candidate_alone_by_much(made):
    corpus, features = made
    rng = np.random.default_rng(1)
    tasks = directions(corpus, split(corpus, 0).validation)[:2]
    candidates = {
        name: {
            'image': LinearHead(rng.standard_normal((5, DIMENSION)), np.zeros(5)),
            'text': LinearHead(rng.standard_normal((5, 10)), np.zeros(5)),
        }
        for name in ('a', 'b')
    }
    shares, score = choose_shares(candidates, features, tasks)
    assert sum(shares.values()) == pytest.approx(1)
    joined = {m: side_by_side(candidates, shares, m) for m in ('image', 'text')}
    found = [System('', joined).evaluate(features, t).value('MRR') for t in tasks]
    assert np.mean(found) == pytest.approx(score, abs=1e-3)


def random_heads(rng, size, **features):
    return {
        m: LinearHead(rng.standard_normal((size, f)), np.zeros(size)) for m, f in features.items()
    }


@pytest.fixture(scope='module')
def joined(made):
    corpus, features = made
    rng = np.random.default_rng(2)
    shared = random_heads(rng, 5, image=DIMENSION, text=10, sound=8)
    # The own block is the truth: image and sound of a concept meet there.
    image, sound = features.image[1::2, 0], features.sound[:, 0]
    own = {
        'image': LinearHead(np.eye(DIMENSION), np.zeros(DIMENSION)),
        'sound': LinearHead(np.linalg.lstsq(sound, image, rcond=None)[0].T, np.zeros(DIMENSION)),
    }
    tasks = directions(corpus, split(corpus, 0).validation)
    tasks = [t for t in tasks if t.name == 'items sound->image']
    heads, note = add_own_block(shared, own, features, tasks)
    return shared, own, heads, note


class TestOwnBlock:
    """A block that only image and sound fill."""

    def test_every_vector_has_length_one_and_the_same_size(self, made, joined):
        _, features = made
        heads = joined[2]
        found = [apply(heads[m], features.of(m)[:9, 0]) for m in ('image', 'text', 'sound')]
        assert {z.shape for z in found} == {(9, 5 + DIMENSION)}
        assert all(np.allclose(np.linalg.norm(z, axis=1), 1, atol=1e-5) for z in found)

    def test_text_rankings_are_those_without_the_block(self, made, joined):
        corpus, features = made
        shared, _, heads, _ = joined
        for task in directions(corpus, split(corpus, 0).test):
            if 'text' not in task.pair:
                continue
            before = System('', shared).similarity(features, task)
            after = System('', heads).similarity(features, task)
            factor = (after * before).sum() / (before * before).sum()
            assert 0 < factor < 1 and np.allclose(after, factor * before, atol=1e-5)

    def test_image_sound_cosines_hold_the_chosen_part(self, made, joined):
        _, features = made
        shared, own, heads, note = joined
        part = note['part_of_cosine']
        assert part == 0.75
        image, sound = features.image[:20, 0], features.sound[:20, 0]

        def cosines(by):
            return apply(by['image'], image) @ apply(by['sound'], sound).T

        expected = (1 - part) * cosines(shared) + part * cosines(own)
        found = cosines(heads)
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] == pytest.approx(1, abs=1e-5)
