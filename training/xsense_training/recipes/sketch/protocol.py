# SPDX-License-Identifier: Apache-2.0
"""What is asked of the towers on unseen subgroups: who asks, what is there, and what is right.

Instance level: the same concept in another hand. Category level: the same subgroup; its mean is
taken over subgroups, not over queries, so every subgroup asks equally often (its queries in turn).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from xsense_training.evaluate.direction import Direction, Side
from xsense_training.features.sketch_set import Bools, Ints, SketchSet

INSTANCE, CATEGORY = 'instance', 'category'
TURNS = 120  # queries of each subgroup at category level; at most 66 are different
UNSEEN = 'unseen subgroups'


def sides(
    samples: SketchSet, chosen: Bools, styles: tuple[int, ...] | None = None
) -> tuple[Side, Side]:
    """Real drawings and pictures of the chosen concepts (C,), only of those that have both."""
    pictured = samples.pictures_of(chosen, styles)
    both = np.zeros_like(chosen)
    both[samples.picture_concept[pictured]] = True
    drawn = samples.drawings_of(both)
    return (
        Side('sketch', drawn, samples.drawing_concept[drawn]),
        Side('image', pictured, samples.picture_concept[pictured]),
    )


def directions(
    samples: SketchSet,
    chosen: Bools,
    level: str = INSTANCE,
    styles: tuple[int, ...] | None = None,
) -> list[Direction]:
    """Sketch to image and back, on the chosen concepts (C,).

    Args:
        samples: all rasters.
        chosen: the concepts that are asked for and that make up the gallery.
        level: INSTANCE or CATEGORY.
        styles: of the pictures; None for all.
    """
    sketch, image = sides(samples, chosen, styles)
    found = []
    for query, gallery in ((sketch, image), (image, sketch)):
        asked = _in_turn(samples, query) if level == CATEGORY else query
        name = f'{asked.modality}->{gallery.modality}'
        found.append(Direction(name, asked, gallery, relevance(samples, asked, gallery, level)))
    return found


def relevance(
    samples: SketchSet, query: Side, gallery: Side, level: str = INSTANCE
) -> NDArray[np.bool_]:
    """(Q, N): equal concepts, or equal subgroups."""
    if level == INSTANCE:
        return np.asarray(query.concept[:, None] == gallery.concept[None, :], bool)
    category = np.unique(np.array(samples.category), return_inverse=True)[1]
    return np.asarray(category[query.concept][:, None] == category[gallery.concept][None, :], bool)


def _in_turn(samples: SketchSet, side: Side) -> Side:
    """The queries of each subgroup, repeated until all subgroups ask equally often."""
    category = np.array(samples.category)[side.concept]
    rows = [np.resize(np.flatnonzero(category == name), TURNS) for name in sorted(set(category))]
    order: Ints = np.concatenate(rows)
    return Side(side.modality, side.rows[order], side.concept[order])
