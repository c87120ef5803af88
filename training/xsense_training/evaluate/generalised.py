# SPDX-License-Identifier: Apache-2.0
"""Generalised zero-shot: the gallery holds seen classes too, and both kinds are asked for.

A system that pulls everything to the classes it was trained on wins on seen queries and loses on
unseen ones; the harmonic mean of the two (Xian et al. 2017) rewards neither alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xsense_training.evaluate.direction import Direction, Side
from xsense_training.evaluate.judge import judge
from xsense_training.evaluate.outcome import Outcome

Floats = NDArray[np.floating]
UNSEEN = ' (generalised, unseen queries)'
SEEN = ' (generalised, seen queries)'
HARMONIC = ' (generalised, harmonic mean)'


def together(first: Side, second: Side) -> Side:
    """Rows of both sides, of one modality: a gallery of seen and unseen things."""
    if first.modality != second.modality:
        raise ValueError(f'one gallery cannot hold {first.modality} and {second.modality}')
    return Side(
        first.modality,
        np.concatenate([first.rows, second.rows]),
        np.concatenate([first.concept, second.concept]),
    )


def judge_generalised(
    system: str,
    dataset: str,
    split: str,
    unseen: Direction,
    seen: Direction,
    run: int,
    methods: Mapping[str, tuple[str, Floats, Floats]],
) -> list[Outcome]:
    """Judge unseen and seen queries against one gallery of both; reports add the harmonic mean.

    Args:
        system: as in `Outcome`, like the next two and `run`.
        dataset: see there.
        split: see there.
        unseen: queries of unseen classes against the gallery of both.
        seen: queries of seen classes against the same gallery.
        run: see there.
        methods: name -> (kind, (U, N) similarity of unseen queries, (S, N) of seen ones).

    Raises:
        ValueError: the two galleries differ.
    """
    if not np.array_equal(unseen.gallery.rows, seen.gallery.rows):
        raise ValueError('generalised zero-shot needs one gallery for unseen and seen queries')
    outcomes = []
    for number, (direction, suffix) in enumerate(((unseen, UNSEEN), (seen, SEEN))):
        chosen = {name: (found[0], found[1:][number]) for name, found in methods.items()}
        outcomes += judge(system, dataset, split + suffix, direction, run, chosen)
    return outcomes


def harmonic_mean(seen: float, unseen: float) -> float:
    """2 s u / (s + u), 0 where both are."""
    return 2 * seen * unseen / (seen + unseen) if seen + unseen > 0 else 0.0
