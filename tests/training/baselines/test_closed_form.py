# SPDX-License-Identifier: Apache-2.0
"""CCA and ridge against their definitions."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_training.baselines.closed_form import PairedStatistics, Standardiser
from xsense_training.baselines.linear import Pairs, choose_cca, choose_ridge, regress_into


@pytest.fixture(scope='module')
def related():
    """Two views of a 3-d latent, of different sizes."""
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((400, 3))
    x = latent @ rng.standard_normal((3, 8)) + 0.3 * rng.standard_normal((400, 8)) + 5
    y = latent @ rng.standard_normal((3, 6)) + 0.3 * rng.standard_normal((400, 6)) - 2
    return x, y


def test_canonical_directions_have_the_largest_correlations(related):
    x, y = related
    a, b = PairedStatistics(x, y).canonical(1e-9).maps(6, power=0.0)
    u, v = x @ a.weight.T + a.bias, y @ b.weight.T + b.bias
    ours = [np.corrcoef(u[:, i], v[:, i])[0, 1] for i in range(6)]
    # Definition: singular values of Qx' Qy of orthonormal bases of the centred data.
    qx, _ = np.linalg.qr(x - x.mean(axis=0))
    qy, _ = np.linalg.qr(y - y.mean(axis=0))
    assert ours == pytest.approx(np.linalg.svd(qx.T @ qy, compute_uv=False), abs=1e-6)
    assert np.allclose(np.cov(u.T), np.eye(6), atol=0.01)


def test_powers_weight_the_dimensions(related):
    x, y = related
    flat, _ = PairedStatistics(x, y).canonical(0.1).maps(6, power=0.0)
    steep, _ = PairedStatistics(x, y).canonical(0.1).maps(6, power=1.0)
    ratio = np.linalg.norm(steep.weight, axis=1) / np.linalg.norm(flat.weight, axis=1)
    assert np.all(np.diff(ratio) < 0) and ratio[0] <= 1


def test_ridge_solves_the_normal_equations(related):
    x, y = related
    a, b = PairedStatistics(x, y).ridge(0.1)
    s, t = Standardiser.fit(x)(x), Standardiser.fit(y, per_feature=False)(y)
    expected = np.linalg.solve(s.T @ s + 0.1 * len(s) * np.eye(8), s.T @ t)
    assert np.allclose(x @ a.weight.T + a.bias, s @ expected, atol=1e-8)
    assert np.allclose(y @ b.weight.T + b.bias, t)


def test_primal_and_dual_regression_agree(related):
    x, y = related
    weights = np.linspace(0.5, 2, len(x))
    wide = np.concatenate([x, np.tile(x, 60)], axis=1)  # more features than rows: dual form
    unit = y / np.linalg.norm(y, axis=1, keepdims=True)
    dual = regress_into(wide, unit, 0.1, weights)
    s = Standardiser.fit(wide)(wide)
    centre = np.average(unit, axis=0, weights=weights)
    w = weights / weights.mean()
    primal = np.linalg.solve(
        (s * w[:, None]).T @ s + 0.1 * len(s) * np.eye(s.shape[1]),
        (s * w[:, None]).T @ (unit - centre),
    )
    found = wide @ dual.weight.T + dual.bias
    assert np.allclose(found, s @ primal + centre, atol=1e-6)


def test_the_best_settings_are_chosen_by_the_score(related):
    x, y = related

    def score(a, b):
        return float(np.mean(np.sum(a(x) * b(y), axis=1)))

    pairs = Pairs(x, y)
    choice = choose_cca(pairs, score, (2, 4), (0.1, 1.0), (0.0, 1.0))
    assert choice.score == pytest.approx(score(choice.x, choice.y))
    for k in (2, 4):
        for r in (0.1, 1.0):
            for p in (0.0, 1.0):
                assert (
                    score(*PairedStatistics(x, y).canonical(r).maps(k, p)) <= choice.score + 1e-9
                )
    assert choose_ridge(pairs, score).settings['onto'] in (0.0, 1.0)


def test_groups_equal_the_expanded_pairs(related):
    x, y = related
    group_x, group_y = np.arange(400) // 3, np.arange(400) // 5 + 20
    rows = [(i, j) for i in range(400) for j in range(400) if group_x[i] == group_y[j]]
    i, j = np.array(rows).T
    grouped = PairedStatistics(x, y, (group_x, group_y))
    expanded = PairedStatistics(x[i], y[j])
    for found, expected in (
        (grouped.canonical(0.1).maps(6, 1.0), expanded.canonical(0.1).maps(6, 1.0)),
        (grouped.ridge(0.1), expanded.ridge(0.1)),
        (grouped.ridge(0.1, onto_y=False), expanded.ridge(0.1, onto_y=False)),
    ):
        for a, b in zip(found, expected, strict=True):
            assert np.allclose(np.abs(a.weight), np.abs(b.weight), atol=1e-8)
            assert np.allclose(np.abs(a.bias), np.abs(b.bias), atol=1e-8)


def test_regression_of_x_on_y_is_that_of_y_on_x_the_other_way_round(related):
    x, y = related
    a, b = PairedStatistics(x, y).ridge(0.3, onto_y=False)
    d, c = PairedStatistics(y, x).ridge(0.3)
    assert np.allclose(a.weight, c.weight) and np.allclose(b.weight, d.weight)


def test_rows_must_be_pairs(related):
    x, y = related
    with pytest.raises(InputError, match='groups'):
        PairedStatistics(x, y[:-1])
    with pytest.raises(InputError, match='share a concept'):
        PairedStatistics(x, y, (np.arange(400), np.arange(400) + 400))
