# SPDX-License-Identifier: Apache-2.0
"""What every kind of result offers to rows, tables and stores: rankings, found boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Results(Protocol):
    """What one method answered to a fixed list of queries.

    metrics: names that `per_query` and `value` know; compared: those whose differences are listed
    in a report, the headline first; lower_is_better: those of which less is better; medians: those
    whose value is not the mean of `per_query`.
    """

    metrics: ClassVar[tuple[str, ...]]
    compared: ClassVar[tuple[str, ...]]
    lower_is_better: ClassVar[tuple[str, ...]]
    medians: ClassVar[tuple[str, ...]]

    @property
    def asked(self) -> tuple[int, int]:
        """Queries, and what stands beside them: items of a gallery, searches without a target."""
        ...

    def per_query(self, metric: str) -> Floats:
        """(Q,) values of the metric, in the order of the queries."""
        ...

    def value(self, metric: str) -> float:
        """The metric over all queries; NaN where none of them is about it."""
        ...

    def stored(self) -> tuple[Mapping[str, NDArray[Any]], Mapping[str, Any]]:
        """Arrays by name and plain facts, from which `restored` makes an equal object."""
        ...
