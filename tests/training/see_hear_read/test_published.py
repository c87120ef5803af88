# SPDX-License-Identifier: Apache-2.0
"""The published objective against naive loops, and a run of it on the made-up corpus."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.training.see_hear_read.corpora import named_classes
from xsense_training.evaluate.system import apply
from xsense_training.pairing_task import FeatureBank
from xsense_training.recipes.see_hear_read.fitted_files import load_fitted, save_fitted
from xsense_training.recipes.see_hear_read.judging import judge_fold
from xsense_training.recipes.see_hear_read.published import (
    PublishedConfig,
    PublishedTask,
    as_system,
    build_net,
    fit_published,
    published_features,
)
from xsense_training.recipes.see_hear_read.recipe import Fitted, selection_tasks, split
from xsense_training.trainer import TrainConfig

SMALL = PublishedConfig(
    pool5=512,
    hidden=32,
    batch=24,
    heard=8,
    train=TrainConfig(
        steps=30, learning_rate=3e-4, weight_decay=0.0, warmup=0, validate_every=15,
        tensorboard=False,
    ),
)  # fmt: skip


@pytest.fixture(scope='module')
def given(made):
    """Corpus, what the students see of it, and a word table in which words mean something."""
    corpus, features = made
    rng = np.random.default_rng(3)
    table = np.concatenate([np.zeros((1, 10)), rng.standard_normal((16, 10))])
    # The ten numbers of a text choose its words; the sound's features are spread over time.
    closeness = features.text[:, 0] @ table[1:].T
    numbers = (np.argsort(-closeness, axis=1)[:, :16] + 1).astype(np.int32)
    windows = np.repeat(features.sound[:, :, None], 24, axis=2)
    windows = windows * np.linspace(0, 1, 24, dtype=np.float32)[:, None]
    corpus = replace(corpus, sound=windows.astype(np.float32))
    return corpus, published_features(corpus, features, numbers), table.astype(np.float32)


def run(given, folder, config=SMALL):
    corpus, features, table = given
    parts = split(corpus, 0)
    tasks = selection_tasks(corpus, parts)
    known = parts.train
    return fit_published(corpus, features, table, known, tasks, folder, config, named_classes())


@pytest.fixture(scope='module')
def trained(given, tmp_path_factory):
    folder = tmp_path_factory.mktemp('published')
    return (*run(given, folder), folder)


def made_task(given):
    corpus, features, table = given
    net = build_net(SMALL, torch.from_numpy(table), 8, features.image.shape[-1], 7)
    heard = corpus.sound_concept.tolist()
    own = {c: np.array([c]) for c in range(len(corpus.concepts))}
    banks = {
        'image': FeatureBank(features.image, own),
        'text': FeatureBank(features.text, own),
        'sound': FeatureBank(features.sound, {c: np.array([i]) for i, c in enumerate(heard)}),
    }
    return PublishedTask(net, banks, list(own), heard, named_classes(), [[]], features, SMALL)


def softmax(row):
    strength = [math.exp(v) for v in row]
    return [s / sum(strength) for s in strength]


def naive_kl(teacher, student):
    total = 0.0
    for t, s in zip(teacher.tolist(), student.tolist(), strict=True):
        p, q = softmax(t), softmax(s)
        total += sum(a * math.log(a / b) for a, b in zip(p, q, strict=True))
    return total / len(teacher)


def naive_hinge(x, y, delta):
    """sum_i sum_{j != i} max(0, delta - cos(x_i, y_i) + cos(x_i, y_j)), mean over i."""

    def cosine(a, b):
        a, b = a.detach(), b.detach()
        return float(a @ b) / max(float(a.norm() * b.norm()), 1e-12)

    total = 0.0
    for i in range(len(y)):
        for j in range(len(y)):
            if j != i:
                total += max(0.0, delta - cosine(x[i], y[i]) + cosine(x[i], y[j]))
    return total / len(y)


class TestObjective:
    def test_equals_the_specification_term_by_term(self, given):
        task, classes = made_task(given), named_classes()
        batch = task.draw(np.random.default_rng(0))
        loss, parts = task.loss(batch)
        taught = batch.image @ classes.weight.T + classes.bias
        seen = task.net('image', batch.image)
        expected = {'teacher image': naive_kl(taught, seen.logits)}
        for modality, x in (('text', batch.text), ('sound', batch.sound)):
            layers = task.net(modality, x)
            expected[f'teacher {modality}'] = naive_kl(taught[: len(x)], layers.logits)
            expected[f'pair {modality}'] = naive_hinge(
                seen.first, layers.first, SMALL.delta
            ) + naive_hinge(seen.second, layers.second, SMALL.delta)
        assert parts == pytest.approx(expected, rel=2e-3)
        assert loss.item() == pytest.approx(sum(expected.values()), rel=2e-3)

    def test_a_batch_pairs_what_belongs_together(self, given):
        corpus, features, _ = given
        task = made_task(given)
        batch = task.draw(np.random.default_rng(1))
        assert len(batch.image) == len(batch.text) == 24 and len(batch.sound) == 8
        for row in range(24):
            owner = next(
                c
                for c in range(len(corpus.concepts))
                if (features.image[c] == batch.image[row].numpy()).all(axis=1).any()
            )
            assert np.array_equal(features.text[owner, 0], batch.text[row].numpy())
            if row < 8:
                recording = int(np.flatnonzero(corpus.sound_concept == owner)[0])
                heard = batch.sound[row].numpy()
                assert any(np.array_equal(heard, v) for v in features.sound[recording])

    def test_the_teacher_stays_as_it_is(self, given):
        task = made_task(given)
        task.loss(task.draw(np.random.default_rng(0)))[0].backward()
        assert all(p.grad is None for p in task.teacher.parameters())
        assert all(p.grad is not None for p in task.net.parameters())


class TestRun:
    def test_the_loss_falls(self, trained):
        _, result, _ = trained
        losses = [row['loss'] for row in result.history if 'loss' in row]
        assert losses[-1] < losses[0]

    def test_every_sub_module_is_in_the_checkpoint_and_was_trained(self, given, trained):
        net, _, folder = trained
        start = build_net(SMALL, torch.from_numpy(given[2]), 8, given[1].image.shape[-1], 7)
        kept = torch.load(folder / 'checkpoint.pt', weights_only=False)['modules']
        for name, first in start.named_parameters():
            matching = [key for key in kept if key.endswith(name)]
            assert matching, name
            assert not torch.equal(kept[matching[0]], first), name
        assert {n.split('.')[0] for n in net.state_dict()} == {'students', 'upper'}

    def test_reloading_gives_the_same_vectors_bit_for_bit(self, given, trained, tmp_path):
        net, result, _ = trained
        found = Fitted({'published': as_system(net)}, {'a': 1}, {'published': result})
        save_fitted(found, tmp_path)
        torch.load(tmp_path / 'fitted.pt', weights_only=True)
        twin = load_fitted(tmp_path)
        assert twin.results == found.results and twin.notes == found.notes
        for modality in ('image', 'text', 'sound'):
            x = given[1].of(modality)[:, 0]
            heads = (f.systems['published'].heads[modality] for f in (found, twin))
            assert np.array_equal(*(apply(head, x) for head in heads))

    def test_test_data_are_not_looked_at(self, given, trained, tmp_path):
        corpus, features, table = given
        test = split(corpus, 0).test
        image, text, sound = (features.of(m).copy() for m in ('image', 'text', 'sound'))
        image[test[corpus.image_concept]] = 7
        text[test[corpus.texts.concept]] = 1
        sound[test[corpus.sound_concept]] = 7
        other, _ = run((corpus, replace(features, image=image, text=text, sound=sound), table),
                       tmp_path)  # fmt: skip
        state = trained[0].state_dict()
        assert all(torch.equal(v, state[k]) for k, v in other.state_dict().items())

    def test_it_is_judged_on_the_same_queries_as_production(self, given, trained, judged):
        corpus, features, _ = given
        net, result, _ = trained
        published = Fitted({'published': as_system(net)}, {}, {'published': result})
        ours = judge_fold(corpus, features, published, 0, named_classes())
        assert {o.kind for o in ours} == {'published', 'chance'}

        def asked(outcomes):
            return {
                (o.dataset, o.split, o.direction): o.results.counts.tolist()
                for o in outcomes
                if o.kind in ('published', 'production')
            }

        assert asked(ours) == asked(judged)
