# SPDX-License-Identifier: Apache-2.0
"""Closed-form cross-modal baselines on frozen features: regularised CCA and ridge regression.

Both end as affine maps, y = W x + b, so either ships as one Gemm with L2 normalisation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xsense_ros.errors import InputError
from xsense_training.baselines.groups import GroupSums, PairSums, no_pairs, partners

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FLOOR = 1e-10  # of the largest eigenvalue: below it a variance is rounding


@dataclass(frozen=True)
class Affine:
    """y = W x + b. weight (D, F), bias (D,)."""

    weight: Floats
    bias: Floats

    def __call__(self, features: NDArray[np.floating]) -> Floats:
        """(N, F) -> (N, D) unit rows."""
        y = np.asarray(features @ self.weight.T + self.bias, dtype=np.float64)
        return np.asarray(y / np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-12))

    def first(self, dimensions: int) -> Affine:
        """The leading dimensions alone."""
        return Affine(self.weight[:dimensions], self.bias[:dimensions])


@dataclass(frozen=True)
class Standardiser:
    """Mean and scale of features, each (F,). Constant features keep scale one."""

    mean: Floats
    scale: Floats

    @classmethod
    def fit(
        cls,
        features: NDArray[np.floating],
        per_feature: bool = True,
        weights: NDArray[np.integer] | None = None,
    ) -> Standardiser:
        """Statistics of (N, F), rows counted `weights` (N,) times.

        One common scale where `per_feature` is off.
        """
        x = np.asarray(features, dtype=np.float64)
        mean = np.average(x, axis=0, weights=weights)
        deviation = np.sqrt(np.average((x - mean) ** 2, axis=0, weights=weights))
        return cls.of_deviation(mean, deviation, per_feature)

    @classmethod
    def of_deviation(cls, mean: Floats, deviation: Floats, per_feature: bool) -> Standardiser:
        """From the mean (F,) and standard deviation (F,) of the features."""
        scale = deviation if per_feature else np.full(len(mean), deviation.mean())
        return cls(mean, np.where(scale > 1e-8, scale, 1.0))

    def __call__(self, features: NDArray[np.floating]) -> Floats:
        """(N, F) -> (N, F)."""
        return (np.asarray(features, dtype=np.float64) - self.mean) / self.scale

    def fold(self, weight: Floats, bias: Floats | None = None) -> Affine:
        """The affine map on raw features that equals weight @ standardised (+ bias)."""
        raw = weight / self.scale
        offset = -raw @ self.mean
        return Affine(raw, offset if bias is None else offset + bias)


@dataclass(frozen=True)
class Spectrum:
    """Eigenvalues (K,) and eigenvectors (F, K) of the covariance of standardised features."""

    scaler: Standardiser
    values: Floats
    vectors: Floats
    mean_variance: float

    @classmethod
    def of(cls, scaler: Standardiser, covariance: Floats, rank: int | None = None) -> Spectrum:
        """Of a covariance (F, F); only the `rank` principal directions where that is given."""
        values, vectors = np.linalg.eigh(covariance)  # symmetric: real values, never complex
        keep = slice(None) if rank is None else slice(max(len(values) - rank, 0), None)
        return cls(scaler, values[keep], vectors[:, keep], float(values.mean()))

    def whitening(self, regularisation: float) -> Floats:
        """(F, K) W with W'(S + r mean-variance I) W = I."""
        lifted = np.maximum(self.values, 0) + regularisation * max(self.mean_variance, 1e-12)
        floor = max(FLOOR * float(lifted.max()), 1e-300)
        return np.asarray(self.vectors / np.sqrt(np.maximum(lifted, floor)))


@dataclass(frozen=True)
class Canonical:
    """Canonical directions of standardised features, strongest first.

    x (F, K), y (G, K): directions; correlations (K,) between them.
    """

    scaler_x: Standardiser
    scaler_y: Standardiser
    x: Floats
    y: Floats
    correlations: Floats

    @classmethod
    def solve(cls, x: Spectrum, y: Spectrum, cross: Floats, regularisation: float) -> Canonical:
        """Of cross-covariance S12 (F, G).

        With S11, S22 the covariances plus `regularisation` times their mean variance on the
        diagonal, T = S11^-1/2 S12 S22^-1/2 = U D V'; A = S11^-1/2 U, B = S22^-1/2 V (Hotelling
        1936). T is formed in the eigenvectors' coordinates, which leaves A and B as they are.
        """
        white_x, white_y = x.whitening(regularisation), y.whitening(regularisation)
        u, d, vt = np.linalg.svd(white_x.T @ cross @ white_y, full_matrices=False)
        return cls(x.scaler, y.scaler, white_x @ u, white_y @ vt.T, d)

    def maps(self, dimensions: int, power: float = 0.0) -> tuple[Affine, Affine]:
        """The leading `dimensions`, weighted by correlation^power (Gong et al. 2014)."""
        weights = np.clip(self.correlations[:dimensions], 0, 1) ** power
        return (
            self.scaler_x.fold((self.x[:, :dimensions] * weights).T),
            self.scaler_y.fold((self.y[:, :dimensions] * weights).T),
        )


class PairedStatistics:
    """Covariances of paired rows x (N, F), y (N, G) and their eigenvectors, computed once.

    Any number of regularised solutions can then be read off cheaply.

    Args:
        x: (N, F).
        y: (M, G); row i is the partner of row i of x unless groups are given.
        groups: group numbers (N,) and (M,); rows of equal group are pairs, every one with every
            one. The result equals that of the expanded list of pairs, which is never formed.

    Raises:
        InputError: no group has rows on both sides, or rows without groups differ in number.
    """

    def __init__(
        self,
        x: NDArray[np.floating],
        y: NDArray[np.floating],
        groups: tuple[Ints, Ints] | None = None,
    ) -> None:
        if groups is None:
            if len(x) != len(y):
                raise InputError(
                    'paired rows', (len(x), len(y)), 'as many rows of x as of y', 'give groups'
                )
            weights_x = weights_y = np.ones(len(x), np.int64)
        else:
            weights_x, weights_y = partners(*groups), partners(*groups[::-1])
            if not weights_x.any():
                raise no_pairs()
        self.scale_x = Standardiser.fit(x, weights=weights_x)
        self.scale_y = Standardiser.fit(y, weights=weights_y)
        a, b = self.scale_x(x), self.scale_y(y)
        n = int(weights_x.sum())
        self.x = Spectrum.of(self.scale_x, (a * weights_x[:, None]).T @ a / n)
        self.y = Spectrum.of(self.scale_y, (b * weights_y[:, None]).T @ b / n)
        if groups is None:
            self.cross = a.T @ b / n
        else:
            sums = PairSums.of(GroupSums.of(a, groups[0]), GroupSums.of(b, groups[1]))
            self.cross = sums.cross / n

    def canonical(self, regularisation: float) -> Canonical:
        """Canonical correlation analysis; `regularisation` as in `Canonical.solve`."""
        return Canonical.solve(self.x, self.y, self.cross, regularisation)

    def ridge(self, regularisation: float, onto_y: bool = True) -> tuple[Affine, Affine]:
        """Linear regression of y on x (of x on y); retrieval happens in the space of the target.

        Returns the maps of x and of y: one is the regression, the other the target's own
        centring. Targets keep the relative size of their features.

        Args:
            regularisation: the ridge as a share of the variance of the standardised input.
            onto_y: the target.
        """
        if not onto_y:
            x, y = _ridge(self.y, self.x.scaler, self.cross.T, regularisation)
            return y, x
        return _ridge(self.x, self.y.scaler, self.cross, regularisation)


def _ridge(
    source: Spectrum, target: Standardiser, cross: Floats, regularisation: float
) -> tuple[Affine, Affine]:
    common = Standardiser.of_deviation(target.mean, target.scale, per_feature=False)
    values = np.maximum(source.values, 0) + regularisation
    sizes = target.scale / common.scale
    solved = source.vectors @ ((source.vectors.T @ (cross * sizes)) / values[:, None])
    return source.scaler.fold(solved.T), common.fold(np.eye(cross.shape[1]))
