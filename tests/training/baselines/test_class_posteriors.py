"""Class posteriors against scikit-learn's own, and the two ways to compare them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from tests.training.baselines.small_world import embed
from xsense_ros.errors import InputError
from xsense_training.baselines.class_posteriors import (
    PosteriorHead,
    class_logits,
    fit_class_posteriors,
)
from xsense_training.data.samples import Samples


def reference(samples, strength):
    z = samples.features.astype(float)
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    model = LogisticRegression(C=strength, max_iter=300, tol=1e-3).fit(z, samples.label)
    return model.predict_proba(z)


@pytest.mark.parametrize('classes', [2, 6])
def test_posteriors_are_scikit_learns(train, classes):
    x = train[0].take(train[0].label < classes)
    head = PosteriorHead(class_logits(x, np.arange(classes), [0.1])[0])
    expected = reference(x, 0.1)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    assert np.allclose(embed(head, x.features), expected, atol=2e-3)


def test_cosine_of_centred_logits_is_the_correlation_of_log_posteriors(train):
    x = train[0]
    vectors = class_logits(x, np.arange(6), [0.1])[0](x.features)
    expected = np.corrcoef(np.log(reference(x, 0.1)))
    assert np.allclose(vectors @ vectors.T, expected, atol=0.01)


def test_it_needs_classes_but_no_pair(train, score):
    x, y = train
    apart = Samples(y.modality, y.features, y.label, y.concept + 1000).take(np.arange(90))
    fit = fit_class_posteriors(x, apart, score, (0.01, 0.1))
    assert fit.score == score(fit.heads) > 0.8
    assert fit.settings['vectors'] in ('posterior', 'log-posterior')
    with pytest.raises(InputError, match='classes in common'):
        fit_class_posteriors(x, apart.take(apart.label == 0), score)


def test_classes_of_one_side_alone_are_left_out(train, score):
    x, y = train
    fit = fit_class_posteriors(x, y.take(y.label < 4), score, (0.1,))
    assert embed(fit.heads['image'], x.features).shape[1] == 4
