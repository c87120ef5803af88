# SPDX-License-Identifier: Apache-2.0
"""Branches, triplets and deep CCA against naive recomputation, and the original's faults."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from xsense_training.baselines.closed_form import Standardiser
from xsense_training.evaluate.system import apply
from xsense_training.losses.triplet_batch_all import TripletBatchAll
from xsense_training.recipes.tnn_c_cca.data import MODALITIES, AudioVisualData
from xsense_training.recipes.tnn_c_cca.deep_cca import ClusterCorrelation
from xsense_training.recipes.tnn_c_cca.networks import Branch, published_branch
from xsense_training.recipes.tnn_c_cca.parts import metric_loss
from xsense_training.recipes.tnn_c_cca.settings import METRICS
from xsense_training.recipes.tnn_c_cca.split import split
from xsense_training.recipes.tnn_c_cca.tasks import ClassTask, published_triplets
from xsense_training.trainer import TrainConfig, train

QUICK = TrainConfig(steps=6, validate_every=3, warmup=1, tensorboard=False)


def _task(data: AudioVisualData, metric: str = 'batch-all') -> ClassTask:
    torch.manual_seed(0)
    part = split(data, 0).train
    branches = {m: Branch(Standardiser.fit(data.of(m).features[:, 0]), 16, 8) for m in MODALITIES}
    return ClassTask(branches, data, part, metric_loss(metric, 0.5), lambda: 0.0, 8, classes=4)


def test_published_outputs_crowd_and_corrected_ones_span_both_signs() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(0, 1, (200, 30)).astype(np.float32)
    squeezed = apply(published_branch(30, 10), features)
    assert squeezed.min() > 0.268 and squeezed.max() < 0.732
    open_vectors = apply(Branch(Standardiser.fit(features), 32, 10), features)
    cosines = open_vectors @ open_vectors.T
    assert (open_vectors < 0).any() and (open_vectors > 0).any()
    assert cosines[np.triu_indices(200, 1)].std() > 0.1
    assert np.allclose(np.linalg.norm(open_vectors, axis=1), 1, atol=1e-5)


def test_a_change_in_one_modality_changes_no_embedding_of_the_other(
    world: AudioVisualData,
) -> None:
    task = _task(world)
    before = apply(task.modules['image'], world.image.features[:, 0])
    with torch.no_grad():
        for parameter in task.modules['sound'].parameters():
            parameter.add_(1.0)
    assert np.array_equal(before, apply(task.modules['image'], world.image.features[:, 0]))
    image = torch.from_numpy(world.image.features[:4, 0]).requires_grad_()
    sound = torch.from_numpy(world.sound.features[:4, 0]).requires_grad_()
    task.modules['image'](image).sum().backward()
    task.modules['sound'](sound.detach()).sum().backward()
    assert image.grad is not None and sound.grad is None


def test_the_distance_of_the_triplets_orders_like_the_evaluator(world: AudioVisualData) -> None:
    task = _task(world)
    task.modules.eval()
    with torch.no_grad():
        x, y = (
            task.modules[m](torch.from_numpy(world.of(m).features[:40, 0])) for m in MODALITIES
        )
    squared = torch.cdist(x.double(), y.double()).square().numpy()
    cosine = (x.double() @ y.double().T).numpy()
    assert np.allclose(squared, 2 - 2 * cosine, atol=1e-5)


def test_published_triplets_leave_the_pair_out_and_sum_over_all() -> None:
    torch.manual_seed(0)
    x, y, labels = torch.rand(7, 3), torch.rand(7, 3), torch.tensor([0, 0, 0, 1, 1, 2, 2])
    expected = 0.0
    for a in range(7):
        for p in range(7):
            for n in range(7):
                if labels[a] == labels[p] and a != p and labels[a] != labels[n]:
                    near = float((x[a] - y[p]).square().sum())
                    far = float((x[a] - y[n]).square().sum())
                    expected += max(0.0, near - far + 0.5)
    found = published_triplets(TripletBatchAll(0.5, average='sum'))(x, y, labels)
    assert float(found) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize('beta', [0.0, 0.2, 1.0])
def test_deep_cca_sums_the_correlations_that_expanded_pairs_have(beta: float) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(0, 1, (40, 4)), rng.normal(0, 1, (40, 4))
    labels = np.arange(40) % 3
    a, b = x - x.mean(0), y - y.mean(0)
    pairs = [(i, j) for i in range(40) for j in range(40) if labels[i] == labels[j]]
    expanded = sum(np.outer(a[i], b[j]) for i, j in pairs) / len(pairs)
    cross = beta * a.T @ b / 39 + (1 - beta) * expanded

    def root(rows: np.ndarray) -> np.ndarray:
        covariance = rows.T @ rows / 39
        covariance += (1e-2 * covariance.diagonal().mean() + 1e-6) * np.eye(4)
        values, vectors = np.linalg.eigh(covariance)
        return vectors / np.sqrt(values) @ vectors.T

    expected = np.linalg.svd(root(a) @ cross @ root(b), compute_uv=False).sum()
    loss = ClusterCorrelation(beta)
    rows = [torch.from_numpy(r).requires_grad_() for r in (x, y)]
    found = loss(*rows, torch.from_numpy(labels))
    assert float(-found.detach()) == pytest.approx(expected, rel=1e-6)
    found.backward()
    assert all(torch.isfinite(r.grad).all() for r in rows)


@pytest.mark.parametrize('metric', METRICS)
def test_every_part_is_in_the_checkpoint_and_comes_back_bit_for_bit(
    world: AudioVisualData, tmp_path: Path, metric: str
) -> None:
    task = _task(world, metric)
    train(task, QUICK, tmp_path, 'test')
    state = torch.load(tmp_path / 'best.pt', weights_only=True)
    state = state.get('modules', state)
    names = {name.split('.')[0] for name in state}
    assert {'sound', 'image', 'classes'} <= names
    assert any(name.endswith('mean') for name in state)
    again = _task(world, metric)
    again.modules.load_state_dict(state)
    for modality in MODALITIES:
        features = world.of(modality).features[:, 0]
        found = apply(again.modules[modality], features)
        assert np.array_equal(found, apply(task.modules[modality], features))


def test_batches_hold_the_same_classes_of_both_modalities(world: AudioVisualData) -> None:
    sound, image, labels = _task(world).draw(np.random.default_rng(3))
    assert sound.shape == (32, 12) and image.shape == (32, 20)
    assert len(labels.unique()) == 4 and (labels.bincount()[labels.unique()] == 8).all()


def test_an_unknown_metric_is_named() -> None:
    with pytest.raises(ValueError, match='hardest'):
        metric_loss('hardest', 0.5)
    assert isinstance(metric_loss('semi-hard', 0.5), nn.Module)
