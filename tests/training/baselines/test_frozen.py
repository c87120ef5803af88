"""Standardised features against their definition."""

from __future__ import annotations

import numpy as np
import pytest

from tests.training.baselines.small_world import embed, retrieval_score, world
from xsense_ros.errors import InputError
from xsense_training.baselines.frozen import fit_standardised
from xsense_training.data.samples import Samples


def shifted(samples):
    """The same features under another network: every one moved and stretched."""
    scale = np.linspace(0.2, 5, samples.features.shape[1])
    features = (samples.features * scale - 40).astype(np.float32)
    return Samples('line', features, samples.label, samples.concept)


def test_a_shift_between_modalities_is_taken_out():
    train, _ = world()
    test, _ = world(seed=1, rows=120)
    fit = fit_standardised(train, shifted(train), retrieval_score(test, shifted(test)))
    assert fit.score == 1.0 and fit.settings == {'per_feature': True}
    x = train.features.astype(float)
    expected = (test.features - x.mean(axis=0)) / x.std(axis=0)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(embed(fit.heads['image'], test.features), expected, atol=1e-4)


def test_widths_must_agree(train, score):
    with pytest.raises(InputError, match='equal widths'):
        fit_standardised(*train, score)
