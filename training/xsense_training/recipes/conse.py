# SPDX-License-Identifier: Apache-2.0
"""The ConSE space of image and text, with its settings chosen on validation data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xsense_training.evaluate.protocol import Direction
from xsense_training.evaluate.system import Features
from xsense_training.features.corpus import TAG, Corpus
from xsense_training.models.convex_words import ConvexWordHead, NamedClasses
from xsense_training.models.heads import LinearHead
from xsense_training.recipes.selection import mean_score

SHARPNESS = (0.3, 0.5, 0.7, 1.0)
TOPS = (0, 20, 50)  # 0: all classes, the simplest graph
WORTH = 0.005  # MRR on validation that a more complicated graph has to earn


def choose_conse(
    classes: NamedClasses,
    corpus: Corpus,
    features: Features,
    known: NDArray[np.bool_],
    tasks: Sequence[Direction],
) -> tuple[dict[str, nn.Module], dict[str, float]]:
    """Heads of image and text, and the settings that won.

    Args:
        classes: the image network's classifier and the word vectors of its names.
        corpus: all concepts.
        features: their trunk features.
        known: (C,) training concepts; the mean word vector is that of their captions.
        tasks: image-text directions on validation data.
    """
    rows = known[corpus.texts.concept] & (corpus.texts.kind != TAG)
    mean = features.text[rows, 0].mean(axis=0)
    text = LinearHead(np.eye(len(mean)), -mean)
    found: list[tuple[float, dict[str, nn.Module], dict[str, float]]] = []
    for top in TOPS:
        if top >= len(classes.names):
            continue
        for sharpness in SHARPNESS:
            heads = {'image': ConvexWordHead(classes, mean, sharpness, top), 'text': text}
            score = mean_score(heads, features, tasks)
            settings = {'sharpness': sharpness, 'top': float(top), 'validation': score}
            found.append((score - (WORTH if top else 0), dict(heads), settings))
    _, heads, settings = max(found, key=lambda item: item[0])
    return heads, settings
