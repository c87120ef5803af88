# SPDX-License-Identifier: Apache-2.0
"""What is asked: every sense for every other, and each for itself; the same object is right.

Within a sense the even-numbered samples of an object ask for the odd-numbered ones, so that
nothing is asked for by itself. Where every object has one sample, those of another part that did
not train are asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations, permutations

import numpy as np

from xsense_training.evaluate.direction import Direction, Side
from xsense_training.recipes.crossnet.data import Bools, Ints, Material


def pairs(material: Material) -> list[tuple[str, str]]:
    """Pairs of senses, each once."""
    return list(combinations(material.senses, 2))


def directions(
    material: Material,
    rows: Mapping[str, Ints],
    within: bool = True,
    most: int | None = None,
    others: Mapping[str, Ints] | None = None,
) -> list[Direction]:
    """All directions between the senses, then those within each.

    Args:
        material: the set.
        rows: by sense, of the part that is asked about.
        within: whether senses are asked for themselves too.
        most: samples of an object and sense at most, evenly spread; None for all.
        others: rows to ask for within a sense where every object has one sample; without them
            nothing is asked within it.
    """
    sides = {
        s: Side(s, chosen, material.object_of[s][chosen])
        for s, chosen in ((s, _few(material.object_of[s], r, most)) for s, r in rows.items())
    }
    found = [_direction(sides[a], sides[b]) for a, b in permutations(sides, 2)]
    if within:
        for side in sides.values():
            odd = _ordinal(side.concept) % 2 == 1
            if odd.any():
                found.append(_direction(_part(side, ~odd), _part(side, odd)))
            elif others is not None:
                held = others[side.modality]
                gallery = Side(side.modality, held, material.object_of[side.modality][held])
                found.append(_direction(side, gallery))
    return found


def asked_with(material: Material, direction: Direction, rows: Ints) -> Direction:
    """The direction with other queries (Q,) of the same sense."""
    sense = direction.query.modality
    return _direction(Side(sense, rows, material.object_of[sense][rows]), direction.gallery)


def _direction(query: Side, gallery: Side) -> Direction:
    name = f'{query.modality}->{gallery.modality}'
    return Direction(name, query, gallery, query.concept[:, None] == gallery.concept[None, :])


def _part(side: Side, chosen: Bools) -> Side:
    return Side(side.modality, side.rows[chosen], side.concept[chosen])


def _ordinal(owner: Ints) -> Ints:
    """(N,) 0, 1, 2, ... within each owner, in order."""
    order = np.argsort(owner, kind='stable')
    starts = np.flatnonzero(np.diff(owner[order], prepend=-1))
    first = np.repeat(starts, np.diff(np.append(starts, len(owner))))
    found = np.empty(len(owner), np.int64)
    found[order] = np.arange(len(owner)) - first
    return found


def _few(owner: Ints, rows: Ints, most: int | None) -> Ints:
    """At most `most` rows of each owner, evenly spread."""
    if most is None:
        return rows
    ordinal = _ordinal(owner[rows])
    held = np.bincount(owner[rows], minlength=owner.max() + 1)[owner[rows]]
    kept = np.minimum(held, most)
    # Row number i of n is kept where i * most / n passes a whole number.
    kept_rows: Ints = rows[(ordinal * kept) // held != ((ordinal - 1) * kept) // held]
    return kept_rows
