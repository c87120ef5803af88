# SPDX-License-Identifier: Apache-2.0
"""Calibration of all nine ordered pairs of modalities, on the validation fold only.

Half of all queries have no counterpart in the gallery. Within one modality the queries are other
views of the enrolled samples: pictures are enrolled as they are and asked for as camera scenes,
recordings as variants; between text and text the query is the same caption. A camera sees no thing
at all most of the time, so half of the pictures without a counterpart are empty scenes.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from xsense_training.evaluate.direction import Direction
from xsense_training.evaluate.system import Features, System, apply
from xsense_training.export.calibration import (
    Calibrated,
    TopMatches,
    calibrate_pairs,
    join,
    open_set_matches,
)
from xsense_training.features.corpus import Corpus
from xsense_training.features.empty_scenes import empty_view
from xsense_training.recipes.see_hear_read.data import Ingredients
from xsense_training.recipes.see_hear_read.protocol import (
    captions_of,
    directions,
    images_of,
    item_relevance,
    sounds_of,
)

Floats = NDArray[np.floating]
EMPTY_SCENES = 200


def calibrate(
    corpus: Corpus,
    features: Features,
    system: System,
    validation: NDArray[np.bool_],
    empty: Floats,
) -> Calibrated:
    """Calibrations by ordered pair, and what each achieves on the data it was fitted on.

    Args:
        corpus: all concepts.
        features: their trunk features.
        system: what ships.
        validation: (C,) concepts to calibrate on.
        empty: (E, F) image features of scenes without a thing.
    """
    return calibrate_pairs(
        {
            pair: join([top_matches(system, features, task, empty) for task in tasks])
            for pair, tasks in calibration_tasks(corpus, validation).items()
        }
    )


def top_matches(system: System, features: Features, task: Direction, empty: Floats) -> TopMatches:
    """Top matches of one task, half of them without a counterpart in their gallery."""
    query, gallery = task.query.modality, task.gallery.modality
    # Pictures are asked for as they are and as scenes; a sample is never asked for itself.
    views = (1,) if query == gallery else (0, 1) if query == 'image' else (0,)
    asked = [(system.similarity(features, task, view), task.relevance) for view in views]
    nothing = None
    if query == 'image':
        heads = system.heads_of(query, gallery)
        pictured = apply(heads[gallery], features.of(gallery)[task.gallery.rows, 0])
        nothing = apply(heads[query], empty) @ pictured.T
    return open_set_matches(asked, nothing)


def calibration_tasks(
    corpus: Corpus, validation: NDArray[np.bool_]
) -> Mapping[str, list[Direction]]:
    """Item-level tasks by ordered pair: pictures and captions of stamps and emoji, recordings."""
    found: dict[str, list[Direction]] = {}
    for task in directions(corpus, validation):
        if task.name.split(' ')[0] not in ('tuxpaint', 'emoji', 'items'):
            continue
        found.setdefault(task.pair, []).append(task)
    chosen = np.flatnonzero(validation & corpus.source('tuxpaint', 'gcompris'))
    for side in (
        images_of(corpus, chosen, first_only=True),
        captions_of(corpus, chosen),
        sounds_of(corpus, chosen),
    ):
        name = f'{side.modality}->{side.modality}'
        relevance = item_relevance(corpus, side, side)
        # A second side object, so that only the queries are taken from another view.
        twin = type(side)(side.modality, side.rows, side.concept)
        found[name] = [Direction(name, side, twin, relevance)]
    return found


def empty_scenes(ingredients: Ingredients, count: int = EMPTY_SCENES) -> Floats:
    """Image features of scenes without a thing, (count, F); the same in every run."""
    rng = np.random.default_rng(0)
    frames = [ingredients.image_input(empty_view(rng))['image'] for _ in range(count)]
    batches = np.array_split(np.concatenate(frames), max(1, count // 16))
    with torch.no_grad():
        found = [ingredients.trunk(torch.from_numpy(batch)).numpy() for batch in batches]
    return np.concatenate(found)
