# SPDX-License-Identifier: Apache-2.0
"""Distances between unit rows, all of them decreasing functions of the evaluator's cosine."""

from __future__ import annotations

from typing import Literal, get_args

from torch import Tensor

from xsense_ros.errors import InputError

Distance = Literal['squared', 'euclidean', 'cosine']
SMALLEST = 1e-8  # of a squared distance under the root, whose slope is infinite at zero


def require_distance(kind: str) -> None:
    """Raise InputError for a name that is not a Distance."""
    if kind not in get_args(Distance):
        raise InputError('distance', kind, ' or '.join(get_args(Distance)), 'correct the name')


def pairwise_distance(x: Tensor, y: Tensor, kind: Distance) -> Tensor:
    """Unit rows x (B, D) and y (M, D) -> (B, M).

    squared: ||x - y||^2 = 2 - 2 cos; euclidean: its root; cosine: 1 - cos.
    """
    cosine = x @ y.T
    if kind == 'cosine':
        return 1 - cosine
    squared = 2 - 2 * cosine
    return squared if kind == 'squared' else squared.clamp_min(SMALLEST).sqrt()
