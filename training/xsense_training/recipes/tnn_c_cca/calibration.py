# SPDX-License-Identifier: Apache-2.0
"""Calibration of the bundle's ordered pairs of modalities, on validation data and strangers.

Half of all queries have no counterpart in the gallery: its class is taken out, or they are of no
class at all - sounds and pictures of things that are neither known instruments nor known animals,
and camera frames without any thing. What is fitted so answers "unknown" to them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xsense_ros.engines.manifest import Calibration
from xsense_training.evaluate.system import apply
from xsense_training.export.calibration import (
    TopMatches,
    fit_calibration,
    join,
    sample_top_matches,
)
from xsense_training.recipes.tnn_c_cca.data import (
    AudioVisualData,
    query_view_numbers,
)
from xsense_training.recipes.tnn_c_cca.scoring import Heads
from xsense_training.recipes.tnn_c_cca.split import Part

Floats = NDArray[np.floating]
PAIRS = ('image->sound', 'sound->image', 'image->image', 'sound->sound')
GALLERY = (5, 20)  # a class-level gallery holds few things; each class once
DRAWS = 4
ABSENT = 0.3  # of the queries of known classes
STRANGE = 0.4  # strangers per query of a known class: half of all have no answer then
PRECISION = 0.6  # asked of accepted answers: classes are told apart less surely than things


def calibrate(
    data: AudioVisualData, validation: Part, heads: Heads, fold: int
) -> tuple[dict[str, Calibration], dict[str, dict[str, float]]]:
    """Calibrations by ordered pair, and what each achieves on the data it was fitted on.

    Args:
        data: with strangers.
        validation: rows to calibrate on.
        heads: what ships.
        fold: of the strangers.
    """
    calibrations, summaries = {}, {}
    for pair in PAIRS:
        matches = top_matches(data, validation, heads, fold, pair)
        calibrations[pair], summaries[pair] = fit_calibration(matches, PRECISION)
    return calibrations, summaries


def top_matches(
    data: AudioVisualData,
    part: Part,
    heads: Heads,
    fold: int,
    pair: str,
    seed: int = 0,
) -> TopMatches:
    """Top matches of a pair: known classes, with and without their answer, and strangers."""
    query, gallery = pair.split('->')
    ask, held = data.of(query), data.of(gallery)
    rows = part.of(gallery)
    shown = apply(heads[gallery], held.features[rows, 0])
    asked = part.of(query)
    # A sample is never asked for by itself: within a modality another view of it asks.
    views = query_view_numbers(ask) if query != gallery else [1 % ask.features.shape[1]]
    vectors = np.concatenate([apply(heads[query], ask.features[asked, v]) for v in views])
    # Within a modality the thing itself is sought, across modalities its class.
    own, theirs = ask.label[asked], held.label[rows]
    if query == gallery:
        own, theirs = ask.concept[asked], held.concept[rows]
    relevance = np.tile(own, len(views))[:, None] == theirs[None]
    answered = relevance.any(axis=1)
    cosines, relevance = (vectors @ shown.T)[answered], relevance[answered]
    rng = np.random.default_rng(seed)
    strange = data.strangers[query].of([fold])
    strange = strange[rng.permutation(len(strange))[: round(STRANGE * len(cosines))]]
    unknown = apply(heads[query], strange) @ shown.T
    return join(
        [
            sample_top_matches(cosines, relevance, GALLERY, DRAWS, ABSENT, seed),
            sample_top_matches(
                unknown,
                np.zeros((len(unknown), len(rows)), bool),
                GALLERY,
                DRAWS,
                seed=seed + 1,
            ),
        ]
    )


def refusal(matches: TopMatches, calibration: Calibration) -> Mapping[str, float]:
    """What a calibration does on other data: precision of accepted answers, shares accepted."""

    def sure(cosine: Floats) -> Floats:
        return np.asarray(1 / (1 + np.exp(-(calibration.slope * cosine + calibration.intercept))))

    probability = sure(matches.best)
    accepted = (probability >= calibration.min_probability) & (
        probability - sure(matches.second) >= calibration.min_margin
    )
    right = matches.correct
    return {
        'precision': float(right[accepted].mean()) if accepted.any() else 0.0,
        'accepted_of_right': float(accepted[right].mean()) if right.any() else 0.0,
        'accepted_of_wrong': float(accepted[~right].mean()),
    }
