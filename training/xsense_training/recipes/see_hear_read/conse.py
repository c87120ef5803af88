# SPDX-License-Identifier: Apache-2.0
"""The ConSE space of image and text, with its settings chosen on validation data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.system import Features
from xsense_training.features.corpus import TAG, Corpus
from xsense_training.mixing import mean_score
from xsense_training.models.convex_words import ConvexWordHead, NamedClasses
from xsense_training.models.heads import LinearHead

SHARPNESS = (0.2, 0.3, 0.4, 0.5, 0.7, 1.0)


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
        known: (C,) training concepts; both means are those of their pictures and captions.
        tasks: image-text directions on validation data.
    """
    rows = known[corpus.texts.concept] & (corpus.texts.kind != TAG)
    mean = features.text[rows, 0].mean(axis=0)
    text = LinearHead(np.eye(len(mean)), -mean)
    seen = torch.from_numpy(features.image[known[corpus.image_concept], 0])
    found: list[tuple[float, ConvexWordHead, dict[str, float]]] = []
    for sharpness in SHARPNESS:
        image = ConvexWordHead(classes, mean, sharpness)
        image.centre_on(seen)
        score = mean_score({'image': image, 'text': text}, features, tasks)
        found.append((score, image, {'sharpness': sharpness, 'validation': score}))
    _, image, settings = max(found, key=lambda item: item[0])
    return {'image': image, 'text': text}, settings
