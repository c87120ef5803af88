# SPDX-License-Identifier: Apache-2.0
"""Closed-form cross-modal baselines on frozen features: regularised CCA and ridge regression.

Both end as affine maps, y = W x + b, so either ships as one Gemm with L2 normalisation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """y = W x + b. weight (D, F), bias (D,)."""

    weight: Floats
    bias: Floats

    def __call__(self, features: NDArray[np.floating]) -> Floats:
        """(N, F) -> (N, D) unit rows."""
        y = np.asarray(features @ self.weight.T + self.bias, dtype=np.float64)
        return np.asarray(y / np.maximum(np.linalg.norm(y, axis=1, keepdims=True), 1e-12))


@dataclass(frozen=True)
class Standardiser:
    """Mean and scale of features, each (F,). Constant features keep scale one."""

    mean: Floats
    scale: Floats

    @classmethod
    def fit(cls, features: NDArray[np.floating], per_feature: bool = True) -> Standardiser:
        """Statistics of (N, F); one common scale where `per_feature` is off."""
        x = np.asarray(features, dtype=np.float64)
        scale = x.std(axis=0) if per_feature else np.full(x.shape[1], x.std(axis=0).mean())
        return cls(x.mean(axis=0), np.where(scale > 1e-8, scale, 1.0))

    def __call__(self, features: NDArray[np.floating]) -> Floats:
        """(N, F) -> (N, F)."""
        return (np.asarray(features, dtype=np.float64) - self.mean) / self.scale

    def fold(self, weight: Floats, bias: Floats | None = None) -> Affine:
        """The affine map on raw features that equals weight @ standardised (+ bias)."""
        raw = weight / self.scale
        offset = -raw @ self.mean
        return Affine(raw, offset if bias is None else offset + bias)


class PairedStatistics:
    """Covariances of paired rows x (N, F), y (N, G) and their eigenvectors, computed once.

    Any number of regularised solutions can then be read off cheaply.
    """

    def __init__(self, x: NDArray[np.floating], y: NDArray[np.floating]) -> None:
        self.scale_x, self.scale_y = Standardiser.fit(x), Standardiser.fit(y)
        self.common_y = Standardiser.fit(y, per_feature=False)
        a, b = self.scale_x(x), self.scale_y(y)
        n = len(a)
        self.values_x, self.vectors_x = np.linalg.eigh(a.T @ a / n)
        self.values_y, self.vectors_y = np.linalg.eigh(b.T @ b / n)
        self.cross = a.T @ b / n
        # Regression targets keep the relative size of their features.
        self.cross_common = a.T @ self.common_y(y) / n

    def cca(
        self, dimensions: int, regularisation: float, power: float = 1.0
    ) -> tuple[Affine, Affine]:
        """Canonical correlation analysis.

        With S11, S22 the covariances plus `regularisation` times their mean variance on the
        diagonal, T = S11^-1/2 S12 S22^-1/2 = U D V'; the maps are A = S11^-1/2 U_k D^power and
        likewise for y (Hotelling 1936; weighting by D^power follows Gong et al. 2014).

        Args:
            dimensions: k, at most min(F, G).
            regularisation: share of the mean variance added to every variance.
            power: exponent of the canonical correlations that weight the dimensions.
        """
        root_x = _inverse_root(self.values_x, self.vectors_x, regularisation)
        root_y = _inverse_root(self.values_y, self.vectors_y, regularisation)
        u, d, vt = np.linalg.svd(root_x @ self.cross @ root_y, full_matrices=False)
        k = min(dimensions, len(d))
        weights = np.clip(d[:k], 0, 1) ** power
        return (
            self.scale_x.fold((root_x @ u[:, :k] * weights).T),
            self.scale_y.fold((root_y @ vt[:k].T * weights).T),
        )

    def ridge(self, regularisation: float) -> tuple[Affine, Affine]:
        """Linear regression of y on x; retrieval happens in the space of y.

        Returns the map of x into y's centred space, and y's own centring as a map.

        Args:
            regularisation: the ridge as a share of the variance of standardised x.
        """
        values = np.maximum(self.values_x, 0) + regularisation
        solved = self.vectors_x @ ((self.vectors_x.T @ self.cross_common) / values[:, None])
        return (
            self.scale_x.fold(solved.T),
            self.common_y.fold(np.eye(self.cross_common.shape[1])),
        )


def _inverse_root(values: Floats, vectors: Floats, regularisation: float) -> Floats:
    """(S + r mean(diagonal) I)^-1/2 from the eigenvectors of S."""
    lifted = np.maximum(values, 0) + regularisation * max(float(values.mean()), 1e-12)
    return np.asarray((vectors / np.sqrt(lifted)) @ vectors.T)
