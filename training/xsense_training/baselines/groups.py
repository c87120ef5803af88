# SPDX-License-Identifier: Apache-2.0
"""Sums over all pairs of rows that share a group, without ever forming a pair.

The sum of x_i y_j' over every pair of a group is (sum of x)(sum of y)': a product of two group
sums. A thousand rows against a thousand rows of one class cost one outer product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from xsense_ros.errors import InputError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class GroupSums:
    """Sum and number of rows per group: ids (G,) ascending, sums (G, F), counts (G,)."""

    ids: Ints
    sums: Floats
    counts: Ints

    @classmethod
    def of(cls, rows: NDArray[np.floating], group: Ints) -> GroupSums:
        """Sums of rows (N, F) over equal group numbers (N,)."""
        ids, place = np.unique(np.asarray(group), return_inverse=True)
        ones = (np.ones(len(place)), (place, np.arange(len(place))))
        member = sparse.csr_matrix(ones, shape=(len(ids), len(place)))
        sums = np.asarray(member @ np.asarray(rows, dtype=np.float64))
        return cls(ids, sums, np.bincount(place, minlength=len(ids)))

    def plus(self, other: GroupSums) -> GroupSums:
        """Groups of both, as if their rows had been given at once."""
        ids, place = np.unique(np.concatenate([self.ids, other.ids]), return_inverse=True)
        sums = np.zeros((len(ids), self.sums.shape[1]))
        counts = np.zeros(len(ids), np.int64)
        np.add.at(sums, place, np.concatenate([self.sums, other.sums]))
        np.add.at(counts, place, np.concatenate([self.counts, other.counts]))
        return GroupSums(ids, sums, counts)

    def of_ids(self, ids: Ints) -> GroupSums:
        """The groups asked for, all of which must exist."""
        place = np.searchsorted(self.ids, ids)
        return GroupSums(ids, self.sums[place], self.counts[place])


@dataclass(frozen=True)
class PairSums:
    """Sums over all pairs (i, j) of rows with equal groups.

    cross (F, G): sum of x_i y_j'; x (F,), y (G,): sums of the x_i and of the y_j, each as often as
    it has partners; count: number of pairs; groups: number of groups that both sides have.
    """

    cross: Floats
    x: Floats
    y: Floats
    count: int
    groups: int

    @classmethod
    def of(cls, x: GroupSums, y: GroupSums) -> PairSums:
        """Over the groups that both have; a group of one side alone has no pair."""
        ids = np.intersect1d(x.ids, y.ids)
        a, b = x.of_ids(ids), y.of_ids(ids)
        return cls(
            a.sums.T @ b.sums,
            b.counts @ a.sums,
            a.counts @ b.sums,
            int(a.counts @ b.counts),
            len(ids),
        )

    def plus(self, other: PairSums) -> PairSums:
        """Pairs of both; the groups must differ."""
        return PairSums(
            self.cross + other.cross,
            self.x + other.x,
            self.y + other.y,
            self.count + other.count,
            self.groups + other.groups,
        )

    def centred_mean(self, mean_x: Floats, mean_y: Floats, lost: int = 0) -> Floats:
        """(F, G) sum of (x_i - mean_x)(y_j - mean_y)' over pairs, by their number less `lost`.

        Raises:
            InputError: there is no pair.
        """
        if self.count == 0:
            raise no_pairs()
        total = (
            self.cross
            - np.outer(mean_x, self.y)
            - np.outer(self.x, mean_y)
            + self.count * np.outer(mean_x, mean_y)
        )
        return np.asarray(total / max(self.count - lost, 1))


def partners(group: Ints, others: Ints) -> Ints:
    """(N,) how many of the others (M,) are of each row's group (N,)."""
    ids, counts = np.unique(np.asarray(others), return_counts=True)
    place = np.minimum(np.searchsorted(ids, group), len(ids) - 1)
    return np.where(ids[place] == group, counts[place], 0)


def no_pairs() -> InputError:
    """What to raise where two modalities share nothing."""
    return InputError(
        'pairs of rows',
        0,
        'rows of both modalities that share a concept (or a class, where classes are paired)',
        'number concepts alike in both, or use a method that needs classes only',
    )
