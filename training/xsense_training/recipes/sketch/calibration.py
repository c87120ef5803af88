# SPDX-License-Identifier: Apache-2.0
"""What a cosine of these towers means, on the validation concepts only.

Half of all queries have no counterpart in the gallery. A picture is asked for plain and in a
scene; half of the pictures without a counterpart show no thing at all, as a camera mostly does.
Within one modality the query is another view: a picture in a scene, a drawing by another hand.
"""

from __future__ import annotations

import numpy as np
import torch

from xsense_ros.senses.image_input import ImageInput
from xsense_training.export.calibration import Calibrated, calibrate_pairs, open_set_matches
from xsense_training.features.empty_scenes import empty_view
from xsense_training.features.line_rasters import image_raster
from xsense_training.features.sketch_set import Bools, Ints, SketchSet
from xsense_training.recipes.sketch.protocol import sides
from xsense_training.recipes.sketch.towers import Floats, Towers

EMPTY_SCENES = 200


def calibrate(
    towers: Towers, samples: SketchSet, validation: Bools, image_input: ImageInput
) -> Calibrated:
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
    return calibrate_pairs(
        {
            pair: open_set_matches(
                [(vectors @ held.T, own[:, None] == theirs[None]) for vectors, own in queries],
                nothing @ held.T if pair.startswith('image') else None,
            )
            for pair, (queries, (held, theirs)) in asked.items()
        }
    )


def empty_vectors(towers: Towers, image_input: ImageInput, count: int = EMPTY_SCENES) -> Floats:
    """Vectors (count, D) of scenes without a thing; the same in every run."""
    rng = np.random.default_rng(0)
    frames = np.stack([image_raster(image_input, empty_view(rng)) for _ in range(count)])
    x = torch.from_numpy(frames).permute(0, 3, 1, 2).float() / 255
    return towers.head('image', towers.features(x))


def _made(samples: SketchSet, chosen: Bools) -> Ints:
    """Rows of made line art of the chosen concepts; real ones where nothing was made."""
    rows = samples.drawings_of(chosen, real=False)
    made = rows[samples.hand[rows] > 0]
    return made if len(made) else rows
