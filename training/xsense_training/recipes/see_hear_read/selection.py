# SPDX-License-Identifier: Apache-2.0
"""Choosing what ships, on validation data: a closed form, a learned head, or both side by side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from torch import nn

from xsense_training.baselines.closed_form import Affine
from xsense_training.baselines.linear import regress_into
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.system import Features, Floats, Heads, apply, linear
from xsense_training.mixing import choose_shares, mean_score
from xsense_training.models.heads import ConcatHead, PaddedHead

OWN_OF_IMAGE = 0.1
MOST_OWN = 0.75  # of an image-sound cosine; the rest keeps sound and text together
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


def add_own_block(
    shared: Heads, own: Heads, features: Features, tasks: Sequence[Direction]
) -> tuple[dict[str, nn.Module], dict[str, float]]:
    """A block that only image and sound fill, beside the space of all three; text is zero there.

    Every image-text cosine is multiplied by the same factor, so no such ranking changes; the
    block's part of the image-sound cosine is free to be chosen on those directions alone. What it
    takes of a picture's vector is fixed and small, because pictures are recognised by the same
    vectors and the block knows little about them; the recordings' vectors carry the rest:
    with shares a of pictures and b of recordings, the blocks' cosines are weighted
    sqrt(a b) : sqrt((1 - a) (1 - b)).

    Args:
        shared: heads of image, text and sound.
        own: heads of image and sound in a space of their own.
        features: trunk features of the corpus.
        tasks: image-sound directions on validation data.

    Returns the heads, and the shares with their validation score.
    """
    parts, score = choose_shares({'shared': shared, 'own': own}, features, tasks)
    part = min(parts.get('own', 0.0), MOST_OWN)
    note = {'part_of_cosine': part, 'validation': score}
    if part == 0:
        return dict(shared), note
    ratio = (part / (1 - part)) ** 2 * (1 - OWN_OF_IMAGE) / OWN_OF_IMAGE
    of = {'image': OWN_OF_IMAGE, 'sound': ratio / (1 + ratio)}
    heads: dict[str, nn.Module] = {
        m: ConcatHead([shared[m], own[m]], [1 - share, share]) for m, share in of.items()
    }
    zeros = apply(own['image'], features.image[:1, 0]).shape[1]
    heads['text'] = PaddedHead(shared['text'], zeros)
    return heads, note | {f'share_of_{m}': round(share, 4) for m, share in of.items()}


def choose_regression(
    image_head: nn.Module,
    features: Features,
    pairs: tuple[Floats, Floats, Floats],
    tasks: Sequence[Direction],
) -> tuple[Affine, dict[str, float]]:
    """Sound -> the image vectors of a finished head: ridge strength and pull to the middle.

    Args:
        image_head: the finished head.
        features: trunk features of the corpus.
        pairs: sound features (N, F), image features (N, G) and weights (N,) of training pairs.
        tasks: image-sound directions on validation data; text is never looked at.
    """
    x, pictures, weights = pairs
    targets = apply(image_head, pictures)
    found = []
    for strength in STRENGTHS:
        full = regress_into(x, targets, strength, weights)
        centre = np.average(targets, axis=0, weights=weights)
        for pull in (0.0, 0.5, 1.0):
            affine = Affine(full.weight, full.bias - (1 - pull) * centre)
            score = mean_score({'image': image_head, 'sound': linear(affine)}, features, tasks)
            settings = {'strength': strength, 'pull': pull, 'validation': score}
            found.append((score, affine, settings))
    _, affine, settings = max(found, key=lambda item: item[0])
    return affine, settings
