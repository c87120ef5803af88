# SPDX-License-Identifier: Apache-2.0
"""What another precision may do to a bundle: what is measured, and where the gate closes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from xsense_ros.engines.bundle import Bundle
from xsense_ros.errors import InputError
from xsense_training.export.precision_int8 import Feed

# Least mean, and least of any sample. Vectors: cosine, .99 is about 8 degrees. Boxes: overlap
# (intersection over union); one of several alike things may win where another did.
VECTORS, BOXES = (0.99, 0.95), (0.95, 0.0)
MOST_POINTS_LOST = 1.0


@dataclass(frozen=True)
class Drift:
    """Agreement of answers at two precisions; `what`: 'cosine of image vectors'."""

    what: str
    mean: float
    least: float
    samples: int
    limits: tuple[float, float] = VECTORS


@dataclass(frozen=True)
class Change:
    """How much worse a bundle became: its metric in fp32, and 100 times what is added to that."""

    metric: str
    value: float
    points: float
    queries: int


@dataclass(frozen=True)
class Measured:
    """drift by modality; change by pair, 'image->text'."""

    drift: Mapping[str, Drift]
    change: Mapping[str, Change]

    @property
    def mean(self) -> float:
        """Of the modality that drifts most."""
        return min(one.mean for one in self.drift.values())

    @property
    def least(self) -> float:
        """Of any sample."""
        return min(one.least for one in self.drift.values())

    @property
    def points(self) -> float:
        """Worst change of any pair; 0 where there is no pair."""
        return min((one.points for one in self.change.values()), default=0.0)

    def facts(self) -> dict[str, Any]:
        """As JSON."""
        return {
            'drift': {
                key: {
                    'what': one.what,
                    'mean': round(one.mean, 5),
                    'least': round(one.least, 5),
                    'samples': one.samples,
                }
                for key, one in self.drift.items()
            },
            'change': {
                key: {
                    'metric': one.metric,
                    'in_fp32': round(one.value, 4),
                    'points': round(one.points, 2),
                    'queries': one.queries,
                }
                for key, one in self.change.items()
            },
        }


Answers = TypeVar('Answers')


class Judge(Protocol[Answers]):
    """Real samples, and what can be said of a bundle with them."""

    def feeds(self, bundle: Bundle) -> dict[str, list[Feed]]:
        """What each model of the bundle is fed with, to take the ranges of activations from."""
        ...

    def answers(self, bundle: Bundle) -> Answers:
        """What the bundle makes of other samples, which no range was taken from."""
        ...

    def compare(self, exact: Answers, lower: Answers) -> Measured:
        """Answers in fp32 and at a lower precision."""
        ...


def why_refused(measured: Measured, name: str) -> InputError | None:
    """The gate: what is first beyond its limit; None where all is within.

    Args:
        measured: of the bundle.
        name: of bundle and precision, for the message.
    """
    cure = 'leave the model that suffers in fp32 with --keep MODEL, or ship fp32'
    for drift in measured.drift.values():
        found = zip(('mean', 'least'), (drift.mean, drift.least), drift.limits, strict=True)
        for which, value, limit in found:
            if not value >= limit:  # NaN, too
                return InputError(
                    f'{which} {drift.what} in {name} to fp32 ({drift.samples} samples)',
                    round(value, 5),
                    f'at least {limit}',
                    cure,
                )
    for pair, change in measured.change.items():
        if not change.points >= -MOST_POINTS_LOST:
            return InputError(
                f'{change.metric} of {pair} in {name} ({change.queries} queries, '
                f'{change.value:.3f} in fp32)',
                f'{change.points:+.2f} points',
                f'a loss of at most {MOST_POINTS_LOST}',
                cure,
            )
    return None
