# SPDX-License-Identifier: Apache-2.0
"""What a cosine of these towers means, on the validation concepts only.

Half of all queries have no counterpart in the gallery. A picture is asked for plain and in a
scene; half of the pictures without a counterpart show no thing at all, as a camera mostly does.
Within one modality the query is another view: a picture in a scene, a drawing by another hand.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from xsense_ros.engines.manifest import Calibration
from xsense_ros.senses.image_input import ImageInput
from xsense_training.export.calibration import (
    TopMatches,
    fit_calibration,
    join,
    sample_top_matches,
)
from xsense_training.features.empty_scenes import empty_view
from xsense_training.features.line_rasters import image_raster
from xsense_training.features.sketch_set import Bools, Ints, SketchSet
from xsense_training.recipes.sketch.protocol import sides
from xsense_training.recipes.sketch.towers import Floats, Towers

EMPTY_SCENES = 200
ABSENT = 0.5  # of all queries
EMPTY = 0.5  # of the picture queries without a counterpart


def calibrate(
    towers: Towers, samples: SketchSet, validation: Bools, image_input: ImageInput
) -> tuple[dict[str, Calibration], dict[str, dict[str, float]]]:
    """Calibrations by ordered pair, and what each achieves on the data it was fitted on.

    Args:
        towers: what ships.
        samples: all rasters.
        validation: (C,) concepts to calibrate on.
        image_input: the robot's preprocessing of pictures.
    """
    sketch, image = sides(samples, validation)
    views = samples.picture.shape[1]
    drawn = (towers.sketch(samples, sketch.rows), sketch.concept)
    plain = (towers.image(samples, image.rows), image.concept)
    scene = (towers.image(samples, image.rows, min(1, views - 1)), image.concept)
    made = _made(samples, validation)
    redrawn = (towers.sketch(samples, made), samples.drawing_concept[made])
    nothing = empty_vectors(towers, image_input)
    asked: dict[str, tuple[list[tuple[Floats, Ints]], tuple[Floats, Ints]]] = {
        'sketch->image': ([drawn], plain),
        'image->sketch': ([plain, scene], drawn),
        'image->image': ([scene], plain),
        'sketch->sketch': ([redrawn], drawn),
    }
    calibrations, summaries = {}, {}
    for pair, (queries, gallery) in asked.items():
        blank = nothing if pair.startswith('image') else None
        matches = _matches(queries, gallery, blank)
        calibrations[pair], summaries[pair] = fit_calibration(matches)
    return calibrations, summaries


def empty_vectors(towers: Towers, image_input: ImageInput, count: int = EMPTY_SCENES) -> Floats:
    """Vectors (count, D) of scenes without a thing; the same in every run."""
    rng = np.random.default_rng(0)
    frames = np.stack([image_raster(image_input, empty_view(rng)) for _ in range(count)])
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    return towers.head('image', towers.features(x))


def _matches(
    queries: list[tuple[Floats, Ints]], gallery: tuple[Floats, Ints], empty: Floats | None
) -> TopMatches:
    held, concept = gallery
    blank = ABSENT * EMPTY if empty is not None else 0.0
    found = [
        sample_top_matches(
            vectors @ held.T,
            own[:, None] == concept[None, :],
            absent=(ABSENT - blank) / (1 - blank),
        )
        for vectors, own in queries
    ]
    if empty is not None:
        asked = sum(len(m.best) for m in found)
        rows = np.random.default_rng(0).integers(0, len(empty), round(asked * blank / (1 - blank)))
        no_answer: NDArray[np.bool_] = np.zeros((len(rows), len(held)), bool)
        found.append(sample_top_matches(empty[rows] @ held.T, no_answer, draws=1, seed=1))
    return join(found)


def _made(samples: SketchSet, chosen: Bools) -> Ints:
    """Rows of made line art of the chosen concepts; real ones where nothing was made."""
    rows = samples.drawings_of(chosen, real=False)
    made = rows[samples.hand[rows] > 0]
    return made if len(made) else rows
