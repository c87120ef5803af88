# SPDX-License-Identifier: Apache-2.0
"""The best cell of a grid, with and without the prior for the middle."""

from __future__ import annotations

import numpy as np
import pytest

from xsense_ros.errors import InputError
from xsense_ros.matching.decode import best_box, hanning


def grid(cells=6, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(cells**2, 2)), rng.random((cells**2, 4)).astype(np.float32)


def test_the_best_cell_by_its_softmax():
    logits, boxes = grid()
    found = best_box(logits, boxes, 192)
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    best = share[:, 0].argmax()
    x, y, width, height = boxes[best].astype(float) * 192
    assert found.score == pytest.approx(share[best, 0])
    assert np.allclose(found.box, [x - width / 2, y - height / 2, width, height])


def test_the_prior_is_flattened_as_the_cells_are():
    cells = 32
    logits = np.zeros((cells**2, 2))
    assert best_box(logits, np.full((cells**2, 4), 0.5), 256).score == 0.5
    window = hanning(cells).reshape(cells, cells)
    assert np.allclose(window[5, 20], np.hanning(cells)[5] * np.hanning(cells)[20])
    logits[3 * cells + 30, 0] = (
        3.0  # a better cell near a corner, an almost equal one in the middle
    )
    logits[16 * cells + 16, 0] = 2.9
    boxes = np.full((cells**2, 4), 0.1)
    boxes[:, 0] = np.arange(cells**2) % cells / cells
    boxes[:, 1] = np.arange(cells**2) // cells / cells
    plain, prior = best_box(logits, boxes, 256), best_box(logits, boxes, 256, prior=0.49)
    assert np.allclose(plain.box[:2] + plain.box[2:] / 2, (30 * 8, 3 * 8))
    assert np.allclose(prior.box[:2] + prior.box[2:] / 2, (16 * 8, 16 * 8))
    assert prior.score == pytest.approx(1 / (1 + np.exp(-2.9)))


def test_faults_are_named():
    logits, boxes = grid()
    with pytest.raises(InputError, match='cells'):
        best_box(logits[:-1], boxes[:-1], 192)
    boxes[3, 1] = np.nan
    with pytest.raises(InputError, match='cells'):
        best_box(logits, boxes, 192)
