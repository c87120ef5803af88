# SPDX-License-Identifier: Apache-2.0
"""What See, Hear, and Read stands on: concepts, the robot's preprocessing, and frozen trunks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from xsense_ros.errors import InputError
from xsense_ros.senses.image_input import ImageInput
from xsense_ros.senses.sound_input import SoundInput
from xsense_ros.senses.text_input import TextInput
from xsense_training.data.concept import Concept
from xsense_training.data.concepts import load_concepts
from xsense_training.data.cub import load_cub
from xsense_training.data.root import cache_folder, data_root, require
from xsense_training.data.semantics import word_vectors
from xsense_training.data.weights import EFFICIENTNET_LITE0, TOKEN_TABLE, TOKENIZER
from xsense_training.evaluate.system import Features
from xsense_training.features.corpus import Corpus, build_corpus
from xsense_training.features.frozen_trunk import FrozenTrunk
from xsense_training.features.sound_features import SoundWindowCache
from xsense_training.models.convex_words import NamedClasses
from xsense_training.models.efficientnet_lite0 import EfficientNetLite0, load_classifier
from xsense_training.models.sound_tower import LogMelStatistics
from xsense_training.models.text_tower import TokenMean, load_token_table
from xsense_training.recipes.registry import EMBEDDED
from xsense_training.recipes.see_hear_read.words import WordNumbers, number_words
from xsense_training.torchvision_guard import imagenet_categories

SOURCES = ('tuxpaint', 'emoji', 'gcompris', 'soundfont')
SCENES = 4
VARIANTS = 8
SPECIAL_TOKENS = 3  # unknown, begin and end: nearly no weight in the mean


@dataclass(frozen=True)
class Ingredients:
    """Corpus with its features, and all that an export needs besides the heads."""

    corpus: Corpus
    features: Features
    trunk: EfficientNetLite0
    classes: NamedClasses
    words: TokenMean
    sounds: LogMelStatistics
    image_input: ImageInput
    text_input: TextInput
    sound_input: SoundInput
    tokenizer: Path


def prepare(root: Path | None = None, dataset: str = EMBEDDED) -> Ingredients:
    """Load the concepts and compute (or recall) the features of all their samples.

    The first call looks at every picture, of the embedded sets five times, and takes minutes;
    later ones take seconds.

    Args:
        root: data root, of the embedded sets and the weights.
        dataset: 'embedded', or 'cub:/path' of CUB-200-2011 with its captions (see load_cub).

    Raises:
        InputError: a data set that does not exist or is not whole, or weights that are missing;
            names the command that fetches them.
    """
    folder = data_root(root)
    concepts, scenes = read_dataset(folder, dataset)
    trunk = FrozenTrunk.load(folder)
    tokenizer = require(folder, TOKENIZER, 'weights')
    # Captions are lower-cased: an annotation and a sentence then share their tokens.
    text_input = TextInput(tokenizer.name, 32, True, assets=tokenizer.parent)
    sound_input = SoundInput()
    windows = SoundWindowCache(cache_folder(folder, 'sound-windows'), sound_input, VARIANTS)
    corpus = build_corpus(concepts, trunk.cache(folder, scenes), text_input, windows)
    table = load_token_table(require(folder, TOKEN_TABLE, 'weights'))
    token_weights = np.ones(len(table), np.float32)
    token_weights[:SPECIAL_TOKENS] = 1e-3
    words, sounds = TokenMean(table, token_weights), LogMelStatistics()
    return Ingredients(
        corpus,
        compute_features(corpus, words, sounds),
        trunk.module,
        name_classes(require(folder, EFFICIENTNET_LITE0, 'weights'), words, text_input),
        words,
        sounds,
        trunk.image_input,
        text_input,
        sound_input,
        tokenizer,
    )


def read_dataset(folder: Path, dataset: str) -> tuple[list[Concept], int]:
    """Concepts of a data set, and in how many scenes each picture is seen beside the plain view.

    Stamps and emoji are cut out and belong into scenes; a photograph is one already.
    """
    if dataset == EMBEDDED:
        return load_concepts(folder, SOURCES), SCENES
    name, _, path = dataset.partition(':')
    if name == 'cub' and path:
        return load_cub(Path(path))[0], 0
    raise InputError('data set', dataset, "'embedded' or 'cub:/path'", 'correct --data')


def word_numbers(ingredients: Ingredients) -> WordNumbers:
    """All texts of the corpus as the published text student reads them."""
    vector = word_vectors(
        Tokenizer.from_file(str(ingredients.tokenizer)), ingredients.words.table.weight.numpy()
    )
    return number_words(ingredients.corpus.texts.string, vector)


def compute_features(corpus: Corpus, words: TokenMean, sounds: LogMelStatistics) -> Features:
    """Trunk features of the whole corpus, (N, V, F) by modality."""
    with torch.no_grad():
        text = words(torch.from_numpy(corpus.texts.ids), torch.from_numpy(corpus.texts.mask))
        n, variants, frames, mels = corpus.sound.shape
        flat = torch.from_numpy(corpus.sound.reshape(n * variants, 1, frames, mels))
        parts = [sounds(part) for part in torch.split(flat, 512)] if n else [torch.zeros(0)]
        sound = torch.cat(parts)
    return Features(
        corpus.image, text.numpy()[:, None], sound.numpy().reshape(n, variants, sounds.features)
    )


def name_classes(weights: Path, words: TokenMean, text_input: TextInput) -> NamedClasses:
    """The image network's classifier, and its class names as the text trunk reads them."""
    names = imagenet_categories()
    encoded = [text_input(name) for name in names]
    ids, mask = (np.concatenate([e[key] for e in encoded]) for key in ('ids', 'mask'))
    with torch.no_grad():
        vectors = words(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    return NamedClasses(*load_classifier(weights), names, vectors)
