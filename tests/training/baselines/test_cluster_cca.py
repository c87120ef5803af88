"""Cluster CCA against the expansion of every pair, and the bugs that it was known for."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.baselines.closed_form import PairedStatistics
from xsense_training.baselines.cluster_cca import (
    ClusterStatistics,
    cluster_cca,
    fit_cluster_cca,
)


@pytest.fixture
def uneven():
    """Classes of different sizes on both sides, 5 against 3 features, rows not paired."""
    rng = np.random.default_rng(0)
    x_label, y_label = rng.integers(0, 4, 30), rng.integers(0, 4, 23)
    x = rng.standard_normal((30, 5)) + x_label[:, None]
    y = rng.standard_normal((23, 3)) - np.eye(4)[y_label, :3] * 2
    return x, x_label, y, y_label


def inverse_root(covariance, regularisation):
    d = len(covariance)
    lifted = covariance + regularisation * np.trace(covariance) / d * np.eye(d)
    values, vectors = np.linalg.eigh(lifted)
    return vectors @ np.diag(values**-0.5) @ vectors.T


def naive(x, x_label, y, y_label, k, beta, regularisation, pairs):
    """The definition, one pair of rows at a time."""
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    within = np.zeros((x.shape[1], y.shape[1]))
    count = 0
    for i in range(len(a)):
        for j in range(len(b)):
            if x_label[i] == y_label[j]:
                within += np.outer(a[i], b[j])
                count += 1
    cross = (1 - beta) * within / count
    if pairs:
        cross += beta * sum(np.outer(a[i], b[j]) for i, j in pairs) / (len(pairs) - 1)
    roots = [inverse_root(np.cov(rows.T), regularisation) for rows in (x, y)]
    u, _, vt = np.linalg.svd(roots[0] @ cross @ roots[1])
    return a @ roots[0] @ u[:, :k], b @ roots[1] @ vt[:k].T


def same_up_to_sign(ours, expected):
    signs = np.sign(np.sum(ours[0] * expected[0], axis=0))
    return all(np.allclose(o * signs, e, atol=1e-8) for o, e in zip(ours, expected, strict=True))


def project(maps, x, y):
    return [rows @ m.weight.T + m.bias for m, rows in zip(maps, (x, y), strict=True)]


def test_equals_the_expansion_of_all_pairs_within_classes(uneven):
    x, x_label, y, y_label = uneven
    maps = cluster_cca(x, x_label, y, y_label, 2, 0.0, 1e-4)
    expected = naive(x, x_label, y, y_label, 2, 0.0, 1e-4, [])
    assert same_up_to_sign(project(maps, x, y), expected)


@pytest.mark.parametrize('beta', [0.2, 1.0])
def test_equals_the_expansion_with_true_pairs_mixed_in(uneven, beta):
    x, x_label, y, y_label = uneven
    concepts = np.arange(30) // 2, np.arange(23) // 2 + 3
    pairs = [(i, j) for i in range(30) for j in range(23) if concepts[0][i] == concepts[1][j]]
    maps = cluster_cca(x, x_label, y, y_label, 3, beta, 0.1, concepts)
    expected = naive(x, x_label, y, y_label, 3, beta, 0.1, pairs)
    assert same_up_to_sign(project(maps, x, y), expected)


def test_without_classes_it_is_cca(train):
    x, y = (s.features.astype(float) for s in train)
    # CCA itself works on standardised features: give both methods the same.
    x, y = (x - x.mean(axis=0)) / x.std(axis=0), (y - y.mean(axis=0)) / y.std(axis=0)
    ours = project(cluster_cca(x, train[0].label, y, train[1].label, 7, 1.0, 0.1), x, y)
    expected = project(PairedStatistics(x, y).canonical(0.1).maps(7), x, y)
    scale = np.sqrt((len(x) - 1) / len(x))  # variances over n - 1 here and over n there
    assert same_up_to_sign(ours, [scale * e for e in expected])


def test_the_classes_are_really_used(train):
    """An early implementation took plain CCA whatever beta was."""
    x, y = train
    noisy = np.random.default_rng(0).permutation(x.label)
    arguments = (x.features, noisy, y.features, noisy, 5)
    pairs, mixed, classes = (cluster_cca(*arguments, beta)[0](x.features) for beta in (1, 0.2, 0))
    for a, b in ((pairs, mixed), (mixed, classes), (pairs, classes)):
        assert np.abs(a @ a.T - b @ b.T).max() > 0.1


def test_every_row_of_a_class_counts(uneven):
    """A mask of integers would take the first two rows over and over."""
    x, x_label, y, y_label = uneven
    before = cluster_cca(x, x_label, y, y_label, 2, 0.0, 1e-4)[1].weight
    for row in range(len(x)):
        moved = x.copy()
        moved[row] += 5
        after = cluster_cca(moved, x_label, y, y_label, 2, 0.0, 1e-4)[1].weight
        assert not np.allclose(np.abs(after), np.abs(before))


def test_inputs_stay_as_they_are(uneven):
    copies = [values.copy() for values in uneven]
    for values in uneven:
        values.flags.writeable = False
    cluster_cca(*uneven, 2, 0.0)
    assert all(np.array_equal(a, b) for a, b in zip(uneven, copies, strict=True))


def test_batches_in_any_order_give_the_same(uneven):
    x, x_label, y, y_label = uneven
    concepts = np.arange(30) // 2, np.arange(23) // 2
    statistics = ClusterStatistics()
    for start in (20, 0, 10):
        rows = slice(start, start + 10)
        statistics.add_y(y[rows], y_label[rows])
        statistics.add_x(1000 + x[rows], x_label[rows])
        statistics.add_pairs(1000 + x[rows], y[rows], (concepts[0][rows], concepts[1][rows]))
    maps = statistics.terms().canonical(0.3, 0.1, 3).maps(3)
    whole = cluster_cca(x, x_label, y, y_label, 3, 0.3, 0.1, concepts)
    assert same_up_to_sign(project(maps, x + 1000, y), project(whole, x, y))


def test_dependent_features_give_finite_real_maps(uneven):
    """Eigenvalues of a singular covariance may come out below zero: never a complex root."""
    x, x_label, y, y_label = uneven
    x = np.concatenate([x, x[:, :3], np.zeros((30, 2))], axis=1)
    for maps in cluster_cca(x, x_label, y, y_label, 3, 0.0, 0.0):
        assert maps.weight.dtype == np.float64
        assert np.isfinite(maps.weight).all()


def test_more_dimensions_than_classes_need_pairs(uneven):
    x, x_label, y, y_label = uneven
    two = x_label % 2, y_label % 2
    with pytest.raises(InputError, match='number of classes'):
        cluster_cca(x, two[0], y, two[1], 3, 0.0)


@pytest.mark.parametrize(
    ('change', 'message'),
    [({'beta': 1.5}, 'beta'), ({'beta': 0.2}, 'concepts'), ({'k': 4}, 'dimensions')],
)
def test_what_cannot_be_is_refused(uneven, change, message):
    with pytest.raises(InputError, match=message):
        cluster_cca(*uneven, **({'k': 2, 'beta': 0.0} | change))


def test_no_class_in_common_is_refused(uneven):
    x, x_label, y, y_label = uneven
    with pytest.raises(InputError, match='share a concept'):
        cluster_cca(x, x_label, y, y_label + 10, 2, 0.0)


def test_settings_are_chosen_on_validation(train, score):
    x, y = train
    fit = fit_cluster_cca(x, y, score)
    assert fit.score == score(fit.heads) > 0.8
    assert fit.settings['dimensions'] <= 7
    apart = fit_cluster_cca(x, y.take(np.arange(100)[::-1]), score)
    assert apart.score > 0.7
