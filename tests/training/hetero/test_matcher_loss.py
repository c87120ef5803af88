# SPDX-License-Identifier: Apache-2.0
"""The matcher's loss against loops over cells."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from xsense_training.losses.matcher_loss import PUBLISHED, LossConfig, MatcherLoss
from xsense_training.models.hetero_matcher import Cells

SIDE = 8
N = SIDE * SIDE


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def cells(batch=3):
    boxes = torch.rand(batch, N, 4) * 0.5 + 0.2
    return Cells(torch.randn(batch, N, 2), boxes.requires_grad_(), torch.randn(batch))


BOXES = torch.tensor([[0.5, 0.4, 0.3, 0.25], [0.2, 0.8, 0.01, 0.02], [0.6, 0.6, 0.5, 0.5]])
PRESENT = torch.tensor([True, True, False])


def published_cells(box):
    """Edges times the cells of a side, rounded up; at least one cell."""
    x, y, w, h = box.tolist()
    left, right = math.ceil((x - w / 2) * SIDE), math.ceil((x + w / 2) * SIDE)
    top, bottom = math.ceil((y - h / 2) * SIDE), math.ceil((y + h / 2) * SIDE)
    rows, columns = range(top, max(bottom, top + 1)), range(left, max(right, left + 1))
    return [row * SIDE + column for row in rows for column in columns]


def giou(a, b):
    (ax, ay, aw, ah), (bx, by, bw, bh) = a.tolist(), b.tolist()
    edges = [(ax - aw / 2, ax + aw / 2, bx - bw / 2, bx + bw / 2)]
    edges.append((ay - ah / 2, ay + ah / 2, by - bh / 2, by + bh / 2))
    shared, hull = 1.0, 1.0
    for a0, a1, b0, b1 in edges:
        shared *= max(0.0, min(a1, b1) - max(a0, b0))
        hull *= max(a1, b1) - min(a0, b0)
    union = aw * ah + bw * bh - shared
    return shared / union - (hull - union) / hull, shared / union


def naive(found, config):
    inside = {b: published_cells(BOXES[b]) for b in range(3) if PRESENT[b]}
    logits, total, weight = found.logits.double(), 0.0, 0.0
    for b in range(3):
        for n in range(N):
            here = n in inside.get(b, [])
            share = logits[b, n].softmax(0)
            if config.classes == 'info':
                p, y = float(share[0]), 0 if here else 1
                right, wrong = 1.1 * math.exp(p * (1 - y)), 0.1 * math.exp(p * y)
                total -= math.log(right / (right + wrong + 1e-10)) / (3 * N)
                weight = 1.0
            else:
                factor = 1.0 if here else 1 / 16
                total -= factor * math.log(share[0 if here else 1])
                weight += factor
    parts = {'class': config.class_weight * total / weight}
    taught = [
        (found.boxes[b, n].detach(), BOXES[b])
        for b, own in inside.items()
        for n in own
        if not (config.leave_good and giou(found.boxes[b, n], BOXES[b])[1] >= 0.95)
    ]
    parts['l1'] = config.l1_weight * sum(float((a - b).abs().sum()) for a, b in taught)
    parts['giou'] = config.giou_weight * sum(1 - giou(a, b)[0] for a, b in taught)
    for name in ('l1', 'giou'):
        parts[name] /= max(len(taught), 1)
    return parts


@pytest.mark.parametrize('config', [LossConfig(), PUBLISHED], ids=['transt', 'heterologous'])
def test_as_published(config):
    found = cells()
    with torch.no_grad():  # one box that is good already
        found.boxes[0, published_cells(BOXES[0])[0]] = BOXES[0] * 1.001
    loss, parts = MatcherLoss(config)(found, BOXES, PRESENT)
    expected = naive(found, config)
    assert {k: parts[k] for k in expected} == pytest.approx(expected, rel=1e-4)
    assert float(loss) == pytest.approx(sum(parts.values()), rel=1e-5)
    assert ('presence' in parts) is (config.presence_weight > 0)


def test_the_published_term_is_bounded():
    """Why it was replaced: 0.033 to 0.087 of a cell that is inside, 0.087 to 0.221 outside."""
    config = replace(PUBLISHED, class_weight=1.0)
    nothing, everything = torch.tensor([False]), torch.tensor([[0.5, 0.5, 2.0, 2.0]])
    sure, unsure = (torch.tensor([v, 0.0]).expand(1, N, 2) for v in (40.0, -40.0))
    expected = {(True, True): 0.033, (True, False): 0.087, (False, True): 0.221}
    for (inside, here), value in expected.items():
        found = Cells(sure if here else unsure, torch.full((1, N, 4), 0.5), None)
        present = torch.tensor([True]) if inside else nothing
        _, parts = MatcherLoss(config)(found, everything, present)
        assert parts['class'] == pytest.approx(value, abs=0.001)


def test_labels_around_the_middle():
    config = LossConfig(labels='middle', classes='focal', place_weight=1.0)
    near = MatcherLoss(config)._near(BOXES, SIDE).reshape(3, SIDE, SIDE)
    for box, cells_ in zip(BOXES.tolist(), near, strict=True):
        for row in range(SIDE):
            for column in range(SIDE):
                away = max(abs(column + 0.5 - box[0] * SIDE), abs(row + 0.5 - box[1] * SIDE))
                assert bool(cells_[row, column]) == (away <= 1.0)
    assert bool(MatcherLoss(replace(config, radius=0.0))._near(BOXES, SIDE).any(1).all())


def test_what_is_right_costs_least_and_gradients_reach_everything():
    config = LossConfig(labels='middle', classes='focal', place_weight=1.0)
    loss = MatcherLoss(config)
    near = loss._near(BOXES, SIDE) & PRESENT[:, None]
    logits = torch.stack([near * 12.0 - 6, 6 - near * 12.0], dim=2)
    right = Cells(logits, BOXES[:, None].expand(3, N, 4), PRESENT * 20.0 - 10)
    _, parts = loss(right, BOXES, PRESENT)
    assert max(parts['l1'], parts['giou']) < 0.001 and parts['class'] < 0.01
    assert parts['presence'] < 0.001
    wrong = cells()
    found = Cells(wrong.logits.requires_grad_(), wrong.boxes, wrong.presence.requires_grad_())
    total, parts = loss(found, BOXES, PRESENT)
    total.backward()
    assert all(torch.isfinite(x.grad).all() and x.grad.any() for x in found)
    # A box of a search that holds nothing is taught nothing.
    assert not found.boxes.grad[2].any()
    nothing, _ = loss(cells(), BOXES, torch.zeros(3, dtype=torch.bool))
    assert torch.isfinite(nothing)
