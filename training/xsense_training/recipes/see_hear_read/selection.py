# SPDX-License-Identifier: Apache-2.0
"""Choosing what ships, on validation data: a closed form, a learned head, or both side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np
from torch import nn

from xsense_training.baselines.closed_form import Affine
from xsense_training.baselines.linear import regress_into
from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.metrics import mean_reciprocal_rank
from xsense_training.evaluate.system import Features, Floats, Heads, System, apply, linear
from xsense_training.models.heads import ConcatHead, PaddedHead

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
AGREED = 3
BLOCKS = 2  # of a mixture; each one more costs every robot 256 numbers a view
OWN_OF_IMAGE = 0.1
MOST_OWN = 0.75  # of an image-sound cosine; the rest keeps sound and text together
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


def mean_score(heads: Heads, features: Features, tasks: Sequence[Direction]) -> float:
    """Mean over directions of the mean reciprocal rank: smooth, and sees every query."""
    system = System('', heads)
    return float(
        np.mean([mean_reciprocal_rank(system.similarity(features, t), t.relevance) for t in tasks])
    )


def choose_shares(
    candidates: Mapping[str, Heads], features: Features, tasks: Sequence[Direction]
) -> tuple[dict[str, float], float]:
    """Shares of the cosine of each candidate that score best on the tasks.

    All pairs of candidates compete, each with its mixtures in quarters, single candidates among
    them. The shares of a pair's best AGREED mixtures are averaged, because differences between
    neighbours are noise of a small validation set.

    Returns the shares (those under 0.1 left out) and their score.
    """
    cosines = {
        name: [System(name, heads).similarity(features, task) for task in tasks]
        for name, heads in candidates.items()
    }

    def score(shares: Mapping[str, float]) -> float:
        ranked = []
        for number, task in enumerate(tasks):
            mixed = sum(share * cosines[name][number] for name, share in shares.items())
            ranked.append(mean_reciprocal_rank(np.asarray(mixed), task.relevance))
        return float(np.mean(ranked))

    found = []
    for names in combinations(candidates, min(BLOCKS, len(candidates))):
        mixtures = [m for m in product(SHARES, repeat=len(names)) if abs(sum(m) - 1) < 1e-9]
        scores = {m: score(dict(zip(names, m, strict=True))) for m in mixtures}
        mean = np.mean(sorted(mixtures, key=scores.__getitem__, reverse=True)[:AGREED], axis=0)
        mean = np.where(mean < 0.1, 0.0, mean)
        mean = np.round(mean / mean.sum(), 2)
        mean[int(np.argmax(mean))] += 1 - mean.sum()
        shares = {n: round(float(s), 2) for n, s in zip(names, mean, strict=True) if s > 0}
        found.append((score(shares), shares))
    best, shares = max(found, key=lambda item: item[0])
    return shares, best


def side_by_side(
    candidates: Mapping[str, Heads], shares: Mapping[str, float], modality: str
) -> nn.Module:
    """One head of a modality that holds the chosen candidates' heads, weighted."""
    if len(shares) == 1:
        return candidates[next(iter(shares))][modality]
    return ConcatHead([candidates[n][modality] for n in shares], list(shares.values()))


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
