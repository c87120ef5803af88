# SPDX-License-Identifier: Apache-2.0
"""Calibration of the bundle's ordered pairs of modalities, on validation data and strangers.

Half of all queries have no counterpart in the gallery: its class is taken out, or they are of no
class at all - sounds and pictures of things that are neither known instruments nor known animals,
and camera frames without any thing. What is fitted so answers "unknown" to them.
"""

from __future__ import annotations

import numpy as np

from xsense_training.evaluate.system import apply
from xsense_training.export.calibration import (
    Calibrated,
    TopMatches,
    calibrate_pairs,
    join,
    sample_top_matches,
)
from xsense_training.recipes.tnn_c_cca.data import FOLDS, AudioVisualData, query_view_numbers
from xsense_training.recipes.tnn_c_cca.scoring import Heads
from xsense_training.recipes.tnn_c_cca.split import Part, Parts

PAIRS = ('image->sound', 'sound->image', 'image->image', 'sound->sound')
GALLERY = (5, 20)  # a class-level gallery holds few things; each class once
DRAWS = 4
ABSENT = 0.3  # of the queries of known classes
STRANGE = 0.4  # strangers per query of a known class: half of all have no answer then
PRECISION = 0.6  # asked of accepted answers: classes are told apart less surely than things


def calibrate(data: AudioVisualData, parts: Parts, heads: Heads, fold: int) -> Calibrated:
    """Every pair, fitted on validation and judged on test rows, each with strangers of its fold.

    Args:
        data: with strangers.
        parts: rows of the fold.
        heads: what ships.
        fold: that was held out; the next one validates.
    """

    def asked(part: Part, strangers: int) -> dict[str, TopMatches]:
        return {pair: top_matches(data, part, heads, strangers, pair) for pair in PAIRS}

    validation, test = asked(parts.validation, (fold + 1) % FOLDS), asked(parts.test, fold)
    return calibrate_pairs(validation, PRECISION, test)


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
