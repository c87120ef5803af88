# SPDX-License-Identifier: Apache-2.0
"""Generalised CCA: with two modalities it is CCA; with three it finds what all of them share."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.baselines.closed_form import PairedStatistics
from xsense_training.baselines.generalised_cca import fit_generalised_cca, generalised_cca
from xsense_training.data.samples import Samples


def made(modality: str, width: int, seed: int, concepts: int = 40, each: int = 3) -> Samples:
    """Rows that tell three shared numbers of their concept, mixed and with noise."""
    rng = np.random.default_rng(seed)
    shared = np.random.default_rng(0).normal(size=(concepts, 3))
    concept = np.repeat(np.arange(concepts), each)
    rows = shared[concept] @ rng.normal(size=(3, width))
    rows = rows + 0.3 * rng.normal(size=rows.shape)
    return Samples(modality, rows, concept, concept)


def test_two_modalities_give_the_canonical_correlations() -> None:
    x, y = made('image', 6, 1), made('touch', 5, 2)
    _, strength = generalised_cca([x, y], 0.1)
    paired = PairedStatistics(x.features, y.features, (x.concept, y.concept))
    assert np.allclose(strength[:5], paired.canonical(0.1).correlations[:5], atol=1e-8)


def test_three_modalities_meet_in_one_space() -> None:
    samples = [made('image', 6, 1), made('touch', 5, 2), made('impact', 7, 3)]
    maps, strength = generalised_cca(samples, 0.1)
    assert (np.diff(strength) <= 1e-12).all() and strength[0] <= 1 + 1e-9
    vectors = [m.first(3)(s.features) for m, s in zip(maps, samples, strict=True)]
    for i, j in ((0, 1), (0, 2), (1, 2)):
        cosine = vectors[i] @ vectors[j].T
        same = samples[i].concept[:, None] == samples[j].concept[None]
        assert cosine[same].mean() > cosine[~same].mean() + 0.5


def test_settings_are_those_that_validate_best() -> None:
    samples = [made('image', 6, 1), made('touch', 5, 2)]
    tried: list[float] = []

    def score(heads: object) -> float:
        tried.append(float(len(tried) % 4))
        return tried[-1]

    assert fit_generalised_cca(samples, score, (2,)).score == max(tried)


def test_nothing_in_common_is_refused() -> None:
    x, y = made('image', 6, 1), made('touch', 5, 2)
    far = Samples('touch', y.features, y.label + 100, y.concept + 100)
    with pytest.raises(InputError):
        generalised_cca([x, far], 0.1)
