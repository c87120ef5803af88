# SPDX-License-Identifier: Apache-2.0
"""Partial least squares, canonical form: directions of largest covariance, one after the other.

Wold 1975 (PLS mode A); the PLSCA of the ObjectFolder Benchmark (Gao et al. 2023). Components are
those of scikit-learn's PLSCanonical; its centring and rotation become one affine map.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSCanonical

from xsense_training.baselines.closed_form import Affine, Floats, Spectrum, Standardiser
from xsense_training.baselines.fit import Fit, Score, affine_heads, better, chosen, true_pairs
from xsense_training.data.samples import Samples


def plsca(
    x: NDArray[np.floating], y: NDArray[np.floating], dimensions: int, rank: int = 256
) -> tuple[Affine, Affine]:
    """Maps of paired rows x (N, F), y (N, G) into `dimensions`, the strongest first.

    The leading k dimensions are the solution for k. Features are standardised and reduced to
    their `rank` leading principal directions, without which thousands of wide rows take minutes;
    with rank >= F and G the result is that of PLSCanonical on the raw rows.
    """
    reduced, rotations = [], []
    for rows in (x, y):
        scaler = Standardiser.fit(rows)
        z = scaler(rows)
        spectrum = Spectrum.of(scaler, z.T @ z / len(z), rank)
        reduced.append(z @ spectrum.vectors)
        rotations.append((scaler, spectrum.vectors))
    k = min(dimensions, *(z.shape[1] for z in reduced), len(x))
    # Each component's leading singular pair directly; power iterations to it take a minute.
    model = PLSCanonical(k, scale=False, algorithm='svd')
    model.fit(*reduced)
    return (
        _fold(rotations[0], model.x_rotations_),
        _fold(rotations[1], model.y_rotations_),
    )


def fit_plsca(
    x: Samples,
    y: Samples,
    score: Score,
    dimensions: Sequence[int] = (4, 8, 16, 32, 64),
    most_pairs: int = 5000,
) -> Fit:
    """PLS canonical analysis over rows that show the same concept, dimensions by validation.

    Args:
        x: training rows.
        y: training rows.
        score: validation score of heads.
        dimensions: numbers to choose from.
        most_pairs: beyond it, that many pairs are drawn.

    Raises:
        InputError: no concept is common to both.
    """
    rows_x, rows_y = true_pairs(x, y, most_pairs)
    full_x, full_y = plsca(x.features[rows_x], y.features[rows_y], max(dimensions))
    best: Fit | None = None
    for k in sorted({min(k, len(full_x.bias)) for k in dimensions}):
        heads = affine_heads(x, y, full_x.first(k), full_y.first(k))
        best = better(best, Fit(heads, {'dimensions': k}, score(heads)))
    return chosen(best)


def _fold(reduction: tuple[Standardiser, Floats], rotation: Floats) -> Affine:
    scaler, vectors = reduction
    return scaler.fold((vectors @ rotation).T)
