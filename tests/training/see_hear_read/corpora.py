# SPDX-License-Identifier: Apache-2.0
"""A small made-up corpus with a shared latent, and a classifier for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from xsense_training.data.concept import Concept
from xsense_training.evaluate.system import Features
from xsense_training.features.corpus import CAPTION, TAG, Corpus, Texts
from xsense_training.models.convex_words import NamedClasses
from xsense_training.models.heads import LinearHead
from xsense_training.recipes.see_hear_read.training import Config
from xsense_training.trainer import TrainConfig

CLASSES = ('dog', 'cat', 'cow', 'sheep')
DIMENSION = 12


def made_corpus():
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


def small_config():
    """Twenty steps of each training run."""
    steps = TrainConfig(steps=20, validate_every=10, warmup=2)
    return Config(hidden=16, sound_hidden=8, batch=32, image_text=steps, image_sound=steps)


def random_heads(rng, size, **features):
    return {
        m: LinearHead(rng.standard_normal((size, f)), np.zeros(size)) for m, f in features.items()
    }
