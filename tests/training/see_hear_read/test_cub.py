# SPDX-License-Identifier: Apache-2.0
"""CUB with captions through the whole recipe, on a tiny folder in its layout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from tests.training.see_hear_read.corpora import small_config
from xsense_ros.errors import InputError
from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.sound_input import SoundInput
from xsense_ros.senses.text_input import TextInput
from xsense_training.features.corpus import CAPTION, TAG, build_corpus
from xsense_training.features.image_features import ImageFeatureCache
from xsense_training.features.sound_features import SoundWindowCache
from xsense_training.models.convex_words import NamedClasses
from xsense_training.models.sound_tower import LogMelStatistics
from xsense_training.models.text_tower import TokenMean
from xsense_training.pairing_task import FeatureBank, rows_by_concept
from xsense_training.recipes.see_hear_read.data import compute_features, read_dataset
from xsense_training.recipes.see_hear_read.judging import judge_fold
from xsense_training.recipes.see_hear_read.protocol import directions
from xsense_training.recipes.see_hear_read.published import (
    PublishedConfig,
    fit_published,
    published_features,
)
from xsense_training.recipes.see_hear_read.recipe import fit, selection_tasks, split
from xsense_training.recipes.see_hear_read.words import number_words
from xsense_training.trainer import TrainConfig

COLOURS = {
    'red': (200, 30, 30), 'green': (30, 160, 40), 'blue': (40, 60, 200), 'yellow': (230, 220, 40),
    'white': (240, 240, 240), 'black': (15, 15, 15), 'brown': (120, 70, 30), 'grey': (128,) * 3,
}  # fmt: skip
PLACES = ('tree', 'sea')
SIZE, WORDS = 32, 24


def write_tree(root):
    """Sixteen kinds (a colour of bird in a place), three pictures each, ten captions each."""
    rng = np.random.default_rng(0)
    names = []
    for number, (colour, rgb) in enumerate((c, v) for c, v in COLOURS.items() for _ in PLACES):
        place = PLACES[number % 2]
        label = f'{number + 1:03d}.{colour.title()}_{place.title()}bird'
        names.append(label)
        for picture in range(3):
            canvas = np.full((40, 48, 3), (60, 120, 60) if place == 'tree' else (60, 90, 190))
            canvas[10:30, 14:34] = rgb
            canvas = np.clip(canvas + rng.normal(0, 12, canvas.shape), 0, 255).astype(np.uint8)
            folder = root / 'CUB_200_2011' / 'images' / label
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(canvas).save(folder / f'{colour}_{place}_{picture}.jpg')
            folder = root / 'text_c10' / label
            folder.mkdir(parents=True, exist_ok=True)
            says = [f'a {colour} bird number {line} by the {place} .' for line in range(10)]
            (folder / f'{colour}_{place}_{picture}.txt').write_text('\n'.join(says))
    order = rng.permutation(names)
    for part, chosen in (('train', order[:8]), ('val', order[8:12]), ('test', order[12:])):
        (root / f'{part}.txt').write_text('\n'.join(chosen))  # without a newline at the end
    return root


def trunk(image):
    """(1, 3, S, S) -> (1, 48): mean colours of a grid of sixteen fields."""
    fields = image.reshape(1, 3, 4, SIZE // 4, 4, SIZE // 4).mean(axis=(3, 5))
    return fields.reshape(1, -1).astype(np.float32)


@pytest.fixture(scope='module')
def birds(tmp_path_factory):
    """Corpus, features and a classifier that knows the colours."""
    root = write_tree(tmp_path_factory.mktemp('cub'))
    cache = tmp_path_factory.mktemp('cache')
    concepts, scenes = read_dataset(root, f'cub:{root}')
    image_input = ImageInput(SIZE, (0.5,) * 3, (0.25,) * 3, fit='crop')
    corpus = build_corpus(
        concepts,
        ImageFeatureCache(cache, trunk, 'fields', image_input, scenes),
        word_input(cache),
        SoundWindowCache(cache, SoundInput(), 1),
    )
    rng = np.random.default_rng(1)
    table = rng.standard_normal((200, WORDS)).astype(np.float32)
    features = compute_features(
        corpus, TokenMean(table, np.ones(200, np.float32)), LogMelStatistics()
    )
    classes = NamedClasses(
        torch.randn(5, 48, generator=torch.Generator().manual_seed(0)),
        torch.zeros(5),
        tuple('abcde'),
        rng.standard_normal((5, WORDS)).astype(np.float32),
    )
    return corpus, features, classes


def word_input(folder):
    """A tokenizer that knows every word of the captions."""
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ['[UNK]', 'a', 'bird', 'number', 'by', 'the', '.', *COLOURS, *PLACES]
    words += [str(n) for n in range(10)]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, '[UNK]'))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / 'tokenizer.json'))
    return TextInput('tokenizer.json', 16, True, assets=folder)


def test_the_split_is_by_class_and_nothing_unseen_is_trained_on(birds):
    corpus = birds[0]
    parts = split(corpus, 0)
    labels = np.array([c.category for c in corpus.concepts])
    found = [set(labels[mask]) for mask in (parts.train, parts.validation, parts.test)]
    assert [len(f) for f in found] == [8, 4, 4]
    assert not found[0] & found[1] and not found[0] & found[2] and not found[1] & found[2]


def test_all_ten_captions_are_trained_on_and_asked(birds):
    corpus, features, _ = birds
    captions = rows_by_concept(corpus.texts.concept, corpus.texts.kind == CAPTION)
    assert {len(rows) for rows in captions.values()} == {10}
    assert len({corpus.texts.string[row] for row in captions[0]}) == 10
    bank = FeatureBank(features.text, rows_by_concept(corpus.texts.concept))
    rng, first = np.random.default_rng(0), np.zeros(1, np.int64)
    drawn = {tuple(bank.draw(first, rng)[0].tolist()) for _ in range(400)}
    assert {tuple(features.text[row, 0].tolist()) for row in captions[0]} <= drawn
    tasks = {t.name: t for t in directions(corpus, split(corpus, 0).test)}
    asked = tasks['cub text->image']
    assert asked.relevance.shape == (12 * 10, 12) and np.all(asked.relevance.sum(axis=1) == 1)
    assert np.all(tasks['cub image->text'].relevance.sum(axis=1) == 10)
    assert np.all(tasks['cub by class text->image'].relevance.sum(axis=1) == 3)
    assert np.all(tasks['cub by class image->text'].relevance.sum(axis=1) == 30)


def test_production_runs_end_to_end(birds, tmp_path):
    corpus, features, classes = birds
    fitted = fit(corpus, features, 0, tmp_path, small_config(), classes)
    assert set(fitted.systems['shipped'].heads) == {'image', 'text'}
    outcomes = judge_fold(corpus, features, fitted, 0, classes)
    told = {(o.split, o.direction, o.kind): o.results for o in outcomes if not o.correction}
    for direction in ('image->text', 'text->image'):
        assert ('unseen classes, instance', direction, 'production') in told
        ours = told['unseen classes, by class', direction, 'production'].value('mAP')
        assert ours > told['unseen classes, by class', direction, 'chance'].value('mAP')


def test_published_runs_end_to_end(birds, tmp_path):
    corpus, features, classes = birds
    words = {w: i for i, w in enumerate(['a', 'bird', 'by', 'the', *COLOURS, *PLACES])}

    def vector(word):
        return np.eye(len(words), dtype=np.float32)[words[word]] if word in words else None

    numbered = number_words(corpus.texts.string, vector)
    seen = published_features(corpus, features, numbered.numbers)
    config = PublishedConfig(
        pool5=256, hidden=16, batch=12,
        train=TrainConfig(steps=4, learning_rate=1e-3, warmup=0, validate_every=2),
    )  # fmt: skip
    parts = split(corpus, 0)
    tasks = selection_tasks(corpus, parts)
    _, result = fit_published(
        corpus, seen, numbered.table, parts.train, tasks, tmp_path, config, classes
    )
    assert np.isfinite(result.history[-1]['loss']) and 0 < result.best['score'] <= 1


def test_tags_and_names_are_never_asked(birds):
    corpus = birds[0]
    assert TAG not in corpus.texts.kind
    for task in directions(corpus, split(corpus, 0).test):
        side = task.query if task.query.modality == 'text' else task.gallery
        assert (corpus.texts.kind[side.rows] == CAPTION).all()


def test_other_data_sets_are_refused_by_name(tmp_path):
    for dataset in ('birds:/x', 'cub', 'cub:'):
        with pytest.raises(InputError, match=r'cub:/path'):
            read_dataset(tmp_path, dataset)


def test_without_recordings_there_is_nothing_to_hear(birds):
    corpus, features, _ = birds
    assert corpus.sound.shape[0] == 0 and corpus.sound.ndim == 4
    assert features.sound.shape[0] == 0 and features.sound.ndim == 3
    assert not selection_tasks(corpus, split(corpus, 0))[1]
