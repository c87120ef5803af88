# SPDX-License-Identifier: Apache-2.0
"""Cluster CCA: canonical correlation between everything seen and everything heard of a class.

Rasiwasia et al. 2014 (AISTATS) pair every row of a class with every row of that class of the other
modality. Zeng, Yu and Oyama 2020 (TOMM, TNN-C-CCA) mix that term with the true pairs:
S12 = beta S12_pairs + (1 - beta) S12_classes. The class term is a sum of one outer product per
class, S12_classes = sum_c (n_c m_c / M) mu_x,c mu_y,c' with M = sum_c n_c m_c, so that nothing is
ever expanded and its rank is at most the number of classes C.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.baselines.closed_form import Affine, Canonical, Spectrum, Standardiser
from xsense_training.baselines.fit import Fit, Score, affine_heads, better, chosen
from xsense_training.baselines.groups import GroupSums, PairSums
from xsense_training.data.samples import Samples

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Rows = NDArray[np.floating]

RANK = 512


def cluster_cca(
    x: Rows,
    x_label: Ints,
    y: Rows,
    y_label: Ints,
    k: int,
    beta: float = 0.2,
    regularisation: float = 1e-4,
    concepts: tuple[Ints, Ints] | None = None,
) -> tuple[Affine, Affine]:
    """The maps of x (N, F) and y (M, G), of any widths, into k dimensions.

    Args:
        x: rows of one modality; not changed, nor is y.
        x_label: class of each row (N,); y_label likewise (M,).
        y: rows of the other modality.
        y_label: class of each row (M,).
        k: dimensions, at most min(F, G); with beta = 0 at most C, the classes of both sides.
            Centring leaves C - 1 of them to carry the classes when these are of equal size.
        beta: share of the true pairs; 1 is CCA, 0 uses classes alone.
        regularisation: share of the mean variance (trace / d) added to every variance.
        concepts: numbers (N,), (M,); rows of equal number are true pairs. Without them, and with
            beta > 0, row i of x and row i of y are a pair.

    Raises:
        InputError: k or beta out of range, no class in common, or no pair where beta > 0.
    """
    statistics = ClusterStatistics()
    statistics.add_x(x, x_label)
    statistics.add_y(y, y_label)
    if beta > 0 and concepts is None:
        if len(x) != len(y) or not np.array_equal(x_label, y_label):
            raise InputError(
                'rows of x and y',
                (len(x), len(y)),
                'pairs, row by row, of equal class',
                'give concepts, or beta = 0',
            )
        concepts = (np.arange(len(x)), np.arange(len(y)))
    if concepts is not None:
        statistics.add_pairs(x, y, concepts)
    return statistics.terms().canonical(beta, regularisation, k).maps(k)


def fit_cluster_cca(
    x: Samples,
    y: Samples,
    score: Score,
    dimensions: Sequence[int] = (4, 8, 16, 32, 64, 128),
    betas: Sequence[float] = (0.0, 0.2, 0.5, 0.8),
    regularisations: Sequence[float] = (1e-2, 0.1, 0.3, 1.0, 3.0),
    powers: Sequence[float] = (0.0, 1.0),
) -> Fit:
    """Cluster CCA with the settings that score best on validation data.

    Features are standardised and worked on in their 512 leading principal directions, which keeps
    a solution at a tenth of a second whatever their width. The number of classes is always among
    the dimensions tried; `betas` above zero are where concepts are shared.

    Raises:
        InputError: no class is common to both.
    """
    statistics = ClusterStatistics()
    statistics.add_x(x.features, x.label)
    statistics.add_y(y.features, y.label)
    statistics.add_pairs(x.features, y.features, (x.concept, y.concept))
    terms = statistics.terms(standardise=True, rank=RANK)
    best: Fit | None = None
    for beta in betas:
        if beta > 0 and terms.of_pairs is None:
            continue
        limit = terms.limit(beta)
        tried = sorted({min(k, limit) for k in (*dimensions, terms.classes)})
        for regularisation in regularisations:
            canonical = terms.canonical(beta, regularisation)
            for power, k in itertools.product(powers, tried):
                heads = affine_heads(x, y, *canonical.maps(k, power))
                settings = {
                    'dimensions': k,
                    'beta': beta,
                    'regularisation': regularisation,
                    'power': power,
                }
                best = better(best, Fit(heads, settings, score(heads)))
    return chosen(best)


class _Moments:
    """Streaming first and second moments of one modality, in float64, shifted by a first mean."""

    def __init__(self) -> None:
        self.shift: Floats = np.zeros(0)
        self.gram = np.zeros((0, 0))
        self.classes: GroupSums | None = None

    def shifted(self, rows: Rows) -> Floats:
        """A new array; a shift near the mean keeps the difference of large sums exact."""
        x = np.asarray(rows, dtype=np.float64)
        if not self.shift.size:
            self.shift = x.mean(axis=0)
            self.gram = np.zeros((x.shape[1], x.shape[1]))
        return x - self.shift

    def add(self, rows: Rows, label: Ints) -> None:
        x = self.shifted(rows)
        self.gram += x.T @ x
        new = GroupSums.of(x, label)
        self.classes = new if self.classes is None else self.classes.plus(new)

    def mean(self) -> tuple[GroupSums, Floats]:
        """Class sums and overall mean (F,), both relative to the shift."""
        if self.classes is None:
            raise InputError('rows', 0, 'rows of both modalities', 'add some before solving')
        return self.classes, self.classes.sums.sum(axis=0) / self.classes.counts.sum()

    def spectrum(self, standardise: bool, rank: int | None) -> Spectrum:
        classes, mean = self.mean()
        count = int(classes.counts.sum())
        covariance = (self.gram - count * np.outer(mean, mean)) / max(count - 1, 1)
        centre = mean + self.shift
        if not standardise:
            return Spectrum.of(Standardiser(centre, np.ones(len(mean))), covariance, rank)
        deviation = np.sqrt(np.maximum(np.diag(covariance), 0))
        scaler = Standardiser.of_deviation(centre, deviation, per_feature=True)
        return Spectrum.of(scaler, covariance / np.outer(scaler.scale, scaler.scale), rank)


class ClusterStatistics:
    """What cluster CCA needs of the data, gathered batch by batch in any order."""

    def __init__(self) -> None:
        self._x, self._y = _Moments(), _Moments()
        self._pairs: PairSums | None = None

    def add_x(self, rows: Rows, label: Ints) -> None:
        """Rows (B, F) of the first modality and their classes (B,)."""
        self._x.add(rows, label)

    def add_y(self, rows: Rows, label: Ints) -> None:
        """Rows (B, G) of the second modality and their classes (B,)."""
        self._y.add(rows, label)

    def add_pairs(self, x: Rows, y: Rows, concepts: tuple[Ints, Ints]) -> None:
        """True pairs: all rows of x (B, F) and y (D, G) whose concepts are equal.

        Their rows are given to `add_x` and `add_y` as well. All rows of a concept belong in one
        call.
        """
        a = GroupSums.of(self._x.shifted(x), concepts[0])
        b = GroupSums.of(self._y.shifted(y), concepts[1])
        new = PairSums.of(a, b)
        self._pairs = new if self._pairs is None else self._pairs.plus(new)

    def terms(self, standardise: bool = False, rank: int | None = None) -> ClusterTerms:
        """The covariances, ready to be solved with any beta and regularisation.

        Args:
            standardise: bring every feature to unit variance first (the published form does not).
            rank: work within the leading principal directions of each side: solving costs their
                number cubed.

        Raises:
            InputError: a modality has no rows, or no class is common to both.
        """
        x, y = self._x.spectrum(standardise, rank), self._y.spectrum(standardise, rank)
        (classes_x, mean_x), (classes_y, mean_y) = self._x.mean(), self._y.mean()
        scales = np.outer(x.scaler.scale, y.scaler.scale)
        classes = PairSums.of(classes_x, classes_y)
        pairs = self._pairs if self._pairs and self._pairs.count else None
        return ClusterTerms(
            x,
            y,
            classes.centred_mean(mean_x, mean_y) / scales,
            None if pairs is None else pairs.centred_mean(mean_x, mean_y, lost=1) / scales,
            classes.groups,
        )


@dataclass(frozen=True)
class ClusterTerms:
    """Spectra of both sides, the cross terms of classes and of true pairs, the classes' number."""

    x: Spectrum
    y: Spectrum
    of_classes: Floats
    of_pairs: Floats | None
    classes: int

    def limit(self, beta: float) -> int:
        """The largest number of dimensions that the cross term can support."""
        limit = min(len(self.x.values), len(self.y.values))
        return min(limit, self.classes) if beta == 0 else limit

    def canonical(self, beta: float, regularisation: float, k: int = 1) -> Canonical:
        """The solution for S12 = beta of_pairs + (1 - beta) of_classes.

        Raises:
            InputError: see `cluster_cca`.
        """
        if not 0 <= beta <= 1:
            raise InputError('beta', beta, 'a share from 0 to 1', 'choose 0.2 to start with')
        if beta > 0 and self.of_pairs is None:
            raise InputError('beta', beta, '0, as there is no true pair', 'set beta to 0')
        limit = self.limit(beta)
        if not 1 <= k <= limit:
            raise InputError(
                'dimensions of cluster CCA',
                k,
                f'1 to {limit}: the rank of the cross term is at most the number of classes',
                'ask for fewer dimensions or mix in true pairs (beta > 0)',
            )
        cross = (1 - beta) * self.of_classes
        if self.of_pairs is not None:
            cross = cross + beta * self.of_pairs
        return Canonical.solve(self.x, self.y, cross, regularisation)
