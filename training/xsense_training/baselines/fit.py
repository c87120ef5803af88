# SPDX-License-Identifier: Apache-2.0
"""What every baseline is given and gives back, and the two linear ones behind that interface.

A baseline is `fit_NAME(x, y, score) -> Fit`: training rows of two modalities, a validation score
to choose settings by, and heads that go wherever those of a trained system go, ONNX included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from xsense_ros.errors import InputError
from xsense_training.baselines.closed_form import Affine
from xsense_training.baselines.groups import no_pairs
from xsense_training.baselines.linear import Choice, Pairs, choose_cca, choose_ridge
from xsense_training.data.samples import Samples, concept_pairs
from xsense_training.models.heads import LinearHead

Ints = NDArray[np.int64]
Heads = Mapping[str, nn.Module]
Score = Callable[[Heads], float]


@dataclass(frozen=True)
class Fit:
    """A fitted baseline.

    heads: modality -> module (B, F) to unit vectors (B, D); settings: those that won, as the
    report prints them; score: what they reached on validation data.
    """

    heads: Heads
    settings: Mapping[str, Any]
    score: float


def better(best: Fit | None, other: Fit) -> Fit:
    """The one of the higher score; the earlier one where they are equal."""
    return other if best is None or other.score > best.score else best


def chosen(best: Fit | None) -> Fit:
    """The fit that won.

    Raises:
        InputError: nothing could be tried.
    """
    if best is None:
        raise InputError(
            'settings of a baseline', 'none', 'at least one that fits the data', 'widen the grid'
        )
    return best


def affine_heads(x: Samples, y: Samples, of_x: Affine, of_y: Affine) -> Heads:
    """Two affine maps as heads, by modality."""
    return {
        x.modality: LinearHead(of_x.weight, of_x.bias),
        y.modality: LinearHead(of_y.weight, of_y.bias),
    }


def true_pairs(x: Samples, y: Samples, most: int, seed: int = 0) -> tuple[Ints, Ints]:
    """Row numbers (P,), (P,) of rows that show the same concept; at most `most`, drawn by seed.

    Raises:
        InputError: there is none.
    """
    rows_x, rows_y = concept_pairs(x, y)
    if not len(rows_x):
        raise no_pairs()
    return thinned(rows_x, rows_y, most, seed)


def thinned(rows_x: Ints, rows_y: Ints, most: int, seed: int = 0) -> tuple[Ints, Ints]:
    """At most `most` of the pairs (P,), (P,), drawn by seed; all of them where they are fewer."""
    if len(rows_x) <= most:
        return rows_x, rows_y
    kept = np.sort(np.random.default_rng(seed).choice(len(rows_x), most, replace=False))
    return rows_x[kept], rows_y[kept]


def fit_cca(x: Samples, y: Samples, score: Score) -> Fit:
    """Canonical correlation analysis of all rows that show the same concept.

    Raises:
        InputError: no concept is common to both.
    """
    limit = min(x.features.shape[1], y.features.shape[1])
    tried = sorted({min(k, limit) for k in (8, 16, 32, 64, 128, 256)})
    return _fit(x, y, score, lambda pairs, of_maps: choose_cca(pairs, of_maps, tried))


def fit_ridge(x: Samples, y: Samples, score: Score) -> Fit:
    """Linear regression of one modality on the other, over rows that show the same concept.

    Raises:
        InputError: no concept is common to both.
    """
    return _fit(x, y, score, choose_ridge)


def _fit(
    x: Samples,
    y: Samples,
    score: Score,
    choose: Callable[[Pairs, Callable[[Affine, Affine], float]], Choice],
) -> Fit:
    pairs = Pairs(x.features, y.features, (x.concept, y.concept))
    found = choose(pairs, lambda a, b: score(affine_heads(x, y, a, b)))
    return Fit(affine_heads(x, y, found.x, found.y), found.settings, found.score)
