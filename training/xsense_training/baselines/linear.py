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
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Pairs:
    """Paired rows of two modalities' features, x (N, F) and y (N, G).

    groups: with numbers (N,) and (M,), rows of equal group are pairs instead, each with each.
    """

    x: Floats
    y: Floats
    groups: tuple[Ints, Ints] | None = None


@dataclass(frozen=True)
class Choice:
    """Fitted maps of both sides, the settings that won and their validation score."""

    x: Affine
    y: Affine
    settings: dict[str, float]
    score: float


MapScore = Callable[[Affine, Affine], float]


def choose_cca(
    train: Pairs,
    score: MapScore,
    dimensions: Sequence[int] = (32, 64, 128, 256),
    regularisations: Sequence[float] = (0.1, 0.3, 1.0, 3.0, 10.0),
    powers: Sequence[float] = (0.0, 0.5, 1.0, 2.0),
) -> Choice:
    """CCA with the regularisation, power and dimensions that score best on validation data."""
    statistics = PairedStatistics(train.x, train.y, train.groups)
    found: list[Choice] = []
    for regularisation in regularisations:
        canonical = statistics.canonical(regularisation)
        for power in powers:
            full_x, full_y = canonical.maps(max(dimensions), power)
            for k in dimensions:
                x, y = full_x.first(k), full_y.first(k)
                settings = {'dimensions': k, 'regularisation': regularisation, 'power': power}
                found.append(Choice(x, y, settings, score(x, y)))
    return max(found, key=lambda choice: choice.score)


def choose_ridge(
    train: Pairs, score: MapScore, regularisations: Sequence[float] = (0.1, 0.3, 1.0, 3.0, 10.0)
) -> Choice:
    """Linear regression of y on x or x on y, whichever scores best on validation data."""
    statistics = PairedStatistics(train.x, train.y, train.groups)
    found: list[Choice] = []
    for regularisation in regularisations:
        for onto_y in (True, False):
            x, y = statistics.ridge(regularisation, onto_y)
            settings = {'regularisation': regularisation, 'onto': float(onto_y)}
            found.append(Choice(x, y, settings, score(x, y)))
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
