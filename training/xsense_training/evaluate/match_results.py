# SPDX-License-Identifier: Apache-2.0
"""How well boxes were found: metrics of a list of searches, some of which hold nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from xsense_training.evaluate.results import Floats

METRICS = ('mIoU', 'P0.5', 'P0.7', 'P0.9', 'hit@5px', 'AUC', 'FA@95')
COMPARED = ('hit@5px', 'mIoU', 'P0.5', 'P0.7', 'FA@95')
LOWER_IS_BETTER = ('FA@95',)
RECALL = 0.95  # of targets that are there, at which false alarms are counted
HIT = 5.0  # pixels
_THRESHOLDS = np.arange(20) / 20


@dataclass(frozen=True)
class MatchResults:
    """What one method answered.

    overlap (P,): intersection over union with the truth, of searches that hold their target;
    distance (P,): of the middle of the box from the true one along the worse axis, in pixels;
    score (P,): how sure the method was; false_score (A,): the same of searches that hold nothing.
    """

    metrics: ClassVar[tuple[str, ...]] = METRICS
    compared: ClassVar[tuple[str, ...]] = COMPARED
    lower_is_better: ClassVar[tuple[str, ...]] = LOWER_IS_BETTER
    medians: ClassVar[tuple[str, ...]] = ()
    overlap: Floats
    distance: Floats
    score: Floats
    false_score: Floats

    @property
    def asked(self) -> tuple[int, int]:
        """Searches that hold their target, searches that do not."""
        return len(self.overlap), len(self.false_score)

    def stored(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """As `Results` says."""
        return vars(self), {}

    @property
    def threshold(self) -> float:
        """The score that RECALL of the searches that hold their target reach."""
        return float(np.quantile(self.score, 1 - RECALL, method='lower'))

    def per_query(self, metric: str) -> Floats:
        """Values whose mean is the metric: (P,), or (A,) of 'FA@95'.

        mIoU: overlap. P0.5, P0.7, P0.9: whether it is above that. hit@5px: whether the middle is
        within HIT pixels along both axes. AUC: share of the thresholds 0, 0.05 ... 0.95 that the
        overlap is above (area under the success curve). FA@95: whether a search that holds nothing
        scores at least `threshold`.

        Raises:
            ValueError: no such metric.
        """
        if metric == 'mIoU':
            return self.overlap
        if metric == 'hit@5px':
            return (self.distance <= HIT).astype(np.float64)
        if metric == 'AUC':
            return np.asarray((self.overlap[:, None] > _THRESHOLDS).mean(axis=1))
        if metric == 'FA@95':
            return (self.false_score >= self.threshold).astype(np.float64)
        if metric in METRICS:
            return (self.overlap > float(metric[1:])).astype(np.float64)
        raise ValueError(f'unknown metric {metric!r}; known: {", ".join(METRICS)}')

    def value(self, metric: str) -> float:
        """The metric; NaN where nothing was asked that it is about."""
        values = self.per_query(metric)
        return float(values.mean()) if len(values) else float('nan')
