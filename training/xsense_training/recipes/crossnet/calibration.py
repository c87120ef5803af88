# SPDX-License-Identifier: Apache-2.0
"""What a cosine of these towers means, on validation objects only, which no training saw.

Galleries hold three samples each of 5 to 20 objects, as a robot's do; half of the queries are of
an object that is not there. Pictures do not ask for pictures here: other bundles do that better.
The same is then judged on the test objects, where nothing was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from xsense_training.evaluate.system import Heads, System
from xsense_training.export.calibration import (
    ABSENT,
    Calibrated,
    TopMatches,
    calibrate_pairs,
    sample_top_matches,
)
from xsense_training.recipes.crossnet.data import Ints, Material, Parts
from xsense_training.recipes.crossnet.describe import TOWERS
from xsense_training.recipes.crossnet.protocol import directions

GALLERY = (5, 20)
VIEWS = 3  # of every object in a gallery
DRAWS = 4
PRECISION = 0.6  # asked of accepted answers: touches of unseen things are told apart by texture
LEFT_OUT = ('image->image',)


def calibrate(material: Material, heads: Heads, parts: Parts) -> Calibrated:
    """Calibrations by ordered pair, on validation, and judged on the test objects."""
    return calibrate_pairs(
        _matches(material, heads, parts.validation),
        PRECISION,
        _matches(material, heads, parts.test),
    )


def _matches(material: Material, heads: Heads, rows: Mapping[str, Ints]) -> dict[str, TopMatches]:
    """Top matches of every pair against galleries with VIEWS samples of each object."""
    system, table = System('', heads), material.tables[TOWERS]
    found = {}
    for task in directions(material, rows):
        if task.name in LEFT_OUT:
            continue
        rng = np.random.default_rng(0)
        similarity = system.similarity(table, task)
        # An object is as near as its nearest view; other views for every query.
        objects = np.unique(task.gallery.concept)
        places = [np.flatnonzero(task.gallery.concept == owner) for owner in objects]
        drawn = [rng.choice(own, (len(similarity), VIEWS)) for own in places]
        near = [np.take_along_axis(similarity, rows, axis=1).max(axis=1) for rows in drawn]
        cosines = np.stack(near, axis=1)
        right = task.query.concept[:, None] == objects[None, :]
        found[task.name] = sample_top_matches(cosines, right, GALLERY, DRAWS, ABSENT)
    return found
