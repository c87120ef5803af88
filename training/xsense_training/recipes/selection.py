# SPDX-License-Identifier: Apache-2.0
"""Choosing what ships, on validation data: a closed form, a learned head, or both side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np
from torch import nn

from xsense_training.evaluate.baselines import regress_into
from xsense_training.evaluate.closed_form import Affine
from xsense_training.evaluate.metrics import rank_queries
from xsense_training.evaluate.protocol import Direction
from xsense_training.evaluate.system import Features, Floats, Heads, System, apply, linear
from xsense_training.models.heads import ConcatHead

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
AGREED = 3
STRENGTHS = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)


def mean_score(heads: Heads, features: Features, tasks: Sequence[Direction]) -> float:
    """Mean over directions of the mean reciprocal rank: smooth, and sees every query."""
    system = System('', heads)
    return float(np.mean([system.evaluate(features, task).value('MRR') for task in tasks]))


def choose_shares(
    candidates: Mapping[str, Heads], features: Features, tasks: Sequence[Direction]
) -> tuple[dict[str, float], float]:
    """Shares of the cosine of each candidate that score best on the tasks.

    All mixtures in quarters compete, single candidates among them. The shares of the best AGREED
    are averaged, because differences between neighbours are noise of a small validation set.

    Returns the shares (those under 0.1 left out) and their score.
    """
    names = list(candidates)
    cosines = {
        name: [System(name, heads).similarity(features, task) for task in tasks]
        for name, heads in candidates.items()
    }

    def score(shares: Sequence[float]) -> float:
        ranked = []
        for number, task in enumerate(tasks):
            mixed = sum(s * cosines[n][number] for s, n in zip(shares, names, strict=True))
            ranked.append(rank_queries(np.asarray(mixed), task.relevance).value('MRR'))
        return float(np.mean(ranked))

    mixtures = [m for m in product(SHARES, repeat=len(names)) if abs(sum(m) - 1) < 1e-9]
    best = sorted(mixtures, key=score, reverse=True)[:AGREED]
    mean = np.mean(best, axis=0)
    mean = np.where(mean < 0.1, 0.0, mean)
    mean = np.round(mean / mean.sum(), 2)
    mean[int(np.argmax(mean))] += 1 - mean.sum()
    shares = {n: float(s) for n, s in zip(names, mean, strict=True) if s > 0}
    return shares, score(mean)


def side_by_side(
    candidates: Mapping[str, Heads], shares: Mapping[str, float], modality: str
) -> nn.Module:
    """One head of a modality that holds the chosen candidates' heads, weighted."""
    if len(shares) == 1:
        return candidates[next(iter(shares))][modality]
    return ConcatHead([candidates[n][modality] for n in shares], list(shares.values()))


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
