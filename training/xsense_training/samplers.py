# SPDX-License-Identifier: Apache-2.0
"""Which rows make up a batch."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError

Ints = NDArray[np.int64]


class ClassBalanced:
    """P classes, K samples of each: every class weighs alike, every anchor has positives.

    Source: Hermans et al. 2017 (arXiv 1703.07737), section 2. A class with fewer than K samples
    repeats some.

    Args:
        labels: (N,) class numbers.
        classes_per_batch: P.
        samples_per_class: K.
        names: name of class number 0, 1, ...; each of them must then have samples. Without names
            the classes are those that occur.

    Raises:
        InputError: no samples, an empty class (by name), a label without a name, or fewer than P
            classes.
    """

    def __init__(
        self,
        labels: Ints,
        classes_per_batch: int,
        samples_per_class: int,
        names: Sequence[str] | None = None,
    ) -> None:
        labels = np.asarray(labels)
        if not len(labels):
            raise InputError('labels', 'no samples', 'at least one', 'check the data set')
        order = np.argsort(labels, kind='stable')
        found, starts = np.unique(labels[order], return_index=True)
        rows = np.split(order, starts[1:])
        self.rows_of: dict[int, Ints] = dict(zip(found.tolist(), rows, strict=True))
        if names is not None:
            _require_names(self.rows_of, names)
        if not 0 < classes_per_batch <= len(found):
            raise InputError(
                'classes_per_batch',
                classes_per_batch,
                f'1 to {len(found)}, the classes that have samples',
                'take fewer classes per batch',
            )
        self.classes = found
        self.classes_per_batch, self.samples_per_class = classes_per_batch, samples_per_class

    def choose(self, generator: np.random.Generator) -> Ints:
        """P different classes."""
        return generator.choice(self.classes, self.classes_per_batch, replace=False)

    def draw(self, generator: np.random.Generator, classes: Ints | None = None) -> Ints:
        """Rows (P * K,), grouped by class.

        Args:
            generator: draws the classes and the rows.
            classes: the classes to draw from, in that order (those another modality was given).

        Raises:
            InputError: a given class has no samples.
        """
        drawn = []
        for label in (self.choose(generator) if classes is None else classes).tolist():
            if label not in self.rows_of:
                raise InputError(f'class {label}', 'no samples', 'at least one', 'leave it out')
            rows = self.rows_of[label]
            enough = len(rows) >= self.samples_per_class
            drawn.append(generator.choice(rows, self.samples_per_class, replace=not enough))
        return np.concatenate(drawn)


def _require_names(rows_of: dict[int, Ints], names: Sequence[str]) -> None:
    for label, name in enumerate(names):
        if label not in rows_of:
            raise InputError(
                f'class {name!r}', 'no samples', 'at least one', 'add samples or drop the class'
            )
    unnamed = sorted(set(rows_of) - set(range(len(names))))
    if unnamed:
        raise InputError('labels', unnamed, f'0 to {len(names) - 1}', 'name every class')
