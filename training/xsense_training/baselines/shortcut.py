# SPDX-License-Identifier: Apache-2.0
"""Says whether a control row reaches a system's score: whether the system learned a shortcut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xsense_ros.errors import InputError
from xsense_training.evaluate.outcome import Outcome
from xsense_training.evaluate.statistics import bootstrap_interval, fold_interval


@dataclass(frozen=True)
class ShortcutFinding:
    """A system against one control on the same queries.

    system, control: names of the methods; metric: 'mAP' and so on; score: of the system, mean over
    runs; reached: of the control; difference: system minus control, with its 95 % interval;
    learned: the system is not surely better, for the interval reaches zero.
    """

    system: str
    control: str
    direction: str
    metric: str
    score: float
    reached: float
    difference: float
    interval: tuple[float, float]

    @property
    def learned(self) -> bool:
        """Whether the control reaches the system, as far as these queries can tell."""
        return self.interval[0] <= 0

    def sentence(self) -> str:
        """What the report prints below a table."""
        low, high = self.interval
        verdict = (
            'has learned the shortcut'
            if self.learned
            else 'knows more than the control, by a margin that is sure'
        )
        return (
            f'{self.system} {verdict}: {self.direction} {self.metric} {self.score:.3f} against '
            f'{self.reached:.3f} of {self.control} '
            f'(difference {self.difference:+.3f}, 95 % [{low:+.3f}, {high:+.3f}])'
        )


def shortcut(
    system: Sequence[Outcome], control: Sequence[Outcome], metric: str = 'mAP'
) -> ShortcutFinding:
    """Compares the runs of one method with those of a control, one direction at a time.

    The interval is over runs (folds or seeds) where there are several, else over queries.

    Args:
        system: outcomes of one method in one direction, one per run.
        control: outcomes of the control on the same queries, in any order of runs.
        metric: one of which more is better: R@k, mAP or MRR.

    Raises:
        InputError: the two do not hold the same runs and queries of the same direction, or the
            metric is none of these.
    """
    if metric == 'median_rank':
        raise InputError('metric', metric, 'one of which more is better', 'take R@k, mAP or MRR')
    ours, theirs = (sorted(rows, key=lambda o: o.run) for rows in (system, control))
    if not ours or [_question(o) for o in ours] != [_question(o) for o in theirs]:
        raise InputError(
            'runs of the control',
            [o.run for o in theirs],
            f'those of the system, {[o.run for o in ours]}, on the same data and direction',
            'judge both on the same folds',
        )
    pairs = [
        (a.results.per_query(metric), b.results.per_query(metric))
        for a, b in zip(ours, theirs, strict=True)
    ]
    if any(a.shape != b.shape for a, b in pairs):
        raise InputError(
            'queries of the control',
            [len(b) for _, b in pairs],
            f'those of the system, {[len(a) for a, _ in pairs]}',
            'judge both on the same queries',
        )
    differences = [a - b for a, b in pairs]
    per_run = [float(d.mean()) for d in differences]
    several = len(per_run) > 1
    return ShortcutFinding(
        ours[0].method,
        theirs[0].method,
        ours[0].direction,
        metric,
        float(np.mean([a.mean() for a, _ in pairs])),
        float(np.mean([b.mean() for _, b in pairs])),
        float(np.mean(per_run)),
        fold_interval(per_run) if several else bootstrap_interval(differences[0]),
    )


def _question(outcome: Outcome) -> tuple[str, str, str, str, int]:
    return (
        outcome.system,
        outcome.dataset,
        outcome.split,
        outcome.direction,
        outcome.run,
    )
