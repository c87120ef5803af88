# SPDX-License-Identifier: Apache-2.0
"""Closed-form towers of three modalities, with hyperparameters chosen on validation data.

CCA and ridge regression are fitted on the same frozen features as the learned towers: image-text
pairs give the space; sound enters by regression onto image features (never onto text), so that
sound-text is emergent for the baselines too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_training.baselines.closed_form import Affine, PairedStatistics, Standardiser

Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Pairs:
    """Paired rows of two modalities' features, x (N, F) and y (N, G)."""

    x: Floats
    y: Floats


@dataclass(frozen=True)
class Choice:
    """Fitted maps of both sides, the settings that won and their validation score."""

    x: Affine
    y: Affine
    settings: dict[str, float]
    score: float


Score = Callable[[Affine, Affine], float]


def choose_cca(
    train: Pairs,
    score: Score,
    dimensions: Sequence[int] = (32, 64, 128, 256),
    regularisations: Sequence[float] = (0.1, 0.3, 1.0, 3.0, 10.0),
    powers: Sequence[float] = (0.0, 0.5, 1.0, 2.0),
) -> Choice:
    """CCA with the regularisation, power and dimensions that score best on validation data."""
    statistics = PairedStatistics(train.x, train.y)
    found: list[Choice] = []
    for regularisation in regularisations:
        for power in powers:
            full_x, full_y = statistics.cca(max(dimensions), regularisation, power)
            for k in dimensions:
                x, y = _first(full_x, k), _first(full_y, k)
                settings = {'dimensions': k, 'regularisation': regularisation, 'power': power}
                found.append(Choice(x, y, settings, score(x, y)))
    return max(found, key=lambda choice: choice.score)


def choose_ridge(
    train: Pairs, score: Score, regularisations: Sequence[float] = (0.1, 0.3, 1.0, 3.0, 10.0)
) -> Choice:
    """Linear regression of y on x or x on y, whichever scores best on validation data."""
    forward = PairedStatistics(train.x, train.y)
    backward = PairedStatistics(train.y, train.x)
    found: list[Choice] = []
    for regularisation in regularisations:
        x, y = forward.ridge(regularisation)
        settings = {'regularisation': regularisation}
        found.append(Choice(x, y, settings | {'onto': 1.0}, score(x, y)))
        y, x = backward.ridge(regularisation)
        found.append(Choice(x, y, settings | {'onto': 0.0}, score(x, y)))
    return max(found, key=lambda choice: choice.score)


def regress_into(
    features: Floats, targets: Floats, regularisation: float, weights: Floats | None = None
) -> Affine:
    """Ridge regression onto unit vectors of an existing space: (N, F), (N, D) -> affine map.

    The mean of the targets is kept as the bias: a sound that says nothing maps onto the middle of
    the space. `weights` (N,) balances pairs that come in many near-copies.
    """
    scaler = Standardiser.fit(features)
    x = scaler(features)
    w = np.ones(len(x)) if weights is None else weights / weights.mean()
    centre = np.average(targets, axis=0, weights=w)
    y = targets - centre
    strength = regularisation * len(x)
    root = np.sqrt(w)[:, None]
    a, b = x * root, y * root
    if a.shape[1] <= a.shape[0]:
        weight = np.linalg.solve(a.T @ a + strength * np.eye(a.shape[1]), a.T @ b)
    else:
        weight = a.T @ np.linalg.solve(a @ a.T + strength * np.eye(len(a)), b)
    return scaler.fold(weight.T, np.asarray(centre, dtype=np.float64))


def _first(full: Affine, k: int) -> Affine:
    return Affine(full.weight[:k], full.bias[:k])
