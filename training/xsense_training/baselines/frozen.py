# SPDX-License-Identifier: Apache-2.0
"""Frozen features compared as they are, each modality brought to zero mean and unit variance.

Nothing is learned but means and variances. Where line art and photographs go through the same
network, most of what separates them is a shift of every feature; this takes it out.
"""

from __future__ import annotations

from torch import nn

from xsense_ros.errors import InputError
from xsense_training.baselines.closed_form import Standardiser
from xsense_training.baselines.fit import Fit, Score, better, chosen
from xsense_training.data.samples import Samples
from xsense_training.models.heads import L2Normalise
from xsense_training.models.standardise import Standardise


def fit_standardised(x: Samples, y: Samples, score: Score) -> Fit:
    """Cosine of standardised features; per feature or with one common scale, as scores better.

    Raises:
        InputError: the features of the two modalities differ in width.
    """
    widths = (x.features.shape[1], y.features.shape[1])
    if widths[0] != widths[1]:
        raise InputError(
            'widths of the features',
            widths,
            'equal widths, as of one trunk for both modalities',
            'use a method that learns a map, such as CCA',
        )
    best: Fit | None = None
    for per_feature in (True, False):
        heads: dict[str, nn.Module] = {}
        for samples in (x, y):
            scaler = Standardiser.fit(samples.features, per_feature)
            layer = Standardise(scaler.mean, scaler.scale)
            heads[samples.modality] = nn.Sequential(layer, L2Normalise())
        best = better(best, Fit(heads, {'per_feature': per_feature}, score(heads)))
    return chosen(best)
