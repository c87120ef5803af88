"""PLSCA against scikit-learn on the raw rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cross_decomposition import PLSCanonical

from xsense_ros.errors import InputError
from xsense_training.baselines.plsca import fit_plsca, plsca
from xsense_training.data.samples import Samples


def test_the_folded_map_is_scikit_learns_transform(train):
    x, y = (samples.features.astype(float) for samples in train)
    maps = plsca(x, y, 4)
    expected = PLSCanonical(4, tol=1e-9).fit(x, y).transform(x, y)
    for rows, affine, theirs in zip((x, y), maps, expected, strict=True):
        ours = rows @ affine.weight.T + affine.bias
        # It divides by the deviation over n - 1, we by that over n: one common factor.
        assert np.allclose(np.abs(ours * np.sqrt(1 - 1 / len(x))), np.abs(theirs), atol=2e-3)


def test_leading_dimensions_are_the_smaller_solution(train):
    x, y = (samples.features for samples in train)
    for large, small in zip(plsca(x, y, 5), plsca(x, y, 2), strict=True):
        assert np.allclose(large.first(2).weight, small.weight, atol=1e-6)


def test_dimensions_are_chosen_and_pairs_thinned(train, score):
    x, y = train
    fit = fit_plsca(x, y, score, (1, 7), most_pairs=150)
    assert fit.score == score(fit.heads) > 0.5
    assert fit.settings['dimensions'] == 7


def test_it_needs_pairs(train, score):
    x, y = train
    apart = Samples(y.modality, y.features, y.label, y.concept + 1000)
    with pytest.raises(InputError, match='share a concept'):
        fit_plsca(x, apart, score)
