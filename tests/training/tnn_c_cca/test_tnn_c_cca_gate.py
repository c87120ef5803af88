# SPDX-License-Identifier: Apache-2.0
"""The gate: strangers resemble nothing of the other modality, and what is known stays known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from xsense_training.baselines.closed_form import Affine
from xsense_training.evaluate.system import apply
from xsense_training.export.calibration import refusal
from xsense_training.models.heads import LinearHead
from xsense_training.recipes.tnn_c_cca.calibration import PAIRS, calibrate, top_matches
from xsense_training.recipes.tnn_c_cca.data import MODALITIES, AudioVisualData
from xsense_training.recipes.tnn_c_cca.gate import GatedHead, gated
from xsense_training.recipes.tnn_c_cca.split import split
from xsense_training.recipes.tnn_c_cca.strangers import Strangers


def _strange(data: AudioVisualData) -> AudioVisualData:
    """Strangers far away from every class, 120 a fold."""
    rng = np.random.default_rng(1)
    strangers = {
        m: Strangers(
            (rng.normal(0, 1, (600, data.of(m).features.shape[-1])) + 6).astype(np.float32),
            np.arange(600) % 5,
        )
        for m in MODALITIES
    }
    return replace(data, strangers=strangers)


def _heads(data: AudioVisualData) -> dict[str, torch.nn.Module]:
    rng = np.random.default_rng(2)
    return {
        m: LinearHead(rng.normal(0, 1, (5, data.of(m).features.shape[-1])), np.zeros(5))
        for m in MODALITIES
    }


def test_a_gated_vector_is_the_head_and_one_direction_at_length_one() -> None:
    rng = np.random.default_rng(0)
    head = LinearHead(rng.normal(0, 1, (4, 6)), np.zeros(4))
    known = Affine(rng.normal(0, 1, (1, 6)), np.array([0.3]))
    x = rng.normal(0, 1, (9, 6)).astype(np.float32)
    found = apply(GatedHead(head, known, 1, 2), x)
    q = 1 / (1 + np.exp(-(x @ known.weight[0] + 0.3)))
    assert np.allclose(found[:, :4], np.sqrt(q)[:, None] * apply(head, x), atol=1e-5)
    assert np.allclose(found[:, 4], 0) and np.allclose(found[:, 5], np.sqrt(1 - q), atol=1e-5)
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_strangers_lose_their_cosines_and_the_known_keep_theirs(world: AudioVisualData) -> None:
    data, heads = _strange(world), _heads(world)
    closed = gated(heads, data, split(data, 0).train, (0, 1))
    seen = [apply(h['image'], data.image.features[:, 0]) for h in (heads, closed)]
    heard = [apply(h['sound'], data.sound.features[:, 0]) for h in (heads, closed)]
    before, after = (x @ y.T for x, y in zip(heard, seen, strict=True))
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.95
    kept = np.abs(after).mean() / np.abs(before).mean()
    for folds in ([0], [1]):  # neither was looked at
        strange = data.strangers['sound'].of(folds)
        cosines = [
            np.abs(apply(h['sound'], strange) @ y.T).mean()
            for h, y in zip((heads, closed), seen, strict=True)
        ]
        assert cosines[1] / cosines[0] < 0.7 * kept


@pytest.mark.parametrize('pair', PAIRS)
def test_strangers_and_missing_classes_are_about_half_of_the_questions(
    world: AudioVisualData, pair: str
) -> None:
    data = _strange(world)
    part = split(data, 0).validation
    matches = top_matches(data, part, _heads(data), 1, pair)
    query = pair.partition('->')[0]
    asked = len(part.of(query)) * (2 if pair == 'image->sound' else 1)
    assert len(matches.best) == 4 * (asked + round(0.4 * asked))
    assert matches.correct.mean() < 0.7 / 1.2
    assert (matches.best >= matches.second).all()


def test_what_calibration_accepts_is_right_as_often_as_asked(world: AudioVisualData) -> None:
    data = _strange(world)
    parts = split(data, 0)
    heads = gated(_heads(data), data, parts.train, (0, 1))
    calibrated = calibrate(data, parts, heads, 0)
    assert set(calibrated.pairs) == set(calibrated.on_held_out) == set(PAIRS)
    for pair, found in calibrated.pairs.items():
        again = refusal(top_matches(data, parts.validation, heads, 1, pair), found)
        told = calibrated.on_validation[pair]['precision']
        assert again['precision'] == pytest.approx(told, abs=1e-6)
        assert found.min_probability == 1.0 or again['precision'] >= 0.6
