# SPDX-License-Identifier: Apache-2.0
"""From repeated measurements to rows: percentiles, ratios, and how far they wobble."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xsense_ros.bench.rows import Row

# Samples by run.
Runs = Sequence[Sequence[float]]
PERCENTILES = {'p50': 50, 'p95': 95, 'p99': 99}


@dataclass(frozen=True)
class NotRun:
    """Something that could not be measured here, and why."""

    name: str
    reason: str


def percentile(values: Sequence[float], share: float) -> float:
    """The given percentile; NaN for no values."""
    return float(np.percentile(values, share)) if len(values) else float('nan')


def spread(values: Sequence[float]) -> float:
    """Half the interquartile range as a share of the median; 0 for a single value."""
    low, middle, high = (percentile(values, share) for share in (25, 50, 75))
    return (high - low) / 2 / abs(middle) if middle else 0.0


def median_row(ours: Sequence[float], bare: Sequence[float] = (), **row: Any) -> Row:
    """One figure a run: the medians of ours and of the ratios to `bare`, run by run.

    A reference beside itself has the ratio 1 and the spread of its values.

    Args:
        ours: one value a run.
        bare: those of the reference in the same runs; empty for none. Where it is 0 (no jitter at
            all, of two answers) there is nothing to divide by, and the run counts for no ratio.
        row: what else the row says.
    """
    pairs = zip(ours, bare, strict=True) if bare else ()
    ratios = [one / other for one, other in pairs if other]
    return Row(
        value=_rounded(percentile(ours, 50)),
        ratio=_rounded(percentile(ratios, 50)) if ratios else None,
        spread=_rounded(spread(ours if bare is ours else ratios or ours)),
        runs=len(ours),
        **row,
    )


def percentile_rows(
    ours: Runs, bare: Runs = (), goals: Mapping[str, str] | None = None, **row: Any
) -> list[Row]:
    """p50, p95 and p99 over the samples of all runs, and their ratios to those of `bare`.

    The spread is that of the ratios (without a reference, or of one itself: of the values) of the
    single runs.

    Args:
        ours: samples by run.
        bare: those of the reference in the same runs; empty for none.
        goals: by figure.
        row: what else the rows say.
    """
    rows = []
    for figure, share in PERCENTILES.items():
        value = percentile(_pooled(ours), share)
        single = [percentile(run, share) for run in ours]
        ratio = None
        if bare is ours:
            ratio = 1.0
        elif bare:
            ratio = _rounded(value / percentile(_pooled(bare), share))
            single = [one / percentile(run, share) for one, run in zip(single, bare, strict=True)]
        rows.append(
            Row(
                figure=figure,
                value=_rounded(value),
                ratio=ratio,
                spread=_rounded(spread(single)),
                runs=len(ours),
                goal=(goals or {}).get(figure, ''),
                **row,
            )
        )
    return rows


def _pooled(runs: Runs) -> list[float]:
    return [value for run in runs for value in run]


def _rounded(value: float) -> float:
    """Four digits: more would only be noise in the file."""
    return float(f'{value:.4g}')
