# SPDX-License-Identifier: Apache-2.0
"""How sure a difference is: confidence intervals, paired tests, smallest detectable difference."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

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
    half = stats.t.ppf(0.5 + level / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    return float(x.mean() - half), float(x.mean() + half)


@dataclass(frozen=True)
class PairedComparison:
    """Ours minus theirs over the same folds.

    difference: mean over folds; interval: its 95 % t interval; p: two-sided paired t test over
    folds; p_queries: two-sided sign-flip permutation test over all queries of all folds;
    detectable: smallest true difference that the fold test would find with 80 % power.
    """

    difference: float
    interval: tuple[float, float]
    p: float
    p_queries: float
    detectable: float


def compare(
    ours: Sequence[Floats], theirs: Sequence[Floats], draws: int = 2000, seed: int = 0
) -> PairedComparison:
    """Paired comparison of per-query values, one array (Q_fold,) per fold, same queries in both.

    Folds share training data, so the fold test is a little optimistic (Nadeau and Bengio 2003);
    its companion over queries does not see training variance. Read both.
    """
    if len(ours) != len(theirs) or any(
        a.shape != b.shape for a, b in zip(ours, theirs, strict=True)
    ):
        raise ValueError('a paired comparison needs the same folds and the same queries in both')
    folds = np.array([float(np.mean(a) - np.mean(b)) for a, b in zip(ours, theirs, strict=True)])
    difference = float(folds.mean())
    if len(folds) > 1 and folds.std() > 0:
        p = float(stats.ttest_1samp(folds, 0.0).pvalue)
    else:
        p = 1.0 if difference == 0 else float('nan')
    rng = np.random.default_rng(seed)
    queries = np.concatenate([a - b for a, b in zip(ours, theirs, strict=True)])
    signs = rng.choice([-1.0, 1.0], (draws, len(queries)))
    extreme = np.abs(signs @ queries) >= abs(queries.sum()) - 1e-12
    return PairedComparison(
        difference,
        fold_interval(list(folds)),
        p,
        float((extreme.sum() + 1) / (draws + 1)),
        smallest_detectable(folds),
    )


def smallest_detectable(differences: Floats, level: float = 0.05, power: float = 0.8) -> float:
    """The true mean difference a two-sided paired t test over these folds detects with `power`.

    Normal-theory approximation: (t_{1 - level/2} + t_power) s / sqrt(n); infinite for one fold.
    """
    n = len(differences)
    if n < 2:
        return float('inf')
    spread = float(np.std(differences, ddof=1)) / np.sqrt(n)
    quantiles = stats.t.ppf(1 - level / 2, n - 1) + stats.t.ppf(power, n - 1)
    return float(quantiles * spread)
