# SPDX-License-Identifier: Apache-2.0
"""How sure a difference is: confidence intervals, paired tests, smallest detectable difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]


def bootstrap_interval(
    values: Floats,
    statistic: Callable[..., Floats] = np.mean,
    level: float = 0.95,
    draws: int = 1000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap over queries. values (Q,) -> (low, high).

    `statistic` is taken along `axis=1` of all draws at once, as np.mean and np.median can.
    """
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(values), (draws, len(values)))
    found = statistic(values[picks], axis=1)
    tail = (1 - level) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)


def fold_interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """Student-t interval of the mean over folds; infinite for a single fold."""
    x = np.asarray(values, dtype=np.float64)
    if len(x) < 2:
        return -float('inf'), float('inf')
    half = special.stdtrit(len(x) - 1, 0.5 + level / 2) * x.std(ddof=1) / np.sqrt(len(x))
    return float(x.mean() - half), float(x.mean() + half)


def paired_p(differences: Floats) -> float:
    """Two-sided paired t test over folds or seeds, (n,) -> p; NaN where they do not vary.

    Folds share training data, so it is a little optimistic (Nadeau and Bengio 2003); its companion
    over queries, `sign_flip_p`, does not see training variance. Read both.
    """
    x = np.asarray(differences, dtype=np.float64)
    if len(x) > 1 and x.std() > 0:
        t = x.mean() / (x.std(ddof=1) / np.sqrt(len(x)))
        return float(2 * special.stdtr(len(x) - 1, -abs(t)))
    return float('nan') if x.any() else 1.0


def sign_flip_p(differences: Floats, draws: int = 2000, seed: int = 0) -> float:
    """Two-sided permutation test of paired per-query differences (Q,): signs flipped at random."""
    rng = np.random.default_rng(seed)
    limit = abs(differences.sum()) - 1e-12
    extreme = 0
    for start in range(0, draws, 500):  # in parts: draws x Q signs are large
        count = min(500, draws - start)
        flips = rng.integers(0, 2, (count, len(differences)), dtype=np.int8)
        sums = differences.sum() - 2 * (flips @ differences)
        extreme += int((np.abs(sums) >= limit).sum())
    return (extreme + 1) / (draws + 1)


def smallest_detectable(differences: Floats, level: float = 0.05, power: float = 0.8) -> float:
    """The true mean difference a two-sided paired t test over these folds detects with `power`.

    Normal-theory approximation: (t_{1 - level/2} + t_power) s / sqrt(n); infinite for one fold.
    """
    n = len(differences)
    if n < 2:
        return float('inf')
    spread = float(np.std(differences, ddof=1)) / np.sqrt(n)
    quantiles = special.stdtrit(n - 1, 1 - level / 2) + special.stdtrit(n - 1, power)
    return float(quantiles * spread)
