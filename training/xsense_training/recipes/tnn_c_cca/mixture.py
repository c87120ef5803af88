# SPDX-License-Identifier: Apache-2.0
"""Two candidates side by side in one vector, with the shares that validation prefers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from xsense_training.models.heads import ConcatHead
from xsense_training.recipes.tnn_c_cca.data import MODALITIES
from xsense_training.recipes.tnn_c_cca.scoring import Heads, Scorer

SHARES = (0.2, 0.35, 0.5, 0.65, 0.8)
GAIN = 0.002  # that a mixture must bring over its better half: less is noise, and costs width


def choose_mixture(candidates: Mapping[str, Heads], score: Scorer) -> tuple[Heads, dict[str, Any]]:
    """The best single candidate, or the best pair where that is clearly better.

    The share of a pair is the mean of its three best, since neighbours differ by noise.

    Returns the heads, and the shares with their validation score.
    """
    cosines = {name: score.similarities(heads) for name, heads in candidates.items()}
    single = {name: score.of_similarities(found) for name, found in cosines.items()}
    best = max(single, key=single.__getitem__)
    found: list[tuple[float, dict[str, float]]] = [(single[best] + GAIN, {best: 1.0})]
    for one, other in combinations(candidates, 2):

        def mixed(share: float, one: str = one, other: str = other) -> float:
            pairs = zip(cosines[one], cosines[other], strict=True)
            return score.of_similarities([share * a + (1 - share) * b for a, b in pairs])

        ranked = sorted(SHARES, key=mixed, reverse=True)
        share = round(float(np.mean(ranked[:3])), 2)
        found.append((mixed(share), {one: share, other: round(1 - share, 2)}))
    reached, shares = max(found, key=lambda item: item[0])
    if len(shares) == 1:
        return candidates[best], {'shares': shares, 'score': single[best]}
    heads = {
        m: ConcatHead([candidates[n][m] for n in shares], list(shares.values()))
        for m in MODALITIES
    }
    return heads, {'shares': shares, 'score': reached}
