# SPDX-License-Identifier: Apache-2.0
"""Triplet losses against naive loops, against the library, and against the evaluator's cosine."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from pytorch_metric_learning.distances import CosineSimilarity, LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer

from tests.training.losses.rows import DISTINCT, MANY_Y, OF_MANY_Y, SHARED, X, Y, unit_rows
from xsense_ros.errors import InputError
from xsense_training.evaluate.direction import Direction, Side, similarities
from xsense_training.losses.distances import pairwise_distance
from xsense_training.losses.triplet_batch_all import TripletBatchAll
from xsense_training.losses.triplet_batch_hard import TripletBatchHard
from xsense_training.losses.triplet_semi_hard import TripletSemiHard

DISTANCES = ('squared', 'euclidean', 'cosine')
LOSSES = (TripletBatchAll, TripletBatchHard, TripletSemiHard)
MARGIN = 0.3


def naive_distance(a, b, kind):
    if kind == 'cosine':
        return 1 - float(a @ b)
    squared = sum((float(p) - float(q)) ** 2 for p, q in zip(a, b, strict=True))
    return squared if kind == 'squared' else squared**0.5


def naive_costs(loss, a, b, labels_a, labels_b, kind, own_pair=True):
    """Costs of one direction, one a counted triplet, before the hinge."""
    costs = []
    for i in range(len(a)):
        far = [naive_distance(a[i], b[j], kind) for j in range(len(b))]
        positives = [
            far[j] for j in range(len(b)) if labels_a[i] == labels_b[j] and (own_pair or i != j)
        ]
        negatives = [far[j] for j in range(len(b)) if labels_a[i] != labels_b[j]]
        if not positives or not negatives:
            continue
        if loss is TripletBatchHard:
            costs.append(max(positives) - min(negatives) + MARGIN)
            continue
        for positive in positives:
            if loss is TripletBatchAll:
                costs += [positive - negative + MARGIN for negative in negatives]
            else:
                beyond = [n for n in negatives if n > positive]
                costs.append(positive - (min(beyond) if beyond else max(negatives)) + MARGIN)
    return costs


def mean_of(loss, costs):
    paid = [max(0.0, c) for c in costs]
    if loss is TripletBatchAll:  # the average over those that cost something
        paid = [p for p in paid if p > 0]
    return sum(paid) / len(paid) if paid else 0.0


class TestAgainstLoops:
    @pytest.mark.parametrize('kind', DISTANCES)
    @pytest.mark.parametrize('loss', LOSSES)
    @pytest.mark.parametrize('labels', [DISTINCT, SHARED])
    def test_partners(self, loss, kind, labels):
        there = mean_of(loss, naive_costs(loss, X, Y, labels, labels, kind))
        back = mean_of(loss, naive_costs(loss, Y, X, labels, labels, kind))
        found = loss(MARGIN, kind)(X, Y, labels).item()
        assert found == pytest.approx((there + back) / 2, rel=1e-5)
        one_way = loss(MARGIN, kind, two_way=False)(X, Y, labels).item()
        assert one_way == pytest.approx(there, rel=1e-5)

    @pytest.mark.parametrize('loss', LOSSES)
    def test_sides_of_different_length_with_labels_of_their_own(self, loss):
        there = mean_of(loss, naive_costs(loss, X, MANY_Y, SHARED, OF_MANY_Y, 'squared'))
        back = mean_of(loss, naive_costs(loss, MANY_Y, X, OF_MANY_Y, SHARED, 'squared'))
        found = loss(MARGIN)(X, MANY_Y, SHARED, OF_MANY_Y).item()
        assert found == pytest.approx((there + back) / 2, rel=1e-5)

    @pytest.mark.parametrize('loss', LOSSES)
    def test_without_the_own_pair(self, loss):
        costs = naive_costs(loss, X, Y, SHARED, SHARED, 'squared', own_pair=False)
        found = loss(MARGIN, two_way=False, own_pair=False)(X, Y, SHARED).item()
        assert found == pytest.approx(mean_of(loss, costs), rel=1e-5)

    def test_the_averages_of_batch_all(self):
        costs = [
            max(0.0, c) for c in naive_costs(TripletBatchAll, X, Y, SHARED, SHARED, 'squared')
        ]
        for average, expected in (('all', np.mean(costs)), ('sum', np.sum(costs))):
            loss = TripletBatchAll(MARGIN, two_way=False, average=average)
            assert loss(X, Y, SHARED).item() == pytest.approx(expected, rel=1e-5)

    @given(seed=st.integers(0, 10_000), classes=st.integers(2, 5))
    @settings(max_examples=25, deadline=None)
    def test_any_batch(self, seed, classes):
        x, y = unit_rows(7, 4, seed), unit_rows(7, 4, seed + 1)
        labels = torch.randint(0, classes, (7,), generator=torch.Generator().manual_seed(seed))
        for loss in LOSSES:
            expected = mean_of(loss, naive_costs(loss, x, y, labels, labels, 'squared'))
            found = loss(MARGIN, two_way=False)(x, y, labels).item()
            assert found == pytest.approx(expected, rel=1e-4, abs=1e-6)


class TestAgainstTheLibrary:
    @pytest.mark.parametrize(
        ('kind', 'distance'),
        [
            ('squared', LpDistance(p=2, power=2)),
            ('euclidean', LpDistance(p=2)),
            ('cosine', CosineSimilarity()),
        ],
    )
    def test_one_direction_is_equal(self, kind, distance):
        refs = {'ref_emb': Y, 'ref_labels': SHARED.clone()}  # one tensor twice drops true pairs
        for average, reducer in (('all', MeanReducer()), ('active', AvgNonZeroReducer())):
            library = TripletMarginLoss(MARGIN, distance=distance, reducer=reducer)
            found = TripletBatchAll(MARGIN, kind, two_way=False, average=average)(X, Y, SHARED)
            assert torch.allclose(found, library(X, SHARED, **refs), rtol=1e-4)
        library = TripletMarginLoss(MARGIN, distance=distance, reducer=MeanReducer())
        hard = BatchHardMiner(distance=distance)(X, SHARED, Y, SHARED.clone())
        found = TripletBatchHard(MARGIN, kind, two_way=False)(X, Y, SHARED)
        assert torch.allclose(found, library(X, SHARED, hard, **refs), rtol=1e-4)

    def test_gradients_are_equal_too(self):
        grads = []
        for loss in (
            TripletBatchAll(MARGIN, 'squared', two_way=False, average='all'),
            lambda x, y, labels: TripletMarginLoss(
                MARGIN, distance=LpDistance(p=2, power=2), reducer=MeanReducer()
            )(x, labels, ref_emb=y, ref_labels=labels.clone()),
        ):
            raw = torch.randn(6, 5, generator=torch.Generator().manual_seed(3), requires_grad=True)
            loss(F.normalize(raw, dim=-1), Y, SHARED).backward()
            grads.append(raw.grad)
        assert torch.allclose(*grads, atol=1e-6)


class TestDistance:
    @pytest.mark.parametrize('kind', DISTANCES)
    def test_it_orders_the_gallery_as_the_evaluator_does(self, kind):
        x, y = unit_rows(20, 8, 5), unit_rows(30, 8, 6)
        tables = {'image': x.numpy(), 'sound': y.numpy()}
        sides = {m: Side(m, np.arange(len(t)), np.arange(len(t))) for m, t in tables.items()}
        task = Direction('', sides['image'], sides['sound'], np.eye(20, 30, dtype=bool))
        embed = {m: lambda side: tables[side.modality][side.rows] for m in tables}
        similarity = similarities(task, embed)
        far = pairwise_distance(x, y, kind).numpy()
        assert np.array_equal(np.argsort(far, axis=1), np.argsort(-similarity, axis=1))
        # The same function of the cosine for every pair, not just the same order in a row.
        assert np.all(np.diff(far.ravel()[np.argsort(-similarity, axis=None)]) >= -1e-6)

    @pytest.mark.parametrize('kind', DISTANCES)
    def test_the_loss_falls_only_as_the_evaluator_s_cosine_rises(self, kind):
        """Two gallery rows: the loss is zero exactly where the cosines differ by the margin."""
        angles = torch.linspace(0, np.pi, 60)
        query = torch.tensor([[1.0, 0.0]])
        wrong = torch.tensor([[0.0, 1.0]])
        right = torch.stack([angles.cos(), angles.sin()], dim=1)
        labels, gallery_labels = torch.tensor([0]), torch.tensor([0, 1])
        loss = TripletBatchHard(0.1, kind, two_way=False)
        costs = [
            loss(query, torch.stack([row, wrong[0]]), labels, gallery_labels).item()
            for row in right
        ]
        assert np.all(np.diff(costs) >= -1e-6)
        cosine = (right @ query.T).squeeze(1).numpy()
        assert np.all((np.array(costs) < 0.1 - 1e-6) == (cosine > 1e-6))

    @pytest.mark.parametrize('kind', DISTANCES)
    def test_equal_rows_have_finite_gradients(self, kind):
        x = X.clone().requires_grad_()
        TripletBatchAll(MARGIN, kind)(x, X, SHARED).backward()
        assert torch.isfinite(x.grad).all()


class TestRefusals:
    @pytest.mark.parametrize('loss', LOSSES)
    def test_feature_maps_are_refused(self, loss):
        """The distance over the last axis of (N, C, H, W) is none between samples."""
        maps = torch.randn(6, 4, 3, 3)
        with pytest.raises(ValueError, match=r'x: got \(6, 4, 3, 3\).*pool'):
            loss()(maps, maps, DISTINCT)

    @pytest.mark.parametrize('loss', LOSSES)
    def test_rows_of_another_length_are_refused(self, loss):
        with pytest.raises(ValueError, match=r'y\[2\].*length 2'):
            loss()(X, torch.cat([Y[:2], 2 * Y[2:]]), DISTINCT)

    def test_easy_triplets_do_not_pay_for_hard_ones(self):
        """A hinge on the batch means is zero here although half of the triplets are wrong."""
        axes = torch.eye(2)
        x, y = axes[[0, 1, 0, 0]], axes[[0, 1, 0, 0]]
        labels = torch.tensor([0, 1, 0, 1])
        far = pairwise_distance(x, y, 'squared')
        same = labels[:, None] == labels
        margin = 0.2
        batch_means = max(0.0, (far[same].mean() - far[~same].mean() + margin).item())
        assert batch_means == 0
        for loss in LOSSES:
            assert loss(margin)(x, y, labels).item() > 0.1

    def test_unknown_names_are_refused(self):
        with pytest.raises(InputError, match='manhattan'):
            TripletBatchHard(distance='manhattan')
        with pytest.raises(InputError, match='median'):
            TripletBatchAll(average='median')


@pytest.mark.parametrize('loss', LOSSES)
def test_without_a_triplet_nothing_moves(loss):
    x = X.clone().requires_grad_()
    cost = loss()(x, Y, torch.zeros(6, dtype=torch.long))
    cost.backward()
    assert cost.item() == 0 and x.grad.abs().max() == 0
