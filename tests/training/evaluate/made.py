# SPDX-License-Identifier: Apache-2.0
"""Outcomes with a known order of methods, for the tests of rows, tables and plots."""

from __future__ import annotations

import numpy as np

from xsense_training.evaluate.direction import Direction, Side
from xsense_training.evaluate.hubness import Bank
from xsense_training.evaluate.judge import judge
from xsense_training.evaluate.outcome import Outcome

STRENGTH = {
    'mean colour': ('control', 0.1),
    'CCA': ('baseline', 0.5),
    'regression': ('baseline', 0.4),
    'original': ('published', 0.45),
    'ours': ('production', 0.9),
}


def outcomes(runs: int = 4, system: str = 'sketch', corrected: bool = True) -> list[Outcome]:
    """Sketches and pictures of 30 things, both ways, by methods of the strengths above."""
    rng = np.random.default_rng(7)
    things = np.arange(30)
    sides = [Side('sketch', things, things), Side('image', np.arange(60), np.repeat(things, 2))]
    found = []
    for run in range(runs):
        for query, gallery in (sides, sides[::-1]):
            relevance = query.concept[:, None] == gallery.concept[None]
            task = Direction('asked', query, gallery, relevance)
            noise = rng.random(relevance.shape)
            methods = {
                name: (kind, strength * relevance + noise + 0.2 * rng.random(relevance.shape))
                for name, (kind, strength) in STRENGTH.items()
            }
            bank = Bank(rng.random((50, relevance.shape[1])), 0.2)
            banks = {'ours': bank} if corrected else {}
            found += judge(system, 'line art', 'unseen', task, run, methods, banks)
    return found
