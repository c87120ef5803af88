# SPDX-License-Identifier: Apache-2.0
"""Two classifiers that never met: a sample is described by its class posteriors.

Semantic matching of Rasiwasia et al. 2010: one multinomial logistic regression (scikit-learn's)
per modality, fitted separately; equal posteriors mean equal things. It needs no pair at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from xsense_ros.errors import InputError
from xsense_training.baselines.closed_form import Affine, Spectrum, Standardiser
from xsense_training.baselines.fit import Fit, Score, affine_heads, better, chosen
from xsense_training.baselines.groups import Ints
from xsense_training.data.samples import Samples
from xsense_training.models.heads import L2Normalise

RANK = 256


class PosteriorHead(nn.Module):
    """p = softmax(W x + b) at unit length: (B, F) -> (B, C)."""

    def __init__(self, logits: Affine) -> None:
        super().__init__()
        self.linear = nn.Linear(logits.weight.shape[1], logits.weight.shape[0])
        with torch.no_grad():
            self.linear.weight.copy_(torch.as_tensor(logits.weight, dtype=torch.float32))
            self.linear.bias.copy_(torch.as_tensor(logits.bias, dtype=torch.float32))
        self.normalise = L2Normalise()

    def forward(self, features: Tensor) -> Tensor:
        """(B, F) -> (B, C) unit vectors."""
        return cast(Tensor, self.normalise(self.linear(features).softmax(dim=-1)))


def class_logits(samples: Samples, classes: Ints, strengths: Sequence[float]) -> list[Affine]:
    """Logistic regression per inverse regularisation strength, as maps to logits (C, F).

    Logits are centred over the classes, which leaves posteriors as they are and makes the cosine
    of two rows the correlation of their log-posteriors. Features are standardised and reduced to
    their 256 leading principal directions: seconds instead of minutes.
    """
    known = samples.take(np.isin(samples.label, classes))
    scaler = Standardiser.fit(known.features)
    z = scaler(known.features)
    vectors = Spectrum.of(scaler, z.T @ z / len(z), RANK).vectors
    found = []
    for strength in strengths:
        model = LogisticRegression(C=strength, max_iter=300, tol=1e-3)
        model.fit(z @ vectors, known.label)
        weight, bias = model.coef_, model.intercept_
        if len(weight) == 1:  # two classes: scikit-learn keeps the difference alone
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        weight, bias = weight - weight.mean(axis=0), bias - bias.mean()
        found.append(scaler.fold(weight @ vectors.T, bias))
    return found


def fit_class_posteriors(
    x: Samples, y: Samples, score: Score, strengths: Sequence[float] = (1e-3, 1e-2, 0.1, 1.0)
) -> Fit:
    """Cosine of posteriors or correlation of log-posteriors, whichever validates better.

    Classes are those that both modalities have; the regularisation of each side is chosen freely.

    Raises:
        InputError: fewer than two classes in common.
    """
    classes = np.intersect1d(x.label, y.label)
    if len(classes) < 2:
        raise InputError(
            'classes in common',
            len(classes),
            'two or more',
            'give both modalities samples of the same classes',
        )
    logits_x = class_logits(x, classes, strengths)
    logits_y = class_logits(y, classes, strengths)
    best: Fit | None = None
    for (i, a), (j, b) in itertools.product(enumerate(logits_x), enumerate(logits_y)):
        posteriors = {x.modality: PosteriorHead(a), y.modality: PosteriorHead(b)}
        for form, heads in (
            ('posterior', posteriors),
            ('log-posterior', affine_heads(x, y, a, b)),
        ):
            settings = {
                f'strength of {x.modality}': strengths[i],
                f'strength of {y.modality}': strengths[j],
                'vectors': form,
            }
            best = better(best, Fit(heads, settings, score(heads)))
    return chosen(best)
